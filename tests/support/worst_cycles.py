"""The most cycles that a Cortex-M4F can take for executed instructions, from flash with wait states and no cache.

The estimate of ``runeflash/virtual/cycles.py`` says what is likely; this says what is not exceeded, where a range is
given: Cortex-M4 Technical Reference Manual (DDI 0439B), 3.3.1: a taken branch refills the pipeline in up to 3 cycles, a
division takes up to 12; no load or store shares a cycle with its neighbour. Each line of the flash is fetched anew
whenever it is come into, and each load of a literal is one more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runeflash.virtual.cycles import REFILL, decode, is_wide

_LONGEST_REFILL = 3
_PC = 15


@dataclass(frozen=True)
class FlashTiming:
    """How a chip fetches code.

    Attributes:
        wait_states: of a fetch that no cache has.
        line: bytes of a fetch.
    """

    wait_states: int
    line: int


#: nRF52840 Product Specification 1.1, CPU, electrical specification: W_FLASHCACHE is 0 to 3, for a fetch of a word.
NRF52840 = FlashTiming(3, 4)
#: RM0090, 3.5.1, table 10: 5 at 168 MHz and 2.7 to 3.6 V; 3.5.2: lines of 128 bits.
STM32F405 = FlashTiming(5, 16)


def worst_cycles(counts: Mapping[int, int], read: Callable[[int, int], bytes], flash: FlashTiming) -> int:
    """Return the most cycles that instructions take.

    Args:
        counts: executions by address.
        read: returns the bytes of memory at an address, so many.
        flash: where the instructions lie.
    """
    total = 0
    end = -1
    for address in sorted(counts):
        count = counts[address]
        first = int.from_bytes(read(address, 2), "little")
        second = int.from_bytes(read(address + 2, 2), "little") if is_wide(first) else 0
        timing = decode(first, second)
        cycles = timing.cycles
        taken = 0
        if timing.is_conditional:
            taken = max(count - counts.get(address + timing.size, 0), 0)
            total += _LONGEST_REFILL * taken
        elif _jumps(first, second):
            taken = count
            cycles += _LONGEST_REFILL - REFILL
        total += cycles * count
        # A jump fetches the line of where it goes to; what follows in a line has been fetched with what was before it.
        lines = _lines(address, address + timing.size, flash.line)
        if end == address and address % flash.line:
            lines -= 1
        total += flash.wait_states * (lines * count + taken)
        if timing.base == _PC:
            total += flash.wait_states * count
        end = address + timing.size
    return total


def _lines(begin: int, end: int, line: int) -> int:
    return (end - 1) // line - begin // line + 1


def _jumps(first: int, second: int) -> bool:
    """Whether the instruction always goes elsewhere: its timing has a refill in it."""
    if not is_wide(first):
        return (
            first & 0xFF00 == 0x4700
            or first & 0xFF87 in (0x4487, 0x4687)
            or first & 0xF800 == 0xE000
            or first & 0xFF00 == 0xBD00
        )
    if first & 0xFE40 == 0xE800:
        return bool(first & 0x10 and second & 0x8000)
    if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:
        return True
    if first & 0xF800 == 0xF000 and second & 0x8000:
        return bool(second & 0x5000)
    return first & 0xFE70 == 0xF850 and second >> 12 == _PC
