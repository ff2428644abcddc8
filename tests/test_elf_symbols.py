"""The symbols of ELF files: what pyelftools says of each."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from runeflash.elf_symbols import Symbol, read_symbols, symbols_of
from runeflash.errors import InternalError
from runeflash.toolchain import zig

SOURCE = """
static int hidden(int n) { volatile char room[20]; room[n] = 1; return room[n]; }
extern int missing(int);
int shown[3] = { 1, 2, 3 };
const int constant = 4;
int entry(int n);
int entry(int n) { return hidden(n) + missing(n) + shown[n] + constant; }
"""


def compiled(folder: Path, target: str, *flags: str) -> Path:
    (folder / "source.c").write_text(SOURCE)
    zig.compile_c(["-target", target, "-c", *flags, "source.c", "-o", "object.o"], what="compiling", cwd=folder)
    return folder / "object.o"


def test_they_are_those_of_pyelftools(tmp_path: Path) -> None:
    path = compiled(tmp_path, "thumb-freestanding-eabi", "-mcpu=cortex_m4", "-fno-sanitize=all")
    found = read_symbols(path)
    with path.open("rb") as file:
        others = list(ELFFile(file).get_section_by_name(".symtab").iter_symbols())
    assert len(found) == len(others) > 8
    for symbol, other in zip(found, others, strict=True):
        kind = {"STT_FUNC": symbol.is_function, "STT_OBJECT": symbol.is_object, "STT_FILE": symbol.is_file}
        number = other["st_shndx"]
        assert (symbol.name, symbol.value, symbol.size) == (other.name, other["st_value"], other["st_size"])
        assert symbol.is_local == (other["st_info"]["bind"] == "STB_LOCAL")
        assert [name for name, holds in kind.items() if holds] == [t for t in (other["st_info"]["type"],) if t in kind]
        assert symbol.section == (number if isinstance(number, int) else None)
    names = {symbol.name: symbol for symbol in found}
    assert names["entry"].is_function and names["entry"].value & 1 and not names["entry"].address & 1
    assert (names["shown"].size, names["shown"].is_object, names["shown"].is_local) == (12, True, False)
    assert names["missing"].section is None
    assert any(symbol.is_file and symbol.name == "source.c" for symbol in found)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = compiled(tmp_path, "x86_64-freestanding")
    with pytest.raises(InternalError, match="32 bits"):
        symbols_of(ELFFile(io.BytesIO(path.read_bytes())))


def test_an_address_has_no_thumb_bit() -> None:
    assert Symbol("f", 0x1001, 2, 2, False, 1).address == 0x1000
    assert Symbol("odd", 0x1001, 1, 1, False, 1).address == 0x1001
