"""Runs C on an emulated Cortex-M4F: nothing but the core and memory, with the flags of real firmware."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from native_models import include_flags, math_sources
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_MCLASS, UC_MODE_THUMB, UC_PROT_EXEC, UC_PROT_READ, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

from runeflash.firmware import flags

_FLASH, _FLASH_SIZE = 0x10000, 0x100000
_RAM, _RAM_SIZE = 0x20000000, 0x40000
_RETURN = _FLASH + _FLASH_SIZE - 16

_LINKER_SCRIPT = f"""\
SECTIONS {{
    . = {_FLASH:#x};
    .text : {{ *(.text*) *(.rodata*) }}
    /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.extab*) }}
    . = {_RAM:#x};
    .data : {{ *(.data*) }}
    .bss : {{ *(.bss*) *(COMMON) }}
}}
"""

#: What a freestanding compiler may call.
_SUPPORT = """\
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t size);
void *memcpy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}
void *memmove(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const size_t k = to < from ? i : size - 1 - i;
        ((volatile char *)to)[k] = ((const char *)from)[k];
    }
    return to;
}
void *memset(void *to, int value, size_t size);
void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile char *)to)[i] = (char)value;
    }
    return to;
}
void __aeabi_unwind_cpp_pr0(void);
void __aeabi_unwind_cpp_pr0(void)
{
}
"""


@dataclass(frozen=True)
class ThumbProgram:
    """A linked program whose function ``entry`` takes and returns nothing."""

    image: bytes

    def run(self, given: Mapping[str, bytes], wanted: Mapping[str, int]) -> tuple[dict[str, bytes], int]:
        """Call ``entry``; return the wanted variables' bytes (name to size), and the instructions executed."""
        elf = ELFFile(io.BytesIO(self.image))
        symbols = {symbol.name: symbol["st_value"] for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
        core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        core.mem_map(_FLASH, _FLASH_SIZE, UC_PROT_READ | UC_PROT_EXEC)
        core.mem_map(_RAM, _RAM_SIZE)
        for segment in elf.iter_segments("PT_LOAD"):
            if segment["p_filesz"]:
                core.mem_write(segment["p_vaddr"], segment.data())
        for name, content in given.items():
            core.mem_write(symbols[name], content)
        runs: Counter[tuple[int, int]] = Counter()

        def enter(_core: Uc, address: int, size: int, _data: object) -> None:
            runs[address, size] += 1

        # Blocks run from their beginning to their end: counting them is much quicker than single steps.
        core.hook_add(UC_HOOK_BLOCK, enter)
        core.reg_write(UC_ARM_REG_SP, _RAM + _RAM_SIZE)
        core.reg_write(UC_ARM_REG_LR, _RETURN | 1)
        core.emu_start(symbols["entry"] | 1, _RETURN)
        count = sum(
            _instructions(bytes(core.mem_read(address, size))) * times for (address, size), times in runs.items()
        )
        return {name: bytes(core.mem_read(symbols[name], size)) for name, size in wanted.items()}, count


def _instructions(code: bytes) -> int:
    """Return how many Thumb-2 instructions these bytes are: those of 4 bytes begin with 0b11101, 0b11110 or 0b11111."""
    count = position = 0
    while position < len(code):
        position += 4 if code[position + 1] >= 0xE8 else 2
        count += 1
    return count


def thumb_program(files: Mapping[str, str], toolchain: str, place: Path) -> ThumbProgram:
    """Compile C files and the math functions, without a warning, with ``gcc`` or ``zig``, and link them."""
    (place / "support.c").write_text(_SUPPORT)
    (place / "script.ld").write_text(_LINKER_SCRIPT)
    for name, text in files.items():
        (place / name).write_text(text)
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    elf = place / f"{toolchain}.elf"
    command: list[str | Path] = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, *flags.PROJECT]
    command += [*include_flags(), *(place / name for name in files), place / "support.c", *math_sources()]
    command += ["-nostdlib", "-Wl,-e,entry", f"-Wl,-T,{place / 'script.ld'}", f"-l{tools.support_library}", "-o", elf]
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **flags.tool_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ThumbProgram(elf.read_bytes())
