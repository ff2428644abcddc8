"""Cycles of a Cortex-M4F, estimated from how often each instruction was executed.

Source: Cortex-M4 Technical Reference Manual (DDI 0439B), table 3-1 and section 3.3.2, and table 7-1 for the FPU.
Memory without wait states is assumed, and where the table has a range: a refill of the pipeline takes 2 cycles, a
division 12. How often a conditional branch was taken follows from the counts of the instruction behind it, which is
exact unless others jump there too. Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), A5 to A7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

REFILL = 2
DIVISION = 12
_FLOAT_DIVISION = 14
_FLOAT_MULTIPLY_ADD = 3
_PC = 15


@dataclass(frozen=True)
class Timing:
    """What an instruction costs.

    Attributes:
        size: in bytes.
        cycles: when nothing before it helps, and for a conditional branch, when it is not taken.
        is_conditional: whether it is a conditional branch: taken, it costs a refill more.
        loads: the register that a single load writes, or None.
        base: the register from which a single load or store takes its address, or None for other instructions.
    """

    size: int
    cycles: int
    is_conditional: bool = False
    loads: int | None = None
    base: int | None = None


def estimate_cycles(counts: Mapping[int, int], read: Callable[[int, int], bytes]) -> int:
    """Return the cycles of executed instructions.

    Args:
        counts: executions by address.
        read: returns the bytes of memory at an address, so many.
    """
    total = 0
    before: Timing | None = None
    end = -1
    for address in sorted(counts):
        first = int.from_bytes(read(address, 2), "little")
        second = int.from_bytes(read(address + 2, 2), "little") if is_wide(first) else 0
        timing = decode(first, second)
        count = counts[address]
        cycles = timing.cycles
        is_single = timing.base is not None and cycles == 2
        if is_single and before is not None and end == address and before.base is not None:
            # Neighbouring single loads and stores share a cycle, unless one needs the other's result.
            cycles = 2 if before.loads == timing.base else 1
        total += count * cycles
        if timing.is_conditional:
            total += REFILL * max(count - counts.get(address + timing.size, 0), 0)
        before, end = timing, address + timing.size
    return total


def is_wide(first: int) -> bool:
    """Return whether the instruction that begins with this halfword has 32 bits."""
    return first & 0xF800 >= 0xE800


def decode(first: int, second: int) -> Timing:
    """Return the timing of an instruction, given as its halfwords; ``second`` counts for 32-bit ones only."""
    return _decode_32(first, second) if is_wide(first) else _decode_16(first)


def _decode_16(word: int) -> Timing:
    if word & 0xFF00 == 0x4700 or word & 0xFF87 in (0x4487, 0x4687) or word & 0xF800 == 0xE000:
        return Timing(2, 1 + REFILL)  # BX, BLX; ADD and MOV to PC; B
    if word & 0xF500 == 0xB100:  # CBZ, CBNZ
        return Timing(2, 1, is_conditional=True)
    if word & 0xF000 == 0xD000 and word & 0x0F00 < 0x0E00:  # B with a condition
        return Timing(2, 1, is_conditional=True)
    if word & 0xF600 == 0xB400:  # PUSH, POP
        listed = (word & 0x1FF).bit_count()
        returns = word & 0xFF00 == 0xBD00
        return Timing(2, 1 + listed + (REFILL if returns else 0))
    if word & 0xF000 == 0xC000:  # LDM, STM
        return Timing(2, 1 + (word & 0xFF).bit_count())
    if word & 0xF800 == 0x4800:  # LDR of a literal
        return Timing(2, 2, loads=word >> 8 & 7, base=_PC)
    if word & 0xF000 == 0x5000:  # with a register as offset
        loads = word & 7 if word >> 9 & 7 > 2 else None
        return Timing(2, 2, loads=loads, base=word >> 3 & 7)
    if 0x6000 <= word < 0x9000:  # with a number as offset
        return Timing(2, 2, loads=word & 7, base=word >> 3 & 7) if word & 0x0800 else Timing(2, 1, base=word >> 3 & 7)
    if word & 0xF000 == 0x9000:  # from SP
        return Timing(2, 2, loads=word >> 8 & 7, base=13) if word & 0x0800 else Timing(2, 1, base=13)
    return Timing(2, 1)


def _decode_32(first: int, second: int) -> Timing:
    if first & 0xFE40 == 0xE800:  # LDM, STM, PUSH, POP
        is_jump = first & 0x10 and second & 0x8000
        return Timing(4, 1 + second.bit_count() + (REFILL if is_jump else 0))
    if first & 0xFE40 == 0xE840:
        if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:  # TBB, TBH
            return Timing(4, 2 + REFILL)
        return Timing(4, 2) if first & 0xFF60 == 0xE840 and first & 0x0100 == 0 else Timing(4, 3)  # LDREX ...; LDRD
    if first & 0xEC00 == 0xEC00:
        return _decode_float(first, second)
    if first & 0xF800 == 0xF000 and second & 0x8000:
        if second & 0x5000:  # B, BL
            return Timing(4, 1 + REFILL)
        return Timing(4, 1, is_conditional=first >> 6 & 0xF < 14)  # B with a condition; else MRS, MSR, barriers
    if first & 0xFE00 == 0xF800:
        return _decode_single(first, second)
    if first & 0xFFD0 == 0xFB90 and second & 0xF0 == 0xF0:  # SDIV, UDIV
        return Timing(4, DIVISION)
    return Timing(4, 1)


def _decode_single(first: int, second: int) -> Timing:
    """A load or store of one register."""
    base, register = first & 0xF, second >> 12
    has_register_offset = base != _PC and first & 0x80 == 0 and second & 0x0FC0 == 0
    if not first & 0x10:
        return Timing(4, 2 if has_register_offset else 1, base=base)
    if register == _PC:
        return Timing(4, 2 + REFILL) if first & 0x60 == 0x40 else Timing(4, 1)  # LDR to PC; a hint to preload
    return Timing(4, 2, loads=register, base=base)


def _decode_float(first: int, second: int) -> Timing:
    if first & 0xFE00 == 0xEC00:
        if first & 0xFFE0 == 0xEC40:  # VMOV of two registers
            return Timing(4, 2)
        words = 2 if second & 0x0F00 == 0x0B00 else 1
        if first & 0x0120 == 0x0100:  # VLDR, VSTR
            return Timing(4, 1 + words)
        return Timing(4, 1 + (second & 0xFF))  # VLDM, VSTM, VPUSH, VPOP
    if second & 0x10:  # moves to and from the core
        return Timing(4, 1)
    operation = first >> 4 & 0xB  # without the bit that belongs to the destination
    if operation in (0x0, 0x1, 0x9, 0xA):  # VMLA, VNMLA, VFNMA, VFMA and their like
        return Timing(4, _FLOAT_MULTIPLY_ADD)
    if operation == 0x8 or (operation == 0xB and first & 0xF == 1 and second & 0xC0 == 0xC0):  # VDIV; VSQRT
        return Timing(4, _FLOAT_DIVISION)
    return Timing(4, 1)
