"""What a Thumb instruction does to the stack pointer and to the flow of control; everything else it does is skipped.

Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A5 (encodings) and A7.7 (instructions).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

_SP = 13
_LR = 14
_PC = 15
#: What compilers keep a function's frame by (gcc and clang in Thumb: r7; the procedure call standard: r11).
_FRAME_POINTERS = (7, 11)


class Flow(enum.Enum):
    """Where an instruction goes on."""

    NEXT = "next"
    BRANCH = "branch"
    BRANCH_IF = "branch if"
    CALL = "call"
    INDIRECT_CALL = "indirect call"
    INDIRECT_JUMP = "indirect jump"
    TABLE = "table"
    RETURN = "return"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction.

    Attributes:
        size: 2 or 4 bytes.
        pushed: bytes that it takes from the stack, negative where it gives some back.
        flow: where it goes on.
        target: the address of a direct branch or call.
        from_register: the register of an indirect jump or call, or -1 where the address comes from memory.
        unknown: whether the stack pointer changes by an amount that only the running program knows.
        conditional: how many of the next instructions an IT instruction makes conditional.
        is_padding: whether it does nothing, as what aligns the data behind a function does.
    """

    size: int
    pushed: int = 0
    flow: Flow = Flow.NEXT
    target: int = 0
    from_register: int = -1
    unknown: bool = False
    conditional: int = 0
    is_padding: bool = False


_NEXT_2 = Step(2)
_NEXT_4 = Step(4)


def decode(address: int, first: int, second: int) -> Step:
    """Decode an instruction at an address from its first halfword and the one behind it."""
    return _wide(address, first, second) if first >> 11 in (0b11101, 0b11110, 0b11111) else _narrow(address, first)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _narrow(address: int, half: int) -> Step:
    top = half >> 8
    if half in (0xBF00, 0x46C0):  # NOP, MOV r8, r8
        return Step(2, is_padding=True)
    if half & 0xFE00 == 0xB400:  # PUSH
        return Step(2, 4 * (half & 0x1FF).bit_count())
    if half & 0xFE00 == 0xBC00:  # POP
        return Step(2, -4 * (half & 0x1FF).bit_count(), Flow.RETURN if half & 0x100 else Flow.NEXT)
    if top == 0xB0:  # ADD or SUB of SP and an immediate
        amount = 4 * (half & 0x7F)
        return Step(2, amount if half & 0x80 else -amount)
    if half & 0xFF80 == 0x4780:
        return Step(2, flow=Flow.INDIRECT_CALL, from_register=half >> 3 & 15)
    if half & 0xFF80 == 0x4700:
        register = half >> 3 & 15
        return Step(2, flow=Flow.RETURN if register == _LR else Flow.INDIRECT_JUMP, from_register=register)
    if top in (0x44, 0x46):  # ADD or MOV with high registers
        target = half & 7 | half >> 4 & 8
        if target == _SP:
            # MOV from a frame pointer gives back what was taken: the depth before it is an upper bound.
            is_frame_pointer = top == 0x46 and half >> 3 & 15 in _FRAME_POINTERS
            return Step(2, unknown=not is_frame_pointer)
        if target == _PC:
            return Step(
                2,
                flow=Flow.RETURN if top == 0x46 and half >> 3 & 15 == _LR else Flow.INDIRECT_JUMP,
                from_register=half >> 3 & 15,
            )
        return _NEXT_2
    if half & 0xF800 == 0xE000:
        return Step(2, flow=Flow.BRANCH, target=address + 4 + 2 * _signed(half & 0x7FF, 11))
    if half & 0xF000 == 0xD000 and top & 15 < 14:
        return Step(2, flow=Flow.BRANCH_IF, target=address + 4 + 2 * _signed(half & 0xFF, 8))
    if half & 0xF500 == 0xB100:  # CBZ, CBNZ
        return Step(2, flow=Flow.BRANCH_IF, target=address + 4 + 2 * (half >> 3 & 0x1F | half >> 4 & 0x20))
    if top == 0xBF and half & 15:  # IT
        return Step(2, conditional=4 - (half & 15 & -(half & 15)).bit_length() + 1)
    if top in (0xDE, 0xBE):  # UDF, BKPT
        return Step(2, flow=Flow.STOP)
    return _NEXT_2


def _wide(address: int, first: int, second: int) -> Step:
    if first >> 11 == 0b11110 and second & 0x8000:
        return _branch(address, first, second)
    group = first >> 9
    if group == 0b1110100:  # load and store of several and of two, table branches
        return _several(first, second)
    if first & 0xFE00 == 0xF800:  # load and store of one
        return _single(first, second)
    if first & 0xEE00 == 0xEC00 and second >> 8 & 0b1110 == 0b1010:  # floating-point registers
        return _float(first, second)
    target = second >> 8 & 15
    if first & 0xFA00 in (0xF000, 0xF200) and not second & 0x8000:
        return _immediate(first, second, target)
    if first & 0xFE00 == 0xEA00 and target == _SP and not (first & 0x10 and first & 0x1E0 in (0x100, 0x1A0)):
        return Step(4, unknown=True)
    return _NEXT_4


def _branch(address: int, first: int, second: int) -> Step:
    sign = first >> 10 & 1
    j1, j2 = second >> 13 & 1, second >> 11 & 1
    if second & 0x5000 in (0x1000, 0x5000):  # B (T4), BL
        i1, i2 = 1 - (j1 ^ sign), 1 - (j2 ^ sign)
        offset = sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
        target = address + 4 + _signed(offset, 25)
        return Step(4, flow=Flow.CALL if second & 0x4000 else Flow.BRANCH, target=target)
    if second & 0x5000 == 0 and first >> 6 & 0xE != 0xE:  # B (T3)
        offset = sign << 20 | j2 << 19 | j1 << 18 | (first & 0x3F) << 12 | (second & 0x7FF) << 1
        return Step(4, flow=Flow.BRANCH_IF, target=address + 4 + _signed(offset, 21))
    # MSR of a stack pointer belongs to start-up code, before anything is on the stack; UDF.W stops.
    return Step(4, flow=Flow.STOP) if first & 0xFFF0 == 0xF7F0 else _NEXT_4


def _several(first: int, second: int) -> Step:
    base, load = first & 15, bool(first & 0x10)
    if not first & 0x40:  # LDM, STM
        amount = 4 * second.bit_count()
        pushed = (-amount if load else amount) if base == _SP and first & 0x20 else 0
        if load and second & 0x8000:
            return Step(4, pushed, Flow.RETURN if base == _SP else Flow.INDIRECT_JUMP)
        return Step(4, pushed)
    if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:  # TBB, TBH
        return Step(4, flow=Flow.TABLE)
    if base == _SP and first & 0x20:  # LDRD, STRD with write-back
        amount = 4 * (second & 0xFF)
        return Step(4, -amount if first & 0x80 else amount)
    return _NEXT_4


def _single(first: int, second: int) -> Step:
    base, target, load = first & 15, second >> 12, bool(first & 0x10)
    pushed = 0
    if not first & 0x80 and second & 0x900 == 0x900 and base == _SP:  # with write-back
        amount = second & 0xFF
        pushed = -amount if second & 0x200 else amount
    if load and target == _PC and first & 0x60 == 0x40:
        if base == _SP:
            return Step(4, pushed, Flow.RETURN)
        return Step(4, pushed, Flow.TABLE if base == _PC else Flow.INDIRECT_JUMP)
    return Step(4, pushed, unknown=load and target == _SP and first & 0x60 == 0x40)


def _float(first: int, second: int) -> Step:
    """VPUSH, VPOP, and the other multiple loads and stores."""
    is_multiple = first & 0x120 in (0x120, 0x20, 0xA0)
    if first & 15 != _SP or not first & 0x20 or not is_multiple:
        return _NEXT_4
    amount = 4 * (second & 0xFF)
    return Step(4, -amount if first & 0x80 else amount)


def _immediate(first: int, second: int, target: int) -> Step:
    """Data processing with an immediate: SUB and ADD of SP."""
    if target != _SP:
        return _NEXT_4
    plain = bool(first & 0x200)
    operation = first >> 5 & 15
    if not plain and operation in (0b0000, 0b0100, 0b1000, 0b1101) and first & 0x10 and second >> 8 & 15 == _PC:
        return _NEXT_4
    if (
        first & 15 != _SP
        or (plain and first & 0x1F0 not in (0x000, 0x0A0))
        or (not plain and operation not in (0b1000, 0b1101))
    ):
        return Step(4, unknown=True)
    bits = (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
    amount = bits if plain else _expand(bits)
    is_subtraction = first & 0x0A0 == 0x0A0
    return Step(4, amount if is_subtraction else -amount)


def _expand(bits: int) -> int:
    """ThumbExpandImm (A5.3.2)."""
    value = bits & 0xFF
    if bits >> 10 == 0:
        return (value, value << 16 | value, value << 24 | value << 8, value * 0x01010101)[bits >> 8 & 3]
    rotation = bits >> 7
    value = 0x80 | bits & 0x7F
    return (value >> rotation | value << (32 - rotation)) & 0xFFFFFFFF
