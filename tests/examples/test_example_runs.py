"""The examples as a user runs them, and the demonstration; hil_tests runs them on boards."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"


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


@pytest.mark.parametrize(
    ("recording", "label"),
    [("wing.csv", "Wing"), ("ring.csv", "Ring"), ("slope.csv", "Slope"), ("still.csv", "Unknown")],
)
def test_gestures(runeflash, recording: str, label: str) -> None:
    expected = f'{{"channel":2,"dimensions":[1],"elements":["{label}"],"type_name":"utf8"}}\n'
    assert run_gesture(runeflash, recording) == expected


def test_sines(runeflash) -> None:
    folder = EXAMPLES / "sine"
    done = runeflash("run", folder / "Runefile.yml", "--raw", folder / "input.bin", "-r", "8", "--advance")
    assert done.returncode == 0, done.stderr
    sines = [json.loads(line)["elements"][0] for line in done.stdout.splitlines()]
    degrees = [30, 90, 180, 270, 450, -30, 765, 1]
    assert sines == pytest.approx([math.sin(math.radians(angle)) for angle in degrees], abs=0.05)


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
