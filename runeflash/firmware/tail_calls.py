"""Whether wasm3's operations end in jumps.

wasm3 runs a rune as a chain of operations, each of which jumps to the next. If the compiler makes
one of those jumps a call, every instruction of a loop in the rune leaves a frame on the C stack,
and a long loop overflows it on a chip that nobody watches. So the image is looked at: in Thumb,
an indirect call with link is ``blx Rm`` (ARMv7-M Architecture Reference Manual, A7.7.18).
"""

from __future__ import annotations

import struct
from pathlib import Path

from elftools.elf.elffile import ELFFile

from runeflash.elf_symbols import symbols_of
from runeflash.errors import ToolError

#: Operations that call on purpose: a function of the rune, of the host, or the body of a loop.
_CALLING = ("op_Call", "op_CallIndirect", "op_CallRawFunction", "op_Compile", "op_Entry", "op_Loop")


def check_tail_calls(elf_path: Path) -> int:
    """Check every operation of wasm3 in an ELF file; return how many there are.

    Raises:
        ToolError: an operation calls its successor, or there are no operations to look at.
    """
    operations, calling = _scan(elf_path)
    if operations == 0:
        raise ToolError(f"{elf_path.name} has none of wasm3's operations, so their jumps cannot be checked")
    if calling:
        raise ToolError(
            "the compiler made calls of wasm3's jumps, so a loop in the rune would overflow the stack: "
            + ", ".join(calling[:8]),
            hint="use the versions of gcc or zig that docs/dependencies.md names",
        )
    return operations


def _scan(elf_path: Path) -> tuple[int, list[str]]:
    """Return the number of operations, and the names of those with an indirect call that should have none."""
    with elf_path.open("rb") as file:
        elf = ELFFile(file)
        symbols = symbols_of(elf)
        data_marks = {symbol.value for symbol in symbols if symbol.name.startswith("$d")}
        code_marks = {symbol.value for symbol in symbols if symbol.name.startswith("$t")}
        calling = []
        operations = 0
        code_of: dict[int, tuple[int, bytes]] = {}
        for symbol in symbols:
            if not symbol.name.startswith("op_") or not symbol.is_function or symbol.section is None:
                continue
            operations += 1
            if symbol.section not in code_of:
                section = elf.get_section(symbol.section)
                code_of[symbol.section] = section["sh_addr"], section.data()
            base, data = code_of[symbol.section]
            start = symbol.address - base
            code = data[start : start + symbol.size]
            if not symbol.name.startswith(_CALLING) and _has_indirect_call(
                code, symbol.address, data_marks, code_marks
            ):
                calling.append(symbol.name)
    return operations, sorted(set(calling))


def _has_indirect_call(code: bytes, address: int, data_marks: set[int], code_marks: set[int]) -> bool:
    position = 0
    in_data = False
    while position + 2 <= len(code):
        here = address + position
        in_data = here in data_marks or (in_data and here not in code_marks)
        (half,) = struct.unpack_from("<H", code, position)
        if in_data:
            position += 2
            continue
        if half & 0xFF87 == 0x4780:  # BLX Rm
            return True
        position += 4 if half >> 11 in {0b11101, 0b11110, 0b11111} else 2
    return False
