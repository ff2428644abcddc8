"""The C hook before every instruction: building it, and the state that it shares with Python."""

from __future__ import annotations

import ctypes
import enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from unicorn import arm_const, unicorn_const
from unicorn.unicorn_py3.unicorn import uclib

from runeflash.errors import ToolError
from runeflash.toolchain import zig
from runeflash.toolchain.cache import entry, key

_SOURCE = Path(__file__).with_name("instruction_hook.c")
_FLAGS = ("-shared", "-fPIC", "-nostdlib", "-Wall", "-Wextra", "-Werror")


class Stop(enum.IntEnum):
    """Why the hook ended a slice; all but ``LIMIT`` before an instruction that Python deals with."""

    NONE = 0
    LIMIT = 1
    WAIT_FOR_INTERRUPT = 2
    WAIT_FOR_EVENT = 3
    SEND_EVENT = 4
    UNALIGNED = 5
    FPU_OFF = 6
    UNSUPPORTED = 7


class HookState(ctypes.Structure):
    """``hook_state`` of instruction_hook.c."""

    executed: int
    limit: int
    address: int
    size: int
    stop: int
    it_end: int
    attention: int
    fpu_on: int
    fp_used: int
    base: int
    _fields_ = (
        ("executed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("address", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("stop", ctypes.c_uint32),
        ("it_end", ctypes.c_uint32),
        ("it_next", ctypes.c_uint32),
        ("it_sizes", ctypes.c_uint32),
        ("attention", ctypes.c_uint32),
        ("fpu_on", ctypes.c_uint32),
        ("fp_used", ctypes.c_uint32),
        ("code_base", ctypes.c_uint32),
        ("code_size", ctypes.c_uint32),
        ("base", ctypes.c_uint32),
        ("profile", ctypes.c_uint32),
        ("register_ids", ctypes.c_int32 * 16),
        ("kinds", ctypes.c_void_p),
        ("counts", ctypes.c_void_p),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("mem_read", ctypes.c_void_p),
    )


class InstructionHook:
    """The hook on one emulated core.

    Args:
        engine: the Unicorn engine.
        code_base: where the flash begins.
        code_size: its size in bytes.
        profile: count every instruction's executions too.
    """

    def __init__(self, engine: Any, code_base: int, code_size: int, *, profile: bool) -> None:
        halfwords = code_size // 2
        self._base = code_base
        self._kinds = (ctypes.c_uint16 * halfwords)()
        self._counts = (ctypes.c_uint64 * halfwords)() if profile else None
        self.state = HookState()
        self.state.code_base = code_base
        self.state.code_size = code_size
        self.state.register_ids = (ctypes.c_int32 * 16)(
            *(arm_const.UC_ARM_REG_R0 + n for n in range(13)),
            arm_const.UC_ARM_REG_SP,
            arm_const.UC_ARM_REG_LR,
            arm_const.UC_ARM_REG_PC,
        )
        self.state.kinds = ctypes.addressof(self._kinds)
        self.state.profile = int(profile)
        self.state.counts = ctypes.addressof(self._counts) if self._counts is not None else None
        self.state.emu_stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value
        self.state.reg_read = ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p).value
        self.state.mem_read = ctypes.cast(uclib.uc_mem_read, ctypes.c_void_p).value
        handle = ctypes.c_size_t()
        # Python's own hook_add would put a Python function in between; the range 1 to 0 is "everywhere".
        status = uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            unicorn_const.UC_HOOK_CODE,
            ctypes.cast(_library().instruction_hook, ctypes.c_void_p),
            ctypes.byref(self.state),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != unicorn_const.UC_ERR_OK:
            raise ToolError(f"the emulator does not accept the instruction hook (status {status})")

    def forget_code(self) -> None:
        """Forget what was decoded, after the flash was written."""
        ctypes.memset(ctypes.addressof(self._kinds), 0, ctypes.sizeof(self._kinds))

    def counts(self) -> dict[int, int]:
        """Return how often each instruction in flash was executed, by address; empty without ``profile``."""
        if self._counts is None:
            return {}
        counts = np.frombuffer(memoryview(self._counts), np.uint64)
        executed = np.flatnonzero(counts)  # most of flash never is
        return dict(zip((self._base + 2 * executed).tolist(), counts[executed].tolist(), strict=True))


@cache
def _library() -> ctypes.CDLL:
    flags = [*zig.host_flags(), *_FLAGS]

    def make(folder: Path) -> None:
        zig.compile_c(
            [*flags, "-o", folder / "instruction_hook.so", _SOURCE],
            what="compiling the virtual board's instruction hook",
        )

    place = entry("virtual", key("instruction-hook", _SOURCE.read_bytes(), *flags), make)
    try:
        return ctypes.CDLL(str(place / "instruction_hook.so"))
    except OSError as error:
        raise ToolError(f"the virtual board's instruction hook cannot be loaded: {error}") from error
