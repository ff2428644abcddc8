"""Firmware that measures itself: on a virtual board, whose time is its instructions, both ways to profile agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watching import RunningCommand

from runeflash.boards import find_board
from runeflash.device import emulator

GESTURE = Path(__file__).resolve().parents[2] / "examples" / "gesture"
BOARD = "nano33ble"
#: What measuring adds to a part's time at most, at 64 MHz, in µs: the way to the clock and back.
STAMPS = {"wasm3": 6, "aot": 3}
#: wasm3 puts a jump where one of its pages of code ends. Where that is depends on what was compiled before, and in a
#: loop it shows.
LUCK = {"wasm3": 0.01, "aot": 0}


def put_on_board(runeflash: Callable[..., Any], rune: tuple[str | Path, ...], engine: str, place: Path) -> None:
    """Bring measuring firmware to the virtual board that runs: by `run`, or by `build` and `flash`."""
    if engine == "wasm3":
        ring = ("--accelerometer", GESTURE / "ring.csv")
        done = runeflash("run", *rune, *ring, "--board", BOARD, "--port", BOARD, "--profile", "-r", "2")
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 2
        assert f"gesture on {BOARD}, {engine}, the mean of 2 calls" in done.stderr
        return
    done = runeflash("build", *rune, "--board", BOARD, "--profile", "-o", place)
    assert done.returncode == 0, done.stderr
    assert json.loads((place / "report.json").read_text())["profile"] is True
    assert "custom_profile = yes" in (place / "project" / "platformio.ini").read_text()
    assert runeflash("flash", place).returncode == 0


@pytest.mark.parametrize(("engine", "tools"), [("wasm3", "zig"), ("aot", "gcc")])
def test_microseconds_are_instructions(
    runeflash: Callable[..., Any], virtual_boards: Path, tmp_path: Path, engine: str, tools: str
) -> None:
    if tools == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    rune = (GESTURE / "Runefile.yml", "--engine", engine, "--toolchain", tools)
    ring = ("--accelerometer", GESTURE / "ring.csv")
    emulator.start(find_board(BOARD))
    put_on_board(runeflash, rune, engine, tmp_path / "build")
    done = runeflash("profile", "--port", BOARD, *ring, "-n", "3", "--json")
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    counted = json.loads(runeflash("profile", *rune, "--board", BOARD, *ring, "--json").stdout)

    instructions: dict[tuple[str, str], int] = {}
    for row in counted["rows"]:
        # The model's layers are what its inference consists of.
        part = ("host call", "rune_model_infer") if row["model"] is not None else (row["kind"], row["name"])
        instructions[part] = instructions.get(part, 0) + row["instructions"]
    times = {(row["kind"], row["name"]): row for row in measured["rows"]}
    measuring = times.pop(("other", "the measuring itself"))
    assert list(times) == list(instructions)
    reading = times.pop(("host call", "request_provider_response"))
    assert reading["microseconds"] > instructions["host call", "request_provider_response"] / 64
    sending = times.pop(("host call", "consume_output"))  # waits for the serial port, now and then
    assert 0 <= sending["microseconds"] - instructions["host call", "consume_output"] / 64 < 20
    for part, row in times.items():
        expected = instructions[part] / 64  # MHz; the clock counts whole microseconds, so each end is cut off
        luck = LUCK[engine] * expected
        assert row["least_microseconds"] - expected > -2 - luck, part
        assert row["most_microseconds"] - expected < STAMPS[engine] + 2 + luck, part
        assert row["least_microseconds"] <= row["microseconds"] <= row["most_microseconds"]
    assert 0 < measuring["microseconds"] < 60
    assert measured["microseconds"] == pytest.approx(sum(row["microseconds"] for row in measured["rows"]), abs=1)

    with RunningCommand("monitor", *ring, "--output", "records.jsonl", cwd=tmp_path) as watching:
        watching.wait_for("the measuring itself", watching.stdout)
        assert watching.interrupt() == 0
    shown = next(number for number, line in enumerate(watching.stdout) if "  profile     call " in line)
    assert watching.stdout[shown + 1].split()[:2] == ["the", "engine"]
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    line = next(record for record in records if record["kind"] == "profile")
    assert line["us"] == sum(part["us"] for part in line["parts"]) + line["profiling_us"]


@pytest.mark.parametrize("engine", ["wasm3", "aot"])
def test_on_this_computer(runeflash: Callable[..., Any], engine: str) -> None:
    done = runeflash(
        *("run", GESTURE / "Runefile.yml", "--engine", engine, "--accelerometer", GESTURE / "ring.csv"),
        *("--profile", "-r", "2"),
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    lines = done.stderr.splitlines()
    table = lines[lines.index(f"gesture on this computer, {engine}, the mean of 2 calls") :]
    assert [line.split("  ")[0] for line in table[2:]] == [
        "the engine",
        "stage: accelerometer",
        "host call: request_provider_response",
        "stage: normalize",
        "stage: gesture",
        "host call: rune_model_infer",
        "stage: most_confident_index",
        "stage: label",
        "stage: serial",
        "host call: consume_output",
        "the measuring itself",
        "total",
    ]


def test_firmware_that_does_not_measure(
    runeflash: Callable[..., Any], virtual_boards: Path, gesture_builds: Callable[[str], Path]
) -> None:
    build = gesture_builds(BOARD)
    board = emulator.start(find_board(BOARD), files={"ACCEL": [GESTURE / "ring.csv"]})
    emulator.flash(board, (build / "firmware.bin").read_bytes())
    done = runeflash("profile", "--port", BOARD)
    assert (done.returncode, done.stdout) == (1, "")
    assert "has printed 5 outputs and no `profile` line" in done.stderr
    assert "runeflash build --profile" in done.stderr


def test_what_does_not_go_together(runeflash: Callable[..., Any], virtual_boards: Path) -> None:
    runefile = GESTURE / "Runefile.yml"
    for arguments, status, message in (
        (("--port", "nowhere"), 4, "nowhere"),
        ((runefile, "--port", "nowhere"), 2, "PROGRAM does not go with --port"),
        (("--port", "nowhere", "--engine", "aot"), 2, "--engine does not go with --port"),
        (("--port", "nowhere", "--board", BOARD), 2, "--board does not go with --port"),
        (("--port", "nowhere", "--accelerometer", "none.csv"), 1, "none.csv cannot be read"),
        (("--port", "nowhere", "--advance"), 2, "--advance needs a recording"),
        ((runefile, "--board", BOARD, "--calls", "3"), 2, "--calls is for --port"),
        ((runefile, "--board", BOARD, "--advance"), 2, "--advance is for --port"),
    ):
        done = runeflash("profile", *arguments)
        assert (done.returncode, message in done.stderr) == (status, True), (arguments, done.stderr)
