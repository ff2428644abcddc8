"""The reference system's own run tests on every virtual board, built by each toolchain."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path

import pytest
from suite import RUN_PASS, inputs, run_pass

from runeflash.boards import all_boards, find_board
from runeflash.virtual.qemu import PROGRAM as QEMU

BOARDS = [board for board in all_boards() if board.virtual is not None]


def needs_qemu() -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed")


@pytest.fixture(params=[board.id for board in BOARDS])
def board(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", RUN_PASS)
def test_run_pass(runeflash, fixtures: Path, name: str, toolchain: str, board: str) -> None:
    folder, expected = run_pass(fixtures, name)
    done = runeflash("run", folder / "Runefile.yml", "--board", board, "--toolchain", toolchain, *inputs(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


@pytest.mark.parametrize("name", RUN_PASS)
@pytest.mark.parametrize("qemu_board", [board.id for board in BOARDS if "qemu" in (board.virtual or {})])
def test_run_pass_on_qemu(runeflash, fixtures: Path, name: str, toolchain: str, qemu_board: str) -> None:
    needs_qemu()
    folder, expected = run_pass(fixtures, name)
    command = ["run", folder / "Runefile.yml", "--board", qemu_board, "--emulator", "qemu", "--toolchain", toolchain]
    done = runeflash(*command, *inputs(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


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
    needs_qemu()
    run_compiled(runeflash, fixtures, name, "netduinoplus2", toolchain, "--emulator", "qemu")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [*RUN_PASS, "microspeech-up", "microspeech-down"])
def test_every_run_pass_compiled(runeflash, fixtures: Path, name: str, toolchain: str, board: str) -> None:
    run_compiled(runeflash, fixtures, name, board, toolchain)
    if "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
        run_compiled(runeflash, fixtures, name, board, toolchain, "--emulator", "qemu")


def test_random_inputs_give_the_same_bytes_on_computer_and_board(
    runeflash, fixtures: Path, toolchain: str, tmp_path: Path, board: str
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
    there = runeflash(*command, "--board", board, "--toolchain", toolchain)
    assert here.returncode == there.returncode == 0, there.stderr
    assert len(here.stdout.splitlines()) == len(windows)
    assert here.stdout == there.stdout
    if "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
        again = runeflash(*command, "--board", board, "--emulator", "qemu", "--toolchain", toolchain)
        assert again.stdout == here.stdout, again.stderr


@pytest.mark.parametrize("seed", [1, 2**64 - 1])
def test_random_capability_gives_the_same_bytes_on_computer_and_board(
    runeflash, fixtures: Path, toolchain: str, tmp_path: Path, seed: int, board: str
) -> None:
    folder, _ = run_pass(fixtures, "sine")
    (tmp_path / "sinemodel.tflite").write_bytes((folder / "sinemodel.tflite").read_bytes())
    text = (folder / "Runefile.yml").read_text().replace("capability: RAW", "capability: RAND")
    (tmp_path / "Runefile.yml").write_text(
        text.replace("      - sine\n", "      - sine\n      - mod360\n      - rand\n")
    )
    command = ["run", "--random", str(seed), "-r", "40"]
    here = runeflash(*command)
    there = runeflash(*command, "--board", board, "--toolchain", toolchain)
    assert here.returncode == there.returncode == 0, there.stderr
    assert len(here.stdout.splitlines()) == 40
    assert here.stdout == there.stdout
