"""The examples as a user runs them, and the demonstration; hil_tests runs them on boards."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runeflash.boards import all_boards, find_board
from runeflash.firmware.options import ENGINES
from runeflash.virtual.qemu import PROGRAM as QEMU

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"
GESTURES = {"wing": "Wing", "ring": "Ring", "slope": "Slope", "still": "Unknown"}


def test_every_example_is_run() -> None:
    """A new one needs a line in test_boards_give_the_same_bytes, which has every board, engine and compiler."""
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/Runefile*")) == sorted(PLAYS)


@pytest.mark.parametrize("name", ["gesture", "sine"])
def test_check_finds_nothing(runeflash, name: str) -> None:
    done = runeflash("check", EXAMPLES / name / "Runefile.yml", "--strict")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def run_gesture(runeflash, recording: str) -> str:
    folder = EXAMPLES / "gesture"
    done = runeflash("run", folder / "Runefile.yml", "--accelerometer", folder / recording)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "Running rune: gesture.rune\n"
    return done.stdout


@pytest.mark.parametrize(("name", "label"), GESTURES.items())
def test_gestures(runeflash, name: str, label: str) -> None:
    expected = f'{{"channel":2,"dimensions":[1],"elements":["{label}"],"type_name":"utf8"}}\n'
    assert run_gesture(runeflash, f"{name}.csv") == expected


def test_sines(runeflash) -> None:
    folder = EXAMPLES / "sine"
    done = runeflash("run", folder / "Runefile.yml", "--raw", folder / "input.bin", "-r", "8", "--advance")
    assert done.returncode == 0, done.stderr
    sines = [json.loads(line)["elements"][0] for line in done.stdout.splitlines()]
    degrees = [30, 90, 180, 270, 450, -30, 765, 1]
    assert sines == pytest.approx([math.sin(math.radians(angle)) for angle in degrees], abs=0.05)


#: In the default run: a board for each engine and toolchain.
BOARDS = {
    ("wasm3", "gcc"): "netduinoplus2",
    ("wasm3", "zig"): "nano33ble",
    ("aot", "gcc"): "nano33ble",
    ("aot", "zig"): "netduinoplus2",
}


def firmwares() -> list[object]:
    boards = [board.id for board in all_boards() if board.virtual is not None]
    return [
        pytest.param(
            engine, compiler, board, marks=[] if BOARDS[engine, compiler] == board else [pytest.mark.exhaustive]
        )
        for engine, compiler, board in itertools.product(ENGINES, ("gcc", "zig"), boards)
    ]


def play_gestures(folder: Path) -> list[str | Path]:
    """All recordings in one, a call for each."""
    rows = [(EXAMPLES / "gesture" / f"{name}.csv").read_text().splitlines() for name in GESTURES]
    recording = folder / "gestures.csv"
    recording.write_text("\n".join([rows[0][0], *(row for one in rows for row in one[1:])]) + "\n")
    return ["--accelerometer", recording, "-r", str(len(GESTURES)), "--advance"]


def play_sines(_folder: Path) -> list[str | Path]:
    return ["--raw", EXAMPLES / "sine" / "input.bin", "-r", "8", "--advance"]


PLAYS = {"gesture": play_gestures, "sine": play_sines}


@pytest.mark.parametrize(("engine", "compiler", "board"), firmwares())
def test_boards_give_the_same_bytes(runeflash, engine: str, compiler: str, board: str, tmp_path: Path) -> None:
    if compiler == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    for name, play in PLAYS.items():
        command = ["run", EXAMPLES / name / "Runefile.yml", *play(tmp_path)]
        here = runeflash(*command)
        assert here.returncode == 0, here.stderr
        if name == "gesture":
            assert [json.loads(line)["elements"] for line in here.stdout.splitlines()] == [
                [g] for g in GESTURES.values()
            ]
        emulators = ["unicorn"]
        if "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
            emulators.append("qemu")
        for emulator in emulators:
            options = ["--engine", engine, "--toolchain", compiler, "--board", board, "--emulator", emulator]
            there = runeflash(*command, *options)
            assert there.returncode == 0, (name, emulator, there.stderr)
            assert there.stdout == here.stdout, (name, emulator)


def test_demo() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"], cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n$ runeflash ") == 5
    seen = [line.split() for line in done.stdout.splitlines()[-3:]]
    assert seen == [["wing.csv", "Wing"], ["ring.csv", "Ring"], ["slope.csv", "Slope"]]


def test_demo_stops_where_a_command_fails(tmp_path: Path) -> None:
    """In a copy whose Runefile is broken: the demo says so, and runs nothing further."""
    copy = tmp_path / "examples"
    (copy / "gesture").mkdir(parents=True)
    for name in ("__init__.py", "demo.py"):
        (copy / name).write_bytes((EXAMPLES / name).read_bytes())
    (copy / "gesture" / "Runefile.yml").write_text("version: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "missing field `image`" in done.stderr
    assert "The demo stopped: `runeflash check` failed with exit code 1" in done.stderr
    assert done.stdout.count("\n$ ") == 1
