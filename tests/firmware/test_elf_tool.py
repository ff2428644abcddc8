"""Images from ELF files: bin and hex say the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runeflash.firmware.elf_tool import Elf, flash_image, intel_hex


def elf(*segments: tuple[int, bytes]) -> Elf:
    return Elf(segments, ())


def read_hex(text: str) -> dict[int, int]:
    """Address to byte; every record's checksum is checked."""
    found: dict[int, int] = {}
    high = 0
    lines = text.splitlines()
    for line in lines:
        record = bytes.fromhex(line.removeprefix(":"))
        assert sum(record) & 0xFF == 0
        length, address, kind, data = record[0], int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        assert len(data) == length
        if kind == 4:
            high = int.from_bytes(data, "big") << 16
        elif kind == 0:
            found.update({high + address + i: byte for i, byte in enumerate(data)})
    assert lines[-1] == ":00000001FF"
    return found


def test_gaps_read_as_erased_flash() -> None:
    image = flash_image(elf((0x10000, b"ab"), (0x10004, b"c")))
    assert image == b"ab\xff\xffc"


def test_nothing() -> None:
    assert flash_image(elf()) == b""
    assert intel_hex(elf()) == ":00000001FF\n"


@given(
    st.integers(0, 0x30000),
    st.binary(min_size=1, max_size=100),
    st.integers(1, 70000),
    st.binary(min_size=1, max_size=50),
)
def test_bin_and_hex_agree(base: int, first: bytes, gap: int, second: bytes) -> None:
    content = elf((base, first), (base + len(first) + gap, second))
    image = flash_image(content)
    for address, byte in read_hex(intel_hex(content)).items():
        assert image[address - base] == byte
    assert len(read_hex(intel_hex(content))) == len(first) + len(second)
