"""Whole models: against tflite-micro, and the same bits on this computer and on a Cortex-M4F."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from native_models import NativeModel, load_models
from thumb_programs import thumb_program

from runeflash.model import CompiledModel, compile_model

MODELS = {
    "sine": "rune-examples/v0.11.3/sine/sinemodel.tflite",
    "gesture": "rune-examples/v0.11.3/gesture/model.tflite",
    "hello_world": "models/hello_world_float.tflite",
}


@pytest.fixture(scope="module")
def data(fixtures: Path) -> dict[str, bytes]:
    return {name: (fixtures / path).read_bytes() for name, path in MODELS.items()}


@pytest.fixture(scope="module")
def natives(data: dict[str, bytes]) -> dict[str, NativeModel]:
    models = [compile_model(content, name=name, symbol=name) for name, content in data.items()]
    return {native.compiled.name: native for native in load_models(models)}


def inputs_for(model: CompiledModel, count: int) -> list[np.ndarray]:
    generator = np.random.default_rng(11)
    scale = 1 if model.inputs[0].count == 1 else 10
    return [(generator.normal(size=model.inputs[0].dimensions) * scale).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_tflite_micro(name: str, data: dict[str, bytes], natives: dict[str, NativeModel]) -> None:
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(data[name])
    for value in inputs_for(natives[name].compiled, 40):
        interpreter.set_input(value, 0)
        interpreter.invoke()
        found = natives[name].run(value)[0]
        np.testing.assert_allclose(found, interpreter.get_output(0), rtol=1e-5, atol=1e-7)


def test_the_sine_of_the_reference(natives: dict[str, NativeModel]) -> None:
    # The sum that begins at the bias; the one that ends with it gives 0.6972787380218506.
    assert natives["sine"].run([[0.8]])[0].item() == 0.697278618812561


def test_memory_and_work(natives: dict[str, NativeModel]) -> None:
    sine, gesture = natives["sine"].compiled, natives["gesture"].compiled
    assert (sine.peak_live_bytes, gesture.peak_live_bytes) == (128, 13_824)
    assert sine.arena_bytes <= 128
    assert gesture.arena_bytes <= 13_824
    assert (sine.macs, gesture.macs) == (288, 62_016)
    assert (sine.weight_bytes, gesture.weight_bytes) == (1284, 17_200)
    assert [layer.operator for layer in gesture.layers] == [
        "CONV_2D",
        "MAX_POOL_2D",
        "CONV_2D",
        "MAX_POOL_2D",
        "FULLY_CONNECTED",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_bits_on_a_cortex_m(
    name: str, toolchain: str, natives: dict[str, NativeModel], tmp_path: Path
) -> None:
    compiled = natives[name].compiled
    driver = f"""
#include "rune_model.h"
extern const rune_model {compiled.symbol};
float input[{compiled.inputs[0].count}], output[{compiled.outputs[0].count}];
uint8_t arena[{max(compiled.arena_bytes, 1)}] __attribute__((aligned(16)));
void entry(void);
void entry(void)
{{
    const void *inputs[] = {{input}};
    void *outputs[] = {{output}};
    {compiled.symbol}.infer(inputs, outputs, arena);
}}
"""
    program = thumb_program({"model.c": compiled.source, "driver.c": driver}, toolchain, tmp_path)
    (value,) = inputs_for(compiled, 1)
    found, instructions = program.run({"input": value.tobytes()}, {"output": compiled.outputs[0].size})
    expected = natives[name].run(value)[0]
    assert found["output"] == expected.tobytes()
    # The target for float32 layers on a Cortex-M4F; tflite-micro takes 11.8 and 32.5.
    assert instructions <= 6 * compiled.macs
