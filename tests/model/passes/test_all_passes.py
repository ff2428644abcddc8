"""Whole models with every pass and with none: the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from native_models import load_models
from pass_checking import random_input

from runeflash.errors import UserError
from runeflash.model import CompiledModel, compile_model
from runeflash.model.passes import PASS_NAMES

PROJECT = Path(__file__).resolve().parents[3]


def compiled(path: Path, symbol: str) -> list[CompiledModel]:
    data = path.read_bytes()
    return [
        compile_model(data, name=path.stem, symbol=f"{symbol}_{len(disabled)}", disabled=disabled)
        for disabled in ((), PASS_NAMES)
    ]


def check(pairs: list[list[CompiledModel]]) -> None:
    natives = load_models([model for pair in pairs for model in pair])
    for first, second in zip(natives[::2], natives[1::2], strict=True):
        assert all(not result.enabled and result.count == 0 for result in second.compiled.passes)
        assert first.compiled.macs <= second.compiled.macs == first.compiled.given_macs
        assert first.compiled.arena_bytes <= second.compiled.arena_bytes
        generator = np.random.default_rng(1)
        for _ in range(4):
            values = [random_input(kind, generator) for kind in first.compiled.inputs]
            for one, other in zip(first.run(*values), second.run(*values), strict=True):
                assert one.tobytes() == other.tobytes(), first.compiled.name


def test_models_of_the_examples() -> None:
    paths = sorted((PROJECT / "examples").glob("*/*.tflite"))
    check([compiled(path, f"example_{i}") for i, path in enumerate(paths)])


def test_models_of_the_fixtures(fixtures: Path) -> None:
    known: dict[bytes, Path] = {}
    for path in sorted([*fixtures.glob("models/*.tflite"), *fixtures.glob("rune-examples/**/*.tflite")]):
        known.setdefault(path.read_bytes(), path)
    pairs = []
    for i, path in enumerate(known.values()):
        try:
            pairs.append(compiled(path, f"fixture_{i}"))
        except UserError as error:
            assert "is not supported" in error.message or "supported is" in error.message, path
    assert len(pairs) >= 7
    check(pairs)


@pytest.mark.parametrize("name", PASS_NAMES)
def test_each_can_be_left_out(name: str, fixtures: Path) -> None:
    data = (fixtures / "models" / "hello_world_int8.tflite").read_bytes()
    results = compile_model(data, name="m", symbol="m", disabled={name}).passes
    assert [result.name for result in results] == list(PASS_NAMES)
    assert [result.name for result in results if not result.enabled] == [name]
