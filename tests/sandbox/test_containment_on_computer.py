"""Everything bad that a rune can do, on this computer: reported and survived, with all code under sanitizers."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import hostile_program
import pytest
from hostile_rune import good, good_line, hostile_rune
from traps import all_traps, legal_accesses, one_per_row, wrong_answers

from runeflash.errors import UserError
from runeflash.firmware.module import firmware_module
from runeflash.rune.container import read_rune, runeflash_section
from runeflash.rune.wasm import Module

TRAPS = all_traps()
TIMES = 1000


@pytest.fixture(scope="module", params=["wasm3", "aot"])
def program(request: pytest.FixtureRequest) -> Path:
    return hostile_program.hostile_program(request.param)


def test_each_trap_is_reported_and_survived(program: Path) -> None:
    """Every width, offset, handle and pointer; between the traps the rune works, from its first state on."""
    orders = [part for trap in TRAPS for part in (trap.order, good(3, 4), good(-5, 1))]
    boot, *answers = map(json.loads, hostile_program.run(program, b"".join(orders)))
    assert boot["runeflash"] == "boot"
    assert wrong_answers(TRAPS, answers[::3]) == []
    assert {json.dumps(line) for line in answers[1::3]} == {json.dumps(good_line(3, 4, 1))}
    assert {json.dumps(line) for line in answers[2::3]} == {json.dumps(good_line(-5, 1, 2))}


@pytest.mark.parametrize("row", [trap.row for trap in one_per_row(TRAPS)])
def test_a_thousand_times_in_a_row(program: Path, row: str) -> None:
    """No trap leaves anything behind: the lines are all the same, and the next call is the first after a restart."""
    trap = next(trap for trap in TRAPS if trap.row == row)
    lines = hostile_program.run(program, good(1, 1) + trap.order * TIMES + good(3, 4))
    assert len(lines) == TIMES + 3
    assert json.loads(lines[1]) == good_line(1, 1, 1)
    ((line, again),) = [(line, len(list(group))) for line, group in groupby(lines[2:-1])]
    assert again == TIMES
    assert wrong_answers([trap], [json.loads(line)]) == []
    assert json.loads(lines[-1]) == good_line(3, 4, 1)


def test_what_is_just_inside_is_no_trap(program: Path) -> None:
    orders = legal_accesses()
    boot, *answers = map(json.loads, hostile_program.run(program, b"".join([*orders, good(2, 2)])))
    assert boot["runeflash"] == "boot"
    assert answers == [good_line(2, 2, 1)]


def test_a_rune_that_grows_its_memory_is_refused() -> None:
    from rune_modules import assemble

    wasm = assemble(
        """(module (memory (export "memory") 1 1)
        (func (export "_manifest") (result i32) (memory.grow (i32.const 1)))
        (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0)))"""
    )
    section = runeflash_section(hostile_rune().memory, (), None)
    rune = read_rune(wasm + Module((section,)).to_bytes()[8:], "grows.rune")
    with pytest.raises(UserError, match=r"memory\.grow"):
        firmware_module(rune)
