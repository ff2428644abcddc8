"""The Cortex-M4F's exceptions on an emulator that has none: entry, return, and the masks.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5.6 to B1.5.8. The floating-point context is stacked at entry
rather than lazily; a handler cannot tell the two apart.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from unicorn import arm_const as arm
from unicorn.unicorn_py3.unicorn import UcError

from runeflash.virtual.bus import BusError
from runeflash.virtual.hook import HookState

_CALLER_SAVED = (*(arm.UC_ARM_REG_R0 + n for n in range(4)), arm.UC_ARM_REG_R12, arm.UC_ARM_REG_LR)
_FLOAT_PAIRS = tuple(arm.UC_ARM_REG_D0 + n for n in range(8))  # S0 to S15
_STATUS_FLAGS = 0xF80F0000  # N, Z, C, V, Q and GE
_STATUS_THUMB = 1 << 24
_STATUS_REALIGNED = 1 << 9
_BASIC_FRAME = 0x20
_EXTENDED_FRAME = 0x68
_RETURN_BASIC = 1 << 4
_RETURN_THREAD = 1 << 3


class Core:
    """The core's registers, and what exceptions do with them."""

    def __init__(self, engine: Any, hook: HookState) -> None:
        self._engine = engine
        self._hook = hook

    @property
    def pc(self) -> int:
        """The address of the next instruction."""
        return int(self._engine.reg_read(arm.UC_ARM_REG_PC))

    @pc.setter
    def pc(self, address: int) -> None:
        self._engine.reg_write(arm.UC_ARM_REG_PC, address | 1)

    @property
    def sp(self) -> int:
        """The stack pointer."""
        return int(self._engine.reg_read(arm.UC_ARM_REG_SP))

    @property
    def return_address(self) -> int:
        """Where a function returns to, as long as it has not called another."""
        return int(self._engine.reg_read(arm.UC_ARM_REG_LR)) & ~1

    def reset(self, sp: int, pc: int) -> None:
        """Set the registers as reset, and a bootloader that jumps, leave them."""
        engine = self._engine
        for register in (*_CALLER_SAVED, *(arm.UC_ARM_REG_R0 + n for n in range(4, 12)), *_FLOAT_PAIRS):
            engine.reg_write(register, 0)
        for register in (arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_FAULTMASK):
            engine.reg_write(register, 0)
        engine.reg_write(arm.UC_ARM_REG_XPSR, _STATUS_THUMB)
        engine.reg_write(arm.UC_ARM_REG_FPSCR, 0)
        engine.reg_write(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
        engine.reg_write(arm.UC_ARM_REG_SP, sp & ~3)
        self._hook.fp_used = 0
        self._hook.fpu_on = 0
        self._hook.it_end = 0
        self.pc = pc

    def masks(self) -> tuple[int, int, int]:
        """Return PRIMASK, BASEPRI and FAULTMASK."""
        read = self._engine.reg_read
        return (
            int(read(arm.UC_ARM_REG_PRIMASK)) & 1,
            int(read(arm.UC_ARM_REG_BASEPRI)) & 0xFF,
            int(read(arm.UC_ARM_REG_FAULTMASK)) & 1,
        )

    def enter(self, exception: int, vector: int, *, nested: bool) -> None:
        """Take an exception: push the frame, go to its handler.

        Raises:
            BusError: the frame does not fit into RAM, or the vector is no Thumb address.
        """
        engine = self._engine
        extended = bool(self._hook.fp_used)
        sp = self.sp
        status = int(engine.reg_read(arm.UC_ARM_REG_XPSR))
        frame_at = (sp - (_EXTENDED_FRAME if extended else _BASIC_FRAME)) & ~7
        if sp & 4:
            status |= _STATUS_REALIGNED
        frame = struct.pack("<8I", *self._read(_CALLER_SAVED), self.pc, status | _STATUS_THUMB)
        if extended:
            floats = struct.pack("<8Q", *self._read(_FLOAT_PAIRS))
            frame += floats + struct.pack("<II", int(engine.reg_read(arm.UC_ARM_REG_FPSCR)), 0)
            engine.reg_write(arm.UC_ARM_REG_FPSCR, 0)
        try:
            engine.mem_write(frame_at, frame)
        except UcError:
            raise BusError(
                f"exception {exception} found no room on the stack (SP 0x{sp:08x}): stack overflow"
            ) from None
        if not vector & 1:
            raise BusError(f"the vector of exception {exception} (0x{vector:08x}) is no Thumb address")
        engine.reg_write(arm.UC_ARM_REG_SP, frame_at)
        engine.reg_write(
            arm.UC_ARM_REG_LR,
            0xFFFFFFE1 | (0 if extended else _RETURN_BASIC) | (0 if nested else _RETURN_THREAD),
        )
        engine.reg_write(arm.UC_ARM_REG_XPSR, (status & _STATUS_FLAGS) | _STATUS_THUMB | exception)
        self._hook.fp_used = 0
        self.pc = vector

    def leave(self, exc_return: int, *, nested: bool) -> None:
        """Return from an exception: pop the frame that EXC_RETURN describes.

        Args:
            exc_return: its value; the emulator has cleared bit 0.
            nested: whether another exception is still active.

        Raises:
            BusError: EXC_RETURN does not fit the state, or the frame does not lie in RAM.
        """
        engine = self._engine
        to_thread = bool(exc_return & _RETURN_THREAD)
        if exc_return & ~0x1F != 0xFFFFFFE0 or exc_return & 6 or to_thread == nested:
            raise BusError(f"EXC_RETURN 0x{exc_return | 1:08x} does not fit the active exceptions")
        extended = not exc_return & _RETURN_BASIC
        sp = self.sp
        size = _EXTENDED_FRAME if extended else _BASIC_FRAME
        try:
            frame = bytes(engine.mem_read(sp, size))
        except UcError:
            raise BusError(f"the exception frame at 0x{sp:08x} does not lie in memory") from None
        words = struct.unpack_from("<8I", frame)
        status = words[7]
        if not status & _STATUS_THUMB or (status & 0x1FF == 0) != to_thread:
            raise BusError(f"the stacked xPSR 0x{status:08x} is damaged")
        for register, value in zip(_CALLER_SAVED, words[:6], strict=True):
            engine.reg_write(register, value)
        if extended:
            for register, value in zip(_FLOAT_PAIRS, struct.unpack_from("<8Q", frame, 0x20), strict=True):
                engine.reg_write(register, value)
            engine.reg_write(arm.UC_ARM_REG_FPSCR, struct.unpack_from("<I", frame, 0x60)[0])
        engine.reg_write(arm.UC_ARM_REG_SP, sp + size + (4 if status & _STATUS_REALIGNED else 0))
        engine.reg_write(arm.UC_ARM_REG_XPSR, status & (_STATUS_FLAGS | _STATUS_THUMB | 0x1FF))
        engine.reg_write(arm.UC_ARM_REG_FAULTMASK, 0)  # B1.5.8: cleared by every return but NMI's
        self._hook.fp_used = int(extended)
        self.pc = words[6]

    def _read(self, registers: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(self._engine.reg_read(register)) for register in registers)
