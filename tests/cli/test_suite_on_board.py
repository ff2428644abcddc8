"""The reference system's own run tests on the virtual board, built by each toolchain."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from suite import RUN_PASS, inputs, run_pass


@pytest.mark.parametrize("name", RUN_PASS)
def test_run_pass(runeflash, fixtures: Path, name: str, toolchain: str) -> None:
    folder, expected = run_pass(fixtures, name)
    done = runeflash("run", folder / "Runefile.yml", "--board", "nano33ble", "--toolchain", toolchain, *inputs(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


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
    there = runeflash(*command, "--board", "nano33ble", "--toolchain", toolchain)
    assert here.returncode == there.returncode == 0, there.stderr
    assert len(here.stdout.splitlines()) == len(windows)
    assert here.stdout == there.stdout


@pytest.mark.parametrize("seed", [1, 2**64 - 1])
def test_random_capability_gives_the_same_bytes_on_computer_and_board(
    runeflash, fixtures: Path, toolchain: str, tmp_path: Path, seed: int
) -> None:
    folder, _ = run_pass(fixtures, "sine")
    (tmp_path / "sinemodel.tflite").write_bytes((folder / "sinemodel.tflite").read_bytes())
    text = (folder / "Runefile.yml").read_text().replace("capability: RAW", "capability: RAND")
    (tmp_path / "Runefile.yml").write_text(
        text.replace("      - sine\n", "      - sine\n      - mod360\n      - rand\n")
    )
    command = ["run", "--random", str(seed), "-r", "40"]
    here = runeflash(*command)
    there = runeflash(*command, "--board", "nano33ble", "--toolchain", toolchain)
    assert here.returncode == there.returncode == 0, there.stderr
    assert len(here.stdout.splitlines()) == 40
    assert here.stdout == there.stdout
