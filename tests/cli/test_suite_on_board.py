"""The reference system's own run tests on every virtual board and emulator, built by each toolchain.

A test is one firmware: it is built once, and run on all that can run it. In the default run each rune is built for each
board, and by each toolchain; the random inputs below are the other halves for gestures and sines, and the rest of the
table is exhaustive.
"""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path

import pytest
from suite import RUN_PASS, inputs, run_pass

from runeflash.boards import all_boards, find_board
from runeflash.virtual.qemu import PROGRAM as QEMU

BOARDS = [board.id for board in all_boards() if board.virtual is not None]


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def emulators(board: str) -> list[str]:
    """Those that have the board, as far as they are installed."""
    has_qemu = "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None
    return ["unicorn", "qemu"] if has_qemu else ["unicorn"]


def test_qemu_is_among_them() -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")
    assert [board for board in BOARDS if "qemu" in emulators(board)] == ["netduinoplus2"]


def is_default(toolchain: str, board: str) -> bool:
    """Whether the default run has the pair: gcc builds for one board and zig for the other, or for all without gcc."""
    has_gcc = shutil.which("arm-none-eabi-gcc") is not None
    return (toolchain == "gcc") == (board == "nano33ble") if has_gcc else toolchain == "zig"


@pytest.mark.parametrize("name", RUN_PASS)
@pytest.mark.parametrize(
    ("toolchain", "board"),
    [
        pytest.param(toolchain, board, marks=() if is_default(toolchain, board) else pytest.mark.exhaustive)
        for toolchain in ("gcc", "zig")
        for board in BOARDS
    ],
    indirect=True,
)
def test_run_pass(runeflash, fixtures: Path, name: str, toolchain: str, board: str) -> None:
    folder, expected = run_pass(fixtures, name)
    for emulator in emulators(board):
        command = ["run", folder / "Runefile.yml", "--board", board, "--emulator", emulator, "--toolchain", toolchain]
        done = runeflash(*command, *inputs(folder))
        assert done.returncode == 0, (emulator, done.stderr)
        assert done.stdout == expected, emulator


def run_compiled(runeflash, fixtures: Path, name: str, board: str, toolchain: str, *options: str) -> None:
    folder, expected = run_pass(fixtures, name)
    command = ["run", folder / "Runefile.yml", "--engine", "aot", "--board", board, "--toolchain", toolchain, *options]
    done = runeflash(*command, *inputs(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


@pytest.mark.parametrize(("compiled_board", "name"), [("nano33ble", "gesture-ring"), ("netduinoplus2", "sine")])
def test_run_pass_compiled(runeflash, fixtures: Path, name: str, toolchain: str, compiled_board: str) -> None:
    run_compiled(runeflash, fixtures, name, compiled_board, toolchain)


@pytest.mark.parametrize("name", ["sine"])
def test_run_pass_compiled_on_qemu(runeflash, fixtures: Path, name: str, toolchain: str) -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")
    run_compiled(runeflash, fixtures, name, "netduinoplus2", toolchain, "--emulator", "qemu")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [*RUN_PASS, "microspeech-up", "microspeech-down"])
def test_every_run_pass_compiled(runeflash, fixtures: Path, name: str, toolchain: str, board: str) -> None:
    run_compiled(runeflash, fixtures, name, board, toolchain)
    if "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
        run_compiled(runeflash, fixtures, name, board, toolchain, "--emulator", "qemu")


def test_random_inputs_give_the_same_bytes_on_computer_and_board(
    runeflash, fixtures: Path, toolchain: str, tmp_path: Path
) -> None:
    """Gestures that are noise: ordinary, huge, tiny, infinite and not-a-number values through every stage."""
    folder, _ = run_pass(fixtures, "gesture-ring")
    text = (folder / "Runefile.yml").read_text()
    # the model's own confidences show more than a label does
    text = text.replace("      - label\n", "      - label\n      - gesture\n      - normalize\n")
    (tmp_path / "model.tflite").write_bytes((folder / "model.tflite").read_bytes())
    (tmp_path / "Runefile.yml").write_text(
        text.replace("capability: ACCEL", "capability: RAW").replace("    args:\n      n: 128\n", "", 1)
    )
    generator = random.Random(20)
    windows = [
        [generator.uniform(-20, 20) for _ in range(384)],
        [generator.uniform(-1, 1) * 10.0 ** generator.randint(-30, 30) for _ in range(384)],
        [generator.gauss(0, 1e-3) for _ in range(384)],
        [5.0] * 384,
    ]
    (tmp_path / "noise.bin").write_bytes(b"".join(struct.pack("<384f", *window) for window in windows))
    command = ["run", "--raw", "noise.bin", "-r", str(len(windows)), "--advance"]
    here = runeflash(*command)
    assert here.returncode == 0, here.stderr
    assert len(here.stdout.splitlines()) == len(windows)
    for board in BOARDS:
        for emulator in emulators(board):
            there = runeflash(*command, "--board", board, "--emulator", emulator, "--toolchain", toolchain)
            assert there.stdout == here.stdout, (board, emulator, there.stderr)


def test_random_capability_gives_the_same_bytes_on_computer_and_board(
    runeflash, fixtures: Path, toolchain: str, tmp_path: Path
) -> None:
    folder, _ = run_pass(fixtures, "sine")
    (tmp_path / "sinemodel.tflite").write_bytes((folder / "sinemodel.tflite").read_bytes())
    text = (folder / "Runefile.yml").read_text().replace("capability: RAW", "capability: RAND")
    (tmp_path / "Runefile.yml").write_text(
        text.replace("      - sine\n", "      - sine\n      - mod360\n      - rand\n")
    )
    command = ["run", "-r", "40", "--random"]
    seen = set()
    for seed in (1, 2**64 - 1):
        here = runeflash(*command, str(seed))
        assert here.returncode == 0, here.stderr
        assert len(here.stdout.splitlines()) == 40
        seen.add(here.stdout)
        for board in BOARDS:
            there = runeflash(*command, str(seed), "--board", board, "--toolchain", toolchain)
            assert there.stdout == here.stdout, (seed, board, there.stderr)
    assert len(seen) == 2
