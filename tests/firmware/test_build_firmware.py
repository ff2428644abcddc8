"""Building firmware, with the installed command: what it writes, when it works, and how it says that it cannot."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from tflite_builder import ModelBuilder, fully_connected_options

from runeflash.boards import all_boards, find_board
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.device.virtual_board import virtual_board
from runeflash.elf_symbols import read_symbols
from runeflash.firmware.elf_tool import read_elf

PAINT = b"\xa5"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gesture"


@pytest.fixture
def gesture(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "gesture", ignore=shutil.ignore_patterns("build"))
    return tmp_path / "gesture"


def test_a_build(runeflash, gesture: Path, toolchain: str) -> None:
    done = runeflash("build", "--board", "nano33ble", "--toolchain", toolchain, cwd=gesture)
    assert done.returncode == 0, done.stderr
    output = gesture / "build" / "nano33ble"
    report = json.loads((output / "report.json").read_text())
    assert {"project", "firmware.elf", "firmware.bin", "firmware.hex", "gesture.rune"} <= {
        p.name for p in output.iterdir()
    }
    assert (output / "project" / "README.md").is_file()
    # In the cache an object is known by its path too: one with the board's name would be compiled anew for each board.
    assert (output / "project" / ".pio" / "shared" / "runtime" / "rune_host.o").is_file()

    # every byte has its line, and the lines are what the image says
    elf = read_elf(output / "firmware.elf")
    board = find_board("nano33ble")
    for part, total in (("flash", elf.flash_bytes), ("ram", elf.ram_bytes(board.ram.origin, board.ram.length))):
        lines = report[part]
        assert sum(value for key, value in lines.items() if key not in {"limit", "used"}) == lines["used"] == total
    assert (output / "firmware.bin").stat().st_size == report["flash"]["used"]
    sizes = {symbol.name: symbol.size for symbol in read_symbols(output / "firmware.elf")}
    assert sizes["engine_heap"] == report["ram"]["engine_heap"] + report["ram"]["linear_memory"]
    assert sizes["model_arena"] == report["ram"]["model_arena"]
    assert f"{report['ram']['used']:,} of 262,144 bytes" in done.stdout
    if toolchain == "gcc":
        assert report["ram"]["used"] <= 72 * 1024
        assert report["flash"]["used"] <= 136 * 1024

    # the same inputs in another folder give the same bytes
    again = gesture.parent / "elsewhere"
    done = runeflash("build", "--board", "nano33ble", "--toolchain", toolchain, "-o", again, cwd=gesture)
    assert done.returncode == 0, done.stderr
    for name in ("firmware.bin", "firmware.hex"):
        digest = hashlib.sha256((again / name).read_bytes()).hexdigest()
        assert digest == report["files"][name]


def test_builds_that_change(runeflash, gesture: Path) -> None:
    build = ("build", "--board", "nano33ble")
    first = runeflash(*build, cwd=gesture)
    assert "built: " in first.stdout, first.stderr
    second = runeflash(*build, cwd=gesture)
    assert "unchanged: " in second.stdout, second.stderr
    image = gesture / "build" / "nano33ble" / "firmware.bin"
    before = image.read_bytes()
    text = (gesture / "Runefile.yml").read_text()
    assert "Ring" in text
    (gesture / "Runefile.yml").write_text(text.replace("Ring", "Loop"))
    # without --board: the last one built here
    assert "built: " in runeflash("build", cwd=gesture).stdout
    assert b"Loop" in image.read_bytes()
    assert b"Ring" not in image.read_bytes()
    # an image that was tampered with is made anew
    image.write_bytes(before)
    assert "built: " in runeflash("build", cwd=gesture).stdout
    assert b"Loop" in image.read_bytes()
    # what another project has built meanwhile, under the same names, is not taken for this one's
    (gesture / "Runefile.yml").write_text(text.replace("Ring", "Hoop"))
    assert "built: " in runeflash(*build, "-o", gesture.parent / "elsewhere", cwd=gesture).stdout
    assert "built: " in runeflash("build", cwd=gesture).stdout
    assert b"Hoop" in image.read_bytes()
    assert b"Loop" not in image.read_bytes()
    assert "deleted" in runeflash("clean", cwd=gesture).stdout
    assert not (gesture / "build").exists()
    assert "nothing to clean" in runeflash("clean", cwd=gesture).stdout


def check_memory(project: Path, board: str, recordings: dict[str, tuple[Path, ...]]) -> None:
    """Run a build: the boot line says what the engine took, and a painted stack stays within the bound."""
    output = project / "build" / board
    report = json.loads((output / "report.json").read_text())
    reserve = report["ram"]["stack"]
    assert report["stack"]["running"] + report["stack"]["interrupts"] <= reserve
    description = find_board(board)
    bottom = description.ram.origin  # what goes below it faults
    machine = virtual_board(description, (output / "firmware.bin").read_bytes(), random_bytes=bytes)
    machine.write_memory(bottom, PAINT * reserve)
    session = RunSession(
        Recordings(recordings, False, pytest.fail),
        lines_per_call=1,
        repeats=3,
        emit=lambda line: None,
        warn=pytest.fail,
    )
    lines = b""
    while not session.finished:
        machine.run(500_000, until_microseconds=machine.microseconds + 100_000)
        data, now = machine.serial_output(), machine.microseconds / 1e6
        lines += data
        session.receive(data, now)
        machine.serial_input(session.take_outgoing(now))
    boot = json.loads(lines.splitlines()[0])
    assert boot["runeflash"] == "boot"
    assert boot["board"] == board
    assert boot["build"] == report["build"]
    if report["engine"] == "wasm3":
        assert boot["heap"] == report["ram"]["engine_heap"] + report["ram"]["linear_memory"]
    used = len(machine.read_memory(bottom, reserve).lstrip(PAINT))
    # Interrupts do not come all at once where the stack is deepest, but the bound is no fantasy either.
    assert reserve / 3 < used <= reserve


@pytest.mark.parametrize("engine", ["wasm3", "aot"])
def test_memory_is_what_the_firmware_uses(runeflash, gesture: Path, toolchain: str, engine: str) -> None:
    done = runeflash("build", "--board", "nano33ble", "--toolchain", toolchain, "--engine", engine, cwd=gesture)
    assert done.returncode == 0, done.stderr
    check_memory(gesture, "nano33ble", {"ACCEL": (gesture / "ring.csv",)})


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ["wasm3", "aot"])
@pytest.mark.parametrize("board", [board.id for board in all_boards() if board.virtual is not None])
@pytest.mark.parametrize("example", ["gesture", "sine", "microspeech-up"])
def test_memory_of_every_example(
    runeflash, fixtures: Path, tmp_path: Path, toolchain: str, example: str, board: str, engine: str
) -> None:
    place = EXAMPLE.parent / example
    source = place if place.is_dir() else fixtures / "rune-suite" / "run-pass" / example
    project = tmp_path / example
    shutil.copytree(source, project, ignore=shutil.ignore_patterns("build"))
    done = runeflash("build", "--board", board, "--toolchain", toolchain, "--engine", engine, cwd=project)
    assert done.returncode == 0, done.stderr
    (tmp_path / "angle.bin").write_bytes(np.array([90.0], "<f4").tobytes())
    recordings = {
        "gesture": {"ACCEL": (project / "ring.csv",)},
        "sine": {"RAW": (tmp_path / "angle.bin",)},
        "microspeech-up": {"SOUND": (project / "up.wav",)},
    }
    check_memory(project, board, recordings[example])


def dense_model(inputs: int, outputs: int) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor((1, inputs), name="x")
    weights = builder.tensor((outputs, inputs), np.zeros((outputs, inputs), np.float32), name="weights")
    bias = builder.tensor((outputs,), np.zeros(outputs, np.float32), name="bias")
    y = builder.tensor((1, outputs), name="y")
    builder.operator("FULLY_CONNECTED", [x, weights, bias], [y], fully_connected_options())
    return builder.build([x], [y])


MODEL = """
version: 1
image: runicos/base
pipeline:
  input: {{capability: RAW, outputs: [{{type: f32, dimensions: [1, {inputs}]}}]}}
  net: {{model: net.tflite, inputs: [input]}}
  serial: {{out: serial, inputs: [net]}}
"""


@pytest.mark.parametrize(
    ("inputs", "outputs", "text"),
    [
        (512, 512, "the firmware does not fit nano33ble: it needs"),
        (70_000, 1, "bytes of RAM"),
    ],
)
def test_a_model_that_does_not_fit(runeflash, tmp_path: Path, inputs: int, outputs: int, text: str) -> None:
    (tmp_path / "net.tflite").write_bytes(dense_model(inputs, outputs))
    (tmp_path / "Runefile.yml").write_text(MODEL.format(inputs=inputs))
    done = runeflash("build", "--board", "nano33ble")
    assert done.returncode == 1
    assert text in done.stderr
    assert "hint:" in done.stderr
    assert not (tmp_path / "build" / "nano33ble" / "report.json").exists()


def test_a_firmware_that_the_linker_refuses(runeflash, tmp_path: Path, toolchain: str) -> None:
    """Weights that alone would fit: only with the code does the image become too large."""
    (tmp_path / "net.tflite").write_bytes(dense_model(960, 250))
    (tmp_path / "Runefile.yml").write_text(MODEL.format(inputs=960))
    done = runeflash("build", "--board", "nano33ble", "--toolchain", toolchain)
    assert done.returncode == 1, done.stderr
    assert "the firmware does not fit nano33ble: it needs" in done.stderr
    assert "bytes of flash" in done.stderr
    assert "model weights 961,000" in done.stderr


def test_the_firmwares_compiler_fails(runeflash, gesture: Path, tmp_path: Path) -> None:
    """A gcc that is there but does not work."""
    tools = tmp_path / "tools"
    tools.mkdir()
    broken = tools / "arm-none-eabi-gcc"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = -dumpfullversion ] && echo 12.2.1 && exit 0\n'
        "echo 'internal compiler error: broken' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    import os

    environment = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = runeflash("build", "--board", "nano33ble", "--toolchain", "gcc", cwd=gesture, environment=environment)
    assert done.returncode == 3
    # What measures the engine is compiled first, unless it is in the cache.
    assert re.search(r"error: (building the firmware with PlatformIO|compiling \w+\.c) failed", done.stderr)
    assert "internal compiler error: broken" in done.stderr


def test_gcc_that_is_not_there(runeflash, gesture: Path, tmp_path: Path) -> None:
    import sys

    environment = {"PATH": str(Path(sys.executable).parent)}
    done = runeflash("build", "--board", "nano33ble", "--toolchain", "gcc", cwd=gesture, environment=environment)
    assert done.returncode == 3
    assert "arm-none-eabi-gcc, version 10 or newer, is not on the PATH" in done.stderr
    assert "--toolchain zig" in done.stderr
