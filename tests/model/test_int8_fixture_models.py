"""Whole int8 models: the bytes of tflite-micro, here and on a Cortex-M4F built by both toolchains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from native_models import NativeModel, load_models
from thumb_programs import thumb_program

from runeflash.model import CompiledModel, compile_model

MODELS = {
    "hello_world_int8": "models/hello_world_int8.tflite",
    "micro_speech": "models/micro_speech_quantized.tflite",
    "person_detect": "models/person_detect.tflite",
    "microspeech_up": "rune-suite/run-pass/microspeech-up/model.tflite",
    "microspeech": "rune-examples/v0.2.2/microspeech/model.tflite",
}
#: The most instructions per multiply-accumulate on a Cortex-M4F; see ``benchmarks/bench_models.py`` for the figures.
LIMITS = {"micro_speech": 2.0, "person_detect": 1.9}


@pytest.fixture(scope="module")
def data(fixtures: Path) -> dict[str, bytes]:
    return {name: (fixtures / path).read_bytes() for name, path in MODELS.items()}


@pytest.fixture(scope="module")
def natives(data: dict[str, bytes]) -> dict[str, NativeModel]:
    models = [compile_model(content, name=name, symbol=name) for name, content in data.items()]
    return {native.compiled.name: native for native in load_models(models)}


def inputs_for(model: CompiledModel) -> list[np.ndarray]:
    """Return noise, quiet noise as spectra have it, a picture of a gradient and a step, and the two extremes."""
    shape = model.inputs[0].dimensions
    generator = np.random.default_rng(5)
    count = 3 if model.macs > 1_000_000 else 20
    values = [generator.integers(-128, 128, shape) for _ in range(count)]
    values += [np.minimum(generator.integers(0, 256, shape), generator.integers(0, 256, shape)) - 128]
    values += [np.linspace(-128, 127, model.inputs[0].count).reshape(shape) // 1]
    values += [np.where(np.arange(model.inputs[0].count) % 96 < 40, -90, 75).reshape(shape)]
    values += [np.full(shape, -128), np.full(shape, 127)]
    return [value.astype(np.int8) for value in values]


@pytest.mark.parametrize("name", MODELS)
def test_gives_the_bytes_of_tflite_micro(name: str, data: dict[str, bytes], natives: dict[str, NativeModel]) -> None:
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(data[name], arena_size=1 << 20)
    results = set()
    for value in inputs_for(natives[name].compiled):
        interpreter.set_input(value, 0)
        interpreter.invoke()
        found = natives[name].run(value)[0]
        np.testing.assert_array_equal(found, interpreter.get_output(0))
        results.add(found.tobytes())
    assert len(results) > 3, "the inputs must show differences"


def test_memory_and_work(natives: dict[str, NativeModel]) -> None:
    person, speech = natives["person_detect"].compiled, natives["micro_speech"].compiled
    assert (person.macs, speech.macs) == (7_157_888, 336_000)
    # Where no layer works in place the peak of live activations is 55,296 and 5,960; the rest is working memory. In
    # place it is that of one tensor of 36,864 bytes, and a strip of a channel of a depthwise layer.
    assert person.peak_live_bytes <= 36_864 + 1_536
    assert person.arena_bytes <= person.peak_live_bytes * 1.01
    assert speech.peak_live_bytes <= 5_960 + 328
    assert speech.arena_bytes <= 4_328


@pytest.mark.parametrize("name", ["hello_world_int8", "micro_speech", "person_detect"])
def test_the_same_bytes_on_a_cortex_m(
    name: str, toolchain: str, natives: dict[str, NativeModel], tmp_path: Path
) -> None:
    compiled = natives[name].compiled
    driver = f"""
#include "rune_model.h"
extern const rune_model {compiled.symbol};
int8_t input[{compiled.inputs[0].count}], output[{compiled.outputs[0].count}];
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
    value = inputs_for(compiled)[0]
    found, instructions = program.run({"input": value.tobytes()}, {"output": compiled.outputs[0].size})
    assert found["output"] == natives[name].run(value)[0].tobytes()
    if name in LIMITS:
        assert instructions <= LIMITS[name] * compiled.macs
