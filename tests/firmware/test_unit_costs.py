"""No unit of the instruction budget takes a Cortex-M4F longer than the watchdog counts on."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("wasmtime")

from unit_costs import Case, Cost, all_cases, measure
from worst_cycles import NRF52840, STM32F405

from runeflash.firmware.budget import CYCLES_OF_A_UNIT
from runeflash.firmware.options import ENGINES

#: What was found to be dearest, for one toolchain or the other, by the words with which a case's name begins.
DEAREST = (
    *("calls", "indirect calls", "loops", "an empty loop", "an inner loop", "br_table"),
    *("i64 local.tee", "f64 local.tee", "i32.load,", "memory.copy of 1001", "memory.fill of 1001"),
    *("f64.div 0x1p-1074", "f64.mul 0x1p-1074", "f64.nearest", "f64.lt inf", "f64.min", "f64.sqrt"),
    *("f32.reinterpret_i32", "i64.trunc", "i64.popcnt", "i64.rot", "i64.div_s"),
    *("nested block (result i64)", "nested loop (result i64): i64.sub"),
)
_AT_ONCE = 200  # more make the emulator's records too large


def too_dear(costs: list[Cost]) -> list[str]:
    """Say which cases take longer than they are charged for."""
    return [f"{cost.case.name}: {cost.per_unit():.1f}" for cost in costs if cost.per_unit() > CYCLES_OF_A_UNIT]


def run(cases: list[Case], engine: str, toolchain: str, work: Path) -> list[Cost]:
    costs = []
    for first in range(0, len(cases), _AT_ONCE):
        place = work / str(first)
        place.mkdir()
        costs += measure(cases[first : first + _AT_ONCE], engine, toolchain, place, (NRF52840, STM32F405))
    return costs


def test_the_dearest_instructions(tmp_path: Path) -> None:
    """In the interpreter, which takes longer for everything; the margin is there for what nobody has thought of."""
    cases = [case for case in all_cases("wasm3") if case.name.startswith(DEAREST)]
    assert [word for word in DEAREST if not any(case.name.startswith(word) for case in cases)] == []
    costs = run(cases, "wasm3", "auto", tmp_path)
    assert too_dear(costs) == []
    assert max(cost.per_unit() for cost in costs) > CYCLES_OF_A_UNIT / 2, "the bound is far from what is measured"


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ENGINES)
def test_every_instruction(tmp_path: Path, engine: str, toolchain: str) -> None:
    assert too_dear(run(all_cases(engine), engine, toolchain, tmp_path)) == []
