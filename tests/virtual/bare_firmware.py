"""Small firmwares for the virtual board's tests: C text in, flash image out, without the project's own builder."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from runeflash.resources import folder
from runeflash.toolchain import zig
from runeflash.toolchain.cache import entry, key, tree_key
from runeflash.virtual.board import StopReason, VirtualBoard

FLASH_ADDRESS = 0x10000
ARDUINO = folder("targets") / "arduino"
COMMON = folder("targets") / "common"
SOURCES = [
    ARDUINO / "startup" / "startup_nrf52840.c",
    ARDUINO / "drivers" / "nrf52840_clock.c",
    ARDUINO / "drivers" / "nrf52840_rng.c",
    ARDUINO / "drivers" / "nrf52840_uarte.c",
    ARDUINO / "board_support" / "nano33ble.c",
]
_INCLUDES = [f"-I{path}" for path in (ARDUINO / "drivers", ARDUINO / "startup", COMMON)]
ZIG = [
    "-target",
    "thumb-freestanding-eabihf",
    "-mcpu=cortex_m4+vfp4d16sp",
    "-fomit-frame-pointer",
    "-fno-sanitize=all",
]
GCC = ["-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
_LINK = ["-nostdlib", "-Wl,-e,Reset_Handler", "-Wl,--gc-sections", "-T", ARDUINO / "linker" / "nano33ble.ld"]


def compile_elf(source: str, toolchain: str, *, flags: tuple[str, ...] = ()) -> bytes:
    """Compile a program against the board's start-up and drivers, and return the ELF."""
    name = key("bare", source, toolchain, *flags, tree_key(ARDUINO), tree_key(COMMON), Path(__file__).read_bytes())

    def make(place: Path) -> None:
        with tempfile.TemporaryDirectory() as work:
            program = Path(work) / "program.c"
            program.write_text(source)
            options = ["-O2", "-ffunction-sections", "-Wall", "-Wextra", "-Werror", *zig.SEMANTICS_FLAGS, *flags]
            files = [program, *SOURCES, "-o", place / "firmware.elf"]
            if toolchain == "zig":
                zig.compile_c([*ZIG, *options, *_INCLUDES, *_LINK, *files, "-lcompiler_rt"], what="the test firmware")
            else:
                subprocess.run(
                    ["arm-none-eabi-gcc", *GCC, *options, *_INCLUDES, *_LINK, *files, "-lc_nano", "-lgcc"],
                    check=True,
                )

    return (entry("tests", name, make) / "firmware.elf").read_bytes()


def image_of(elf: bytes) -> bytes:
    """Return what is flashed."""
    image = bytearray()
    for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD"):
        data = segment.data()
        if data:
            offset = segment["p_paddr"] - FLASH_ADDRESS
            image.extend(b"\xff" * (offset + len(data) - len(image)))
            image[offset : offset + len(data)] = data
    return bytes(image)


def symbol(elf: bytes, name: str) -> int:
    """Return a symbol's address."""
    table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
    return int(table.get_symbol_by_name(name)[0]["st_value"])


@cache
def image(toolchain: str) -> bytes:
    """Return the image of ``laboratory.c``."""
    return image_of(compile_elf(Path(__file__).with_name("laboratory.c").read_text(), toolchain))


class Laboratory:
    """A virtual board that runs ``laboratory.c``."""

    def __init__(self, toolchain: str, *, random_bytes: Callable[[int], bytes] = bytes, profile: bool = False) -> None:
        self.board = VirtualBoard(
            "nrf52840", image(toolchain), FLASH_ADDRESS, random_bytes=random_bytes, profile=profile
        )
        self._lines: list[str] = []
        self._rest = ""

    def send(self, letters: str) -> None:
        """Send commands."""
        self.board.serial_input(letters.encode())

    def line(self) -> str:
        """Return the next line that the firmware prints."""
        while not self._lines:
            reason = self.board.run(5_000_000, until_line=True)
            assert reason is StopReason.REQUEST, reason
            *self._lines, self._rest = (self._rest + self.board.serial_output().decode()).split("\n")
        return self._lines.pop(0)
