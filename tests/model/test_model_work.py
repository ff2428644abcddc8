"""What an inference is said to take at most, against the cycles that it takes on an emulated core."""

from __future__ import annotations

from pathlib import Path

import pytest
from worst_cycles import NRF52840, STM32F405, worst_cycles

from runeflash.errors import UserError
from runeflash.firmware import flags
from runeflash.firmware.model_profile import build_program, elf_reader, noise
from runeflash.model import compile_model
from runeflash.virtual.measure import run_program

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = sorted((PROJECT.parent / "shared" / "fixtures").glob("models/*.tflite"))


def elementwise_model() -> bytes:
    """Return a model of the dearest operators that multiply nothing."""
    from tflite_builder import ModelBuilder, softmax_options

    builder = ModelBuilder()
    x = builder.tensor((1, 40), name="x")
    last = x
    for kind in ("TANH", "LOGISTIC", "SOFTMAX"):
        result = builder.tensor((1, 40), name=kind)
        builder.operator(kind, [last], [result], *([softmax_options(1.0)] if kind == "SOFTMAX" else []))
        last = result
    return builder.build([x], [last])


def check(data: bytes, toolchain: str) -> None:
    model = compile_model(data, name="model", symbol="model")
    elf, _ = build_program(model, flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16"))
    inputs = {f"input_{i}": noise(kind, i) for i, kind in enumerate(model.inputs)}
    counts = run_program(elf, inputs, {}, profile=True).counts
    took = max(worst_cycles(counts, elf_reader(elf), timing) for timing in (NRF52840, STM32F405))
    assert took < model.most_cycles


def test_what_multiplies() -> None:
    check((PROJECT / "examples" / "gesture" / "model.tflite").read_bytes(), "auto")


def test_what_multiplies_nothing() -> None:
    check(elementwise_model(), "auto")


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_fixture_model(path: Path, toolchain: str) -> None:
    try:
        compile_model(path.read_bytes(), name="model", symbol="model")
    except UserError as error:
        pytest.skip(error.message)
    check(path.read_bytes(), toolchain)
