"""What firmware takes with the rune compiled ahead of time: the flash and RAM of sine, the flash of gesture."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from runeflash.boards import find_board
from runeflash.firmware.build import Firmware, build_firmware
from runeflash.firmware.options import BuildOptions
from runeflash.pipeline import load
from runeflash.rune import build_rune
from runeflash.toolchain import gcc

_PROJECT = Path(__file__).resolve().parent.parent
_SINE = _PROJECT.parent / "shared" / "fixtures" / "rune-examples" / "v0.11.3" / "sine" / "Runefile.yml"
_GESTURE = _PROJECT / "examples" / "gesture" / "Runefile.yml"


def _build(path: Path, toolchain: str) -> Firmware:
    _, pipeline, _ = load(path, for_build=True)
    assert pipeline is not None
    with tempfile.TemporaryDirectory() as place:
        options = BuildOptions(find_board("nano33ble"), "stream", toolchain, "aot")
        return build_firmware(build_rune(pipeline), options, Path(place) / "build")


def _measure(toolchain: str) -> list[Figure]:
    gesture = _build(_GESTURE, toolchain)
    figures = [Figure(f"gesture, nano33ble, aot, {toolchain}: flash", gesture.flash.total, "bytes", 64 * 1024)]
    if not _SINE.is_file():
        print("bench_sizes: sine is left out, there is no fixtures folder", file=sys.stderr)
        return figures
    sine = _build(_SINE, toolchain)
    return [
        *figures,
        Figure(f"sine, nano33ble, aot, {toolchain}: flash", sine.flash.total, "bytes", 24 * 1024),
        Figure(f"sine, nano33ble, aot, {toolchain}: RAM", sine.ram.total, "bytes", 12 * 1024),
    ]


def with_zig() -> list[Figure]:
    """Built by zig."""
    return _measure("zig")


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    return _measure("gcc") if gcc.version() is not None else []


FIGURES = (with_zig, with_gcc)
