"""Small firmwares for the virtual board's tests: C text in, flash image out, without the project's own builder."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from runeflash.boards import Board, find_board
from runeflash.firmware.linker_script import linker_script
from runeflash.resources import folder
from runeflash.toolchain import zig
from runeflash.toolchain.cache import entry, key, tree_key
from runeflash.virtual.board import StopReason, VirtualBoard

COMMON = folder("targets") / "common"


@dataclass(frozen=True, eq=False)  # a cache's key
class Bench:
    """What a test firmware is built for: a board of ours, and the program that it runs."""

    board: Board
    program: str

    @property
    def family(self) -> Path:
        """The folder of the board's family."""
        return self.board.path.parent.parent

    def chip(self) -> str:
        """Return the name of the virtual chip."""
        assert self.board.virtual is not None
        return str(self.board.virtual["chip"])


NANO = Bench(find_board("nano33ble"), "laboratory.c")
NETDUINO = Bench(find_board("netduinoplus2"), "laboratory_stm32f405.c")
FLASH_ADDRESS = NANO.board.flash.origin
ZIG = [
    "-target",
    "thumb-freestanding-eabihf",
    "-mcpu=cortex_m4+vfp4d16sp",
    "-fomit-frame-pointer",
    "-fno-sanitize=all",
]
GCC = ["-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
_LINK = ["-nostdlib", "-Wl,-e,Reset_Handler", "-Wl,--gc-sections"]


def compile_elf(source: str, toolchain: str, *, flags: tuple[str, ...] = (), bench: Bench = NANO) -> bytes:
    """Compile a program against the board's start-up and drivers, and return the ELF."""
    family = bench.family
    includes = [f"-I{path}" for path in (family / "drivers", family / "startup", COMMON)]
    macros = [f"-D{name}={value}" for name, value in bench.board.defines.items()]
    includes += [*macros, f'-DRUNE_BOARD_ID="{bench.board.id}"']
    parts = (bench.board.id, source, toolchain, *flags, tree_key(family), tree_key(COMMON), Path(__file__).read_bytes())
    name = key("bare", *parts)

    def make(place: Path) -> None:
        with tempfile.TemporaryDirectory() as work:
            program = Path(work) / "program.c"
            program.write_text(source)
            script = Path(work) / "firmware.ld"
            script.write_text(linker_script(bench.board, bench.board.stack))
            link = [*_LINK, "-T", script]
            options = ["-O2", "-ffunction-sections", "-Wall", "-Wextra", "-Werror", *zig.SEMANTICS_FLAGS, *flags]
            files = [program, *(family / path for path in bench.board.sources), "-o", place / "firmware.elf"]
            if toolchain == "zig":
                zig.compile_c([*ZIG, *options, *includes, *link, *files, "-lcompiler_rt"], what="the test firmware")
            else:
                subprocess.run(
                    ["arm-none-eabi-gcc", *GCC, *options, *includes, *link, *files, "-lc_nano", "-lgcc"],
                    check=True,
                )

    return (entry("tests", name, make) / "firmware.elf").read_bytes()


def image_of(elf: bytes, address: int = FLASH_ADDRESS) -> bytes:
    """Return what is flashed."""
    image = bytearray()
    for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD"):
        data = segment.data()
        if data:
            offset = segment["p_paddr"] - address
            image.extend(b"\xff" * (offset + len(data) - len(image)))
            image[offset : offset + len(data)] = data
    return bytes(image)


def symbol(elf: bytes, name: str) -> int:
    """Return a symbol's address."""
    table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
    return int(table.get_symbol_by_name(name)[0]["st_value"])


@cache
def image(toolchain: str, bench: Bench = NANO) -> bytes:
    """Return the image of a bench's program."""
    program = Path(__file__).with_name(bench.program).read_text()
    return image_of(compile_elf(program, toolchain, bench=bench), bench.board.flash.origin)


class Laboratory:
    """A virtual board that runs the program of a bench."""

    def __init__(
        self,
        toolchain: str,
        *,
        random_bytes: Callable[[int], bytes] = bytes,
        profile: bool = False,
        bench: Bench = NANO,
        wiring: Mapping[str, Any] | None = None,
    ) -> None:
        self.board = VirtualBoard(
            bench.chip(),
            image(toolchain, bench),
            bench.board.flash.origin,
            random_bytes=random_bytes,
            profile=profile,
            wiring=wiring,
        )
        self._lines: list[str] = []
        self._rest = ""

    def send(self, letters: str) -> None:
        """Send commands."""
        self.board.serial_input(letters.encode())

    def line(self) -> str:
        """Return the next line that the firmware prints."""
        while not self._lines:
            reason = self.board.run(20_000_000, until_line=True)
            assert reason is StopReason.REQUEST, reason
            *self._lines, self._rest = (self._rest + self.board.serial_output().decode()).split("\n")
        return self._lines.pop(0)
