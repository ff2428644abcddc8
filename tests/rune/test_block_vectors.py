"""Every built-in proc block on its test vectors, natively and in both engines, on this computer."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import block_runner
import pytest
from vector_batch import Batch, trials

from runeflash.blocks import library
from runeflash.blocks.manifest import Block
from runeflash.blocks.vectors import Case, load_vectors
from runeflash.device.computer import run_program
from runeflash.firmware.host import host_program
from runeflash.firmware.options import ENGINES

RUNNERS = {
    "native": block_runner.run_natively,
    "wasm3": block_runner.run_in_engine,
    "aot": partial(block_runner.run_in_engine, engine="aot"),
}


def _cases() -> list[object]:
    """Every case natively. In the engines those that fail, each in a rune of its own: the others go together, below."""
    found: list[object] = []
    for name in library.names():
        block = library.load(name)
        assert block is not None
        for form in (block, *block.forms):
            prefix = name if form is block else f"{name}-{form.folder.name}"
            for case in load_vectors(form):
                fails = any(call.error is not None for call in case.calls)
                for runner in RUNNERS if fails else ["native"]:
                    found.append(pytest.param(form, case, runner, id=f"{prefix}-{case.name}-{runner}"))
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


@pytest.mark.parametrize("engine", ENGINES)
def test_vectors_in_an_engine(engine: str, tmp_path: Path) -> None:
    batch = Batch("vectors", [trial for trial in trials()[0] if trial.failing is None], tmp_path)
    program = host_program(batch.rune, engine=engine)
    # A call more than there are: the session ends when the rune asks for its data.
    assert batch.run(lambda session, calls: run_program(program, session, seed=None, calls=calls + 1)) == []
