"""The symbols of an ELF file for a 32-bit core, read at once.

pyelftools makes dictionaries of each symbol; an image has thousands, which are looked at three times after every build.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from runeflash.errors import InternalError

# System V ABI, chapter 4, "Symbol Table": name, value, size, info, other, section.
_ENTRY = struct.Struct("<IIIBBH")
_LOCAL = 0  # STB_LOCAL
_OBJECT, _FUNCTION, _FILE = 1, 2, 4  # STT_
_UNDEFINED, _FIRST_RESERVED = 0, 0xFF00  # SHN_UNDEF, SHN_LORESERVE


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol.

    Attributes:
        name: may be empty.
        value: its address; that of a function for a Cortex-M core with the Thumb bit.
        size: in bytes, 0 where nobody said.
        type: STT_ of the System V ABI; is_function, is_object and is_file tell what of it is asked for here.
        is_local: not seen by other files.
        section: the number of the section that it is in, None for what is in none.
    """

    name: str
    value: int
    size: int
    type: int
    is_local: bool
    section: int | None

    @property
    def address(self) -> int:
        """The value, without the Thumb bit of a function."""
        return self.value & ~1 if self.is_function else self.value

    @property
    def is_function(self) -> bool:
        """Whether it is code."""
        return self.type == _FUNCTION

    @property
    def is_object(self) -> bool:
        """Whether it is a variable."""
        return self.type == _OBJECT

    @property
    def is_file(self) -> bool:
        """Whether it names the source file of the local symbols behind it."""
        return self.type == _FILE


def symbols_of(elf: ELFFile) -> tuple[Symbol, ...]:
    """Return every symbol, in the order of the table; none where it was stripped.

    Raises:
        InternalError: the file is for another kind of core.
    """
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return ()
    if elf.elfclass != 32 or not elf.little_endian:
        raise InternalError("the ELF file is not for a little-endian core of 32 bits")
    texts = table.stringtable.data()
    return tuple(
        Symbol(
            texts[name : texts.index(0, name)].decode("utf-8", "replace"),
            value,
            size,
            info & 0xF,
            info >> 4 == _LOCAL,
            section if _UNDEFINED < section < _FIRST_RESERVED else None,
        )
        for name, value, size, info, _, section in _ENTRY.iter_unpack(table.data())
    )


def read_symbols(path: Path) -> tuple[Symbol, ...]:
    """Return every symbol of the ELF file at a path."""
    with path.open("rb") as file:
        return symbols_of(ELFFile(file))
