"""The gesture example on the virtual nano33ble: flash, RAM, and the instructions of a call."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figure import Figure
from runeflash.boards import find_board
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.device.virtual_run import run_virtual
from runeflash.firmware.cached import cached_firmware
from runeflash.firmware.options import BuildOptions
from runeflash.pipeline import load
from runeflash.rune import build_rune
from runeflash.toolchain import gcc

_EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "gesture"


def _measure(toolchain: str) -> list[Figure]:
    path = _EXAMPLE / "Runefile.yml"
    _, pipeline, _ = load(path, for_build=True)
    assert pipeline is not None
    board = find_board("nano33ble")
    firmware = cached_firmware(build_rune(pipeline), BuildOptions(board, "stream", toolchain), path)
    session = RunSession(
        Recordings({"ACCEL": [_EXAMPLE / "ring.csv"]}),
        lines_per_call=1,
        repeats=2,
        emit=lambda line: None,
        warn=lambda sentence: None,
    )
    counts = run_virtual(board, firmware.image.read_bytes(), session, seed=0)
    name = f"gesture, nano33ble, wasm3, {toolchain}"
    return [
        Figure(f"{name}: flash", firmware.flash.total, "bytes", 136 * 1024 if toolchain == "gcc" else None),
        Figure(f"{name}: RAM", firmware.ram.total, "bytes", 72 * 1024 if toolchain == "gcc" else None),
        Figure(f"{name}: rune per call", counts[0].rune, "instructions"),
        Figure(f"{name}: model per call", counts[0].models, "instructions"),
        Figure(f"{name}: output per call", counts[0].output, "instructions"),
    ]


def with_zig() -> list[Figure]:
    """Built by zig."""
    return _measure("zig")


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    return _measure("gcc") if gcc.version() is not None else []


FIGURES = (with_zig, with_gcc)
