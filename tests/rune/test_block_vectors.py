"""Every built-in proc block on its test vectors, natively and in both engines."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import block_runner
import pytest

from runeflash.blocks import library
from runeflash.blocks.manifest import Block
from runeflash.blocks.vectors import Case, load_vectors

RUNNERS = {
    "native": block_runner.run_natively,
    "wasm3": block_runner.run_in_engine,
    "aot": partial(block_runner.run_in_engine, engine="aot"),
}


def _cases() -> list[object]:
    """Every case for every runner; of what is compiled ahead of time, which takes longest, the first of each block."""
    found: list[object] = []
    for name in library.names():
        block = library.load(name)
        assert block is not None
        for form in (block, *block.forms):
            prefix = name if form is block else f"{name}-{form.folder.name}"
            for number, case in enumerate(load_vectors(form)):
                for runner in RUNNERS:
                    marks = [pytest.mark.exhaustive] if runner == "aot" and number > 0 else []
                    found.append(pytest.param(form, case, runner, id=f"{prefix}-{case.name}-{runner}", marks=marks))
    return found


def _same(found: object, expected: object, exact: bool) -> bool:
    if isinstance(expected, float) and not math.isfinite(expected):
        if not exact:
            return found is None
        return isinstance(found, float) and (found == expected or (math.isnan(found) and math.isnan(expected)))
    if isinstance(expected, float):
        assert isinstance(found, (int, float))
        return found == expected and math.copysign(1, found) == math.copysign(1, expected)
    return found == expected


@pytest.mark.parametrize(("block", "case", "runner"), _cases())
def test_vector(block: Block, case: Case, runner: str, tmp_path: Path) -> None:
    errors = [call.error for call in case.calls if call.error is not None]
    if errors:
        with pytest.raises(block_runner.BlockFailedError) as failure:
            RUNNERS[runner](block, case, tmp_path)
        assert errors[0] in str(failure.value)
        return
    results = RUNNERS[runner](block, case, tmp_path)
    assert len(results) == len(case.calls)
    for call, outputs in zip(case.calls, results, strict=True):
        assert len(outputs) == len(call.outputs)
        for vector, elements in zip(call.outputs, outputs, strict=True):
            assert len(elements) == len(vector.elements)
            for found, expected in zip(elements, vector.elements, strict=True):
                assert _same(found, expected, exact=runner == "native"), (elements, vector.elements)
