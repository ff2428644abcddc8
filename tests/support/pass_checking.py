"""Checks that a pass does something, and that it changes no byte of what a model gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from native_models import load_models

from runeflash.model import CompiledModel, compile_model
from runeflash.tensors import ElementType, TensorType

_INTEGERS = {ElementType.I8: np.int8, ElementType.U8: np.uint8, ElementType.I16: np.int16, ElementType.I32: np.int32}


def random_input(kind: TensorType, generator: np.random.Generator) -> np.ndarray:
    """Elements of any value; among floats zeros of both signs."""
    if kind.element in _INTEGERS:
        info = np.iinfo(_INTEGERS[kind.element])
        return generator.integers(info.min, info.max + 1, kind.dimensions).astype(_INTEGERS[kind.element])
    values = generator.uniform(-4, 4, kind.dimensions).astype(np.float32)
    values[generator.random(kind.dimensions) < 0.1] = 0.0
    values[generator.random(kind.dimensions) < 0.1] = -0.0
    return values


def check_pass(name: str, cases: Mapping[str, bytes], *, inputs: int = 6) -> dict[str, CompiledModel]:
    """Compile every model with and without a pass, compare all bytes that they give, and return those with it.

    Without it, the result must say that it was left out and changed nothing.
    """
    compiled: dict[str, tuple[CompiledModel, CompiledModel]] = {}
    for case, data in cases.items():
        given = compile_model(data, name=case, symbol=f"{case}_with")
        without = compile_model(data, name=case, symbol=f"{case}_without", disabled={name})
        (result,) = [item for item in without.passes if item.name == name]
        assert (result.enabled, result.count) == (False, 0)
        compiled[case] = given, without
    natives = load_models([model for pair in compiled.values() for model in pair])
    for position, (case, (given, _)) in enumerate(compiled.items()):
        first, second = natives[2 * position], natives[2 * position + 1]
        generator = np.random.default_rng(position)
        seen = set()
        for _ in range(inputs if given.inputs else 1):
            values = [random_input(kind, generator) for kind in given.inputs]
            found, expected = first.run(*values), second.run(*values)
            for one, other in zip(found, expected, strict=True):
                assert one.tobytes() == other.tobytes(), case
            seen.add(b"".join(one.tobytes() for one in found))
        assert len(seen) > 1 or not given.inputs, f"{case}: the inputs must show differences"
    return {case: pair[0] for case, pair in compiled.items()}


def changed(model: CompiledModel, name: str) -> int:
    """Return how many a pass has changed in a model."""
    (result,) = [item for item in model.passes if item.name == name]
    assert result.enabled
    return result.count
