"""Exceptions and counting of the emulated core."""

from __future__ import annotations

import pytest
from bare_firmware import Laboratory, image

from runeflash.virtual.faults import VirtualFault


@pytest.fixture
def laboratory(toolchain: str) -> Laboratory:
    return Laboratory(toolchain)


def test_priorities_nesting_and_masks(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("I")
    # The low one is interrupted by the high one; BASEPRI holds both off; then the high one goes first, and once more
    # when the low one pends it; last comes SVC.
    assert laboratory.line() == "lhHL|-hHlhHL|s"


def test_the_float_context_survives_interrupts(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("F")
    assert laboratory.line() == "hH kept"


def test_systick_counts_core_cycles(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.board.marks()
    laboratory.send("Y")
    assert laboratory.line() == "ticked"
    begin, end = laboratory.board.marks()
    assert abs((end.microseconds - begin.microseconds) * 64 - 5 * 10_000) < 200
    assert end.instructions - begin.instructions < 200


def test_wait_for_event(laboratory: Laboratory) -> None:
    laboratory.line()
    before = laboratory.board.microseconds
    laboratory.send("V")
    assert laboratory.line() == "awake"
    assert laboratory.board.microseconds - before < 1000


def test_counting_is_exact(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.board.marks()
    laboratory.send("C")
    assert laboratory.line() == "counted"
    marks = laboratory.board.marks()
    assert [mark.mark for mark in marks] == [1, 7, 7]
    # The first store itself, movw, 1000 times subs and bne, cmp, ite, and both arms.
    assert marks[2].instructions - marks[1].instructions == 1 + 1 + 2000 + 4


def test_profile_counts_every_instruction(toolchain: str) -> None:
    laboratory = Laboratory(toolchain, profile=True)
    laboratory.line()
    laboratory.send("C")
    laboratory.line()
    counts = laboratory.board.counts()
    assert sum(counts.values()) == laboratory.board.instructions
    assert sorted(counts.values())[-2:] >= [1000, 1000]
    assert all(0x10000 <= address < 0x10000 + len(image(toolchain)) for address in counts)


@pytest.mark.parametrize(
    ("letter", "what"),
    [
        ("a", r"UARTE0: DMA of 8 bytes at 0x0001\w+ does not lie in RAM"),
        ("b", "writes to flash"),
        ("c", "reads where there is no memory.*address 0x30000000"),
        ("d", "writes where there is no memory.*address 0x20040000"),
        ("e", "UARTE1: STARTTX while the peripheral is disabled"),
        ("f", "UARTE0: register 0x700 is written .* not modelled"),
        ("g", "a peripheral that is not modelled.*address 0x40003500"),
        ("h", "unaligned"),
        ("i", "unaligned"),
        ("j", "unaligned"),
        ("k", "unaligned"),
        ("m", "undefined instruction"),
        ("n", "uses the FPU while it is off"),
        ("o", "overflows the stack"),
        ("p", "RNG: register 0x000 is accessed with 1 byte"),
        ("q", "changed while it was being sent"),
        ("r", "DEMCR.TRCENA is 0"),
        ("t", "outside of any exception"),
        ("u", "register 0x524 .* not modelled"),
        ("v", "VTOR 0x20000010 is not aligned"),
    ],
)
def test_strictness(letter: str, what: str) -> None:
    laboratory = Laboratory("zig")
    laboratory.line()
    laboratory.send(f"M{letter}")
    with pytest.raises(VirtualFault, match=what) as first:
        laboratory.board.run(1_000_000)
    assert 0x10000 <= first.value.pc < 0x10000 + len(image("zig"))
    assert first.value.exit_code == 4
    with pytest.raises(VirtualFault, match=what):  # a board that failed stays so
        laboratory.board.run(1)


def test_unaligned_single_accesses_are_fine(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Ml")
    assert laboratory.line() == "fine"
