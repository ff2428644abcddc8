"""Every model of the fixtures builds and agrees with its judge on random and real inputs, step after step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from judges import Array, lite_rt, tflite_micro
from native_models import NativeModel, load_models
from PIL import Image
from thumb_programs import thumb_program

from runeflash.errors import UserError
from runeflash.model import CompiledModel, compile_model
from runeflash.tensors import ElementType

EXAMPLES = "rune-examples/v0.11.3"
#: All that differ from each other, without the LSTM.
MODELS = {
    "hello_world_float": "models/hello_world_float.tflite",
    "hello_world_int8": "models/hello_world_int8.tflite",
    "keyword_scrambled": "models/keyword_scrambled_8bit.tflite",
    "micro_speech": "models/micro_speech_quantized.tflite",
    "person_detect": "models/person_detect.tflite",
    "sine": f"{EXAMPLES}/sine/sinemodel.tflite",
    "gesture": f"{EXAMPLES}/gesture/model.tflite",
    "gesture_hybrid": f"{EXAMPLES}/gesture/model_quantized.tflite",
    "microspeech": f"{EXAMPLES}/microspeech/model.tflite",
    "microspeech_v0": "rune-examples/v0.2.2/microspeech/model.tflite",
    "person_detection_uint8": f"{EXAMPLES}/person_detection/model.tflite",
}
#: Models that tflite-micro refuses, for their types.
BY_REFERENCE = {"gesture_hybrid", "person_detection_uint8"}
#: The most instructions per multiply-accumulate on a Cortex-M4F.
LIMITS = {"person_detection_uint8": 2.0, "gesture_hybrid": 6.0}


def _images(fixtures: Path) -> list[Array]:
    names = ("image.png", "image_grayscale.png")
    images = [Image.open(fixtures / EXAMPLES / "person_detection" / name).convert("L") for name in names]
    return [np.asarray(image, np.uint8)[None, :, :, None] for image in images]


def _signed_images(fixtures: Path) -> list[Array]:
    return [(image.astype(np.int16) - 128).astype(np.int8) for image in _images(fixtures)]


def _gestures(fixtures: Path) -> list[Array]:
    rows = []
    for name in ("ring", "slope", "wing"):
        values = np.loadtxt(fixtures / EXAMPLES / "gesture" / f"example_{name}.csv", delimiter=",", dtype=np.float32)
        padded = np.zeros((128, 3), np.float32)
        padded[: min(len(values), 128)] = values[:128]
        rows.append(padded.reshape(1, 128, 3, 1))
    return rows


def _features(fixtures: Path) -> list[Array]:
    paths = (fixtures / "golden" / f"microspeech-{name}.model_input.i8" for name in ("up", "down"))
    return [np.frombuffer(path.read_bytes(), np.int8).reshape(1, 1960) for path in paths]


REAL: dict[str, Callable[[Path], list[Array]]] = {
    "gesture": _gestures,
    "gesture_hybrid": _gestures,
    "microspeech": _features,
    "microspeech_v0": _features,
    "person_detect": _signed_images,
    "person_detection_uint8": _images,
}


def inputs_for(name: str, model: CompiledModel, fixtures: Path) -> list[Array]:
    """Return noise, loud and quiet, and what the model is made for where the fixtures have some."""
    kind = model.inputs[0]
    generator = np.random.default_rng(3)
    count = 3 if model.macs > 1_000_000 else 20
    values: list[Array] = []
    for i in range(count):
        if kind.element is ElementType.F32:
            size = 1 if kind.count == 1 else (1, 10)[i % 2]
            values.append((generator.normal(size=kind.dimensions) * size).astype(np.float32))
            continue
        dtype = {ElementType.U8: np.uint8, ElementType.I8: np.int8, ElementType.I16: np.int16}[kind.element]
        least, greatest = np.iinfo(dtype).min, np.iinfo(dtype).max
        quiet = i % 4 == 3
        noise = generator.integers(least // (9 if quiet else 1), greatest // (9 if quiet else 1) + 1, kind.dimensions)
        values.append(noise.astype(dtype))
    if name in REAL:
        values += [value.reshape(kind.dimensions) for value in REAL[name](fixtures)]
    return values


@dataclass(frozen=True)
class Natives:
    """Loaded models by name, and why others cannot be compiled."""

    loaded: dict[str, NativeModel]
    refused: dict[str, str]

    def __getitem__(self, name: str) -> NativeModel:
        if name in self.refused:
            pytest.skip(self.refused[name])
        return self.loaded[name]


@pytest.fixture(scope="module")
def data(fixtures: Path) -> dict[str, bytes]:
    return {name: (fixtures / path).read_bytes() for name, path in MODELS.items()}


@pytest.fixture(scope="module")
def natives(data: dict[str, bytes]) -> Natives:
    models = []
    refused = {}
    for name, content in data.items():
        try:
            models.append(compile_model(content, name=name, symbol=name))
        except UserError as error:
            # The types of QUANTIZE are not the business of this file.
            if "(QUANTIZE)" not in error.message:
                raise
            refused[name] = error.message
    return Natives({native.compiled.name: native for native in load_models(models)}, refused)


@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_its_judge(name: str, fixtures: Path, data: dict[str, bytes], natives: Natives) -> None:
    native = natives[name]
    values = inputs_for(name, native.compiled, fixtures)
    judge = lite_rt if name in BY_REFERENCE else tflite_micro
    native.reset()
    results = set()
    for value, (wanted,) in zip(values, judge(data[name], [[value] for value in values]), strict=True):
        found = native.run(value)[0]
        if wanted.dtype == np.float32:
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
        else:
            np.testing.assert_array_equal(found, wanted)
        results.add(found.tobytes())
    if name != "keyword_scrambled":  # whose scrambled weights give one answer to everything
        assert len(results) > 2, "the inputs must show differences"


def test_every_model_of_the_fixtures_is_here(fixtures: Path, data: dict[str, bytes]) -> None:
    known = set(data.values())
    for path in sorted(fixtures.rglob("*.tflite")):
        assert path.name == "trained_lstm_int8.tflite" or path.read_bytes() in known, path


@pytest.mark.parametrize("name", ["gesture_hybrid", "person_detection_uint8", "keyword_scrambled", "hello_world_float"])
def test_the_same_bytes_on_a_cortex_m(
    name: str, toolchain: str, fixtures: Path, natives: Natives, tmp_path: Path
) -> None:
    native = natives[name]
    compiled = native.compiled
    steps = inputs_for(name, compiled, fixtures)[:: 1 if compiled.variable_bytes else 100]
    size, count = compiled.inputs[0].size, len(steps)
    driver = f"""
#include "rune_model.h"
extern const rune_model {name};
_Alignas(4) uint8_t input[{size * count}];
_Alignas(4) uint8_t output[{compiled.outputs[0].size}];
_Alignas(16) uint8_t arena[{max(compiled.arena_bytes, 1)}];
void entry(void);
void entry(void)
{{
    void *outputs[] = {{output}};
    if ({name}.reset) {{
        {name}.reset();
    }}
    for (int i = 0; i < {count}; i++) {{
        const void *inputs[] = {{input + {size} * i}};
        {name}.infer(inputs, outputs, arena);
    }}
}}
"""
    program = thumb_program({"model.c": compiled.source, "driver.c": driver}, toolchain, tmp_path)
    given = {"input": b"".join(value.tobytes() for value in steps)}
    found, instructions = program.run(given, {"output": compiled.outputs[0].size})
    native.reset()
    assert found["output"] == [native.run(value)[0] for value in steps][-1].tobytes()
    if name in LIMITS:
        assert instructions <= LIMITS[name] * compiled.macs * count
