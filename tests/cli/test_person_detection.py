"""The reference system's person-detection example, whose model is uint8, on both of its pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

PICTURES = ("image.png", "image_grayscale.png")
BOARDS = ["nano33ble", pytest.param("netduinoplus2", marks=pytest.mark.exhaustive)]


def example(fixtures: Path, version: str, place: Path) -> Path:
    """Return a copy of the example of a version, with the pictures of the newest."""
    folder = place / version
    shutil.copytree(fixtures / "rune-examples" / version / "person_detection", folder)
    for name in PICTURES:
        shutil.copyfile(fixtures / "rune-examples" / "v0.11.3" / "person_detection" / name, folder / name)
    return folder


def labels(runeflash, folder: Path, runefile: str, *arguments: str) -> list[str]:
    """Return the label of each picture."""
    found = []
    for name in PICTURES:
        done = runeflash("run", folder / runefile, "--image", folder / name, *arguments)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        found += json.loads(line)["elements"]
    return found


@pytest.mark.parametrize(("version", "runefile"), [("v0.11.3", "Runefile.yml"), ("v0.2.2", "Runefile")])
def test_sees_the_person_on_this_computer(
    version: str, runefile: str, fixtures: Path, runeflash, tmp_path: Path
) -> None:
    assert labels(runeflash, example(fixtures, version, tmp_path), runefile) == ["person_prob", "person_prob"]


@pytest.mark.parametrize("board", BOARDS)
def test_sees_the_person_on_a_board(board: str, fixtures: Path, runeflash, tmp_path: Path) -> None:
    folder = example(fixtures, "v0.11.3", tmp_path)
    assert labels(runeflash, folder, "Runefile.yml", "--board", board) == ["person_prob", "person_prob"]
