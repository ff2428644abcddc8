"""What objcopy and size do, on pyelftools, so that no binutils are needed.

Run as ``python -m runeflash.firmware.elf_tool bin|hex|size FIRMWARE.elf [OUTPUT]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

_ALLOCATED = 2  # SHF_ALLOC
_FILL = 0xFF  # what erased flash reads
_HEX_LINE = 16


@dataclass(frozen=True)
class Elf:
    """What runeflash asks of an ELF file.

    Attributes:
        segments: load address and content of what goes into flash, in the order of addresses.
        sections: name, address and size of every section that takes memory at run time.
    """

    segments: tuple[tuple[int, bytes], ...]
    sections: tuple[tuple[str, int, int], ...]

    @property
    def flash_bytes(self) -> int:
        """Bytes of the image, gaps included."""
        if not self.segments:
            return 0
        last_address, last = self.segments[-1]
        return last_address + len(last) - self.segments[0][0]

    def ram_bytes(self, origin: int, length: int) -> int:
        """Return the bytes that sections take in a region of RAM."""
        return sum(size for _, address, size in self.sections if origin <= address < origin + length)


def read_elf(path: Path) -> Elf:
    """Read an ELF file."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        segments = sorted(
            (segment["p_paddr"], segment.data()) for segment in elf.iter_segments("PT_LOAD") if segment["p_filesz"]
        )
        sections = tuple(
            (section.name, section["sh_addr"], section["sh_size"])
            for section in elf.iter_sections()
            if section["sh_flags"] & _ALLOCATED and section["sh_size"]
        )
    return Elf(tuple(segments), sections)


def flash_image(elf: Elf) -> bytes:
    """Return the bytes from the first to the last that is flashed; gaps are as erased flash."""
    if not elf.segments:
        return b""
    base = elf.segments[0][0]
    image = bytearray([_FILL]) * elf.flash_bytes
    for address, data in elf.segments:
        image[address - base : address - base + len(data)] = data
    return bytes(image)


def intel_hex(elf: Elf) -> str:
    """Return the image in Intel HEX (Intel's specification of 1988, record types 00, 01 and 04)."""
    return "".join(f":{record.hex().upper()}\n" for record in _hex_records(elf))


def _hex_records(elf: Elf) -> Iterator[bytes]:
    high = None
    for base, data in elf.segments:
        position = 0
        while position < len(data):
            address = base + position
            if address >> 16 != high:
                high = address >> 16
                yield _hex_record(0, 4, high.to_bytes(2, "big"))
            length = min(_HEX_LINE, len(data) - position, 0x10000 - (address & 0xFFFF))
            yield _hex_record(address & 0xFFFF, 0, data[position : position + length])
            position += length
    yield _hex_record(0, 1, b"")


def _hex_record(address: int, kind: int, data: bytes) -> bytes:
    record = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return record + bytes([-sum(record) & 0xFF])


def main(arguments: list[str]) -> int:
    """Do one of the three things; return the exit status."""
    command, source = arguments[0], Path(arguments[1])
    elf = read_elf(source)
    if command == "bin":
        Path(arguments[2]).write_bytes(flash_image(elf))
    elif command == "hex":
        Path(arguments[2]).write_text(intel_hex(elf))
    else:
        print(f"flash {elf.flash_bytes}")
        print(f"ram {elf.ram_bytes(0x20000000, 0x10000000)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
