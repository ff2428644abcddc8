"""Board files: every one of ours is whole, and what is missing in another is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runeflash.boards import all_boards, find_board
from runeflash.boards.board import read_board
from runeflash.errors import UserError


def test_ours() -> None:
    boards = {board.id: board for board in all_boards()}
    nano = boards["nano33ble"]
    assert (nano.flash.origin, nano.flash.length) == (0x10000, 983_040)
    assert nano.ram.length == 256 * 1024
    assert nano.family == "runeflash-arduino"
    assert nano.capabilities("stream") == {"RAND", "SOUND", "ACCEL", "IMAGE", "RAW"}
    for board in boards.values():
        for source in board.sources:
            assert (board.path.parent.parent / source).is_file()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda content: content.pop("runeflash"), "should have an object at runeflash"),
        (lambda content: content["build"].pop("cpu"), "should have a text at build.cpu"),
        (lambda content: content["runeflash"]["memory"].pop("stack"), "should have a number at runeflash.memory.stack"),
        (lambda content: content["runeflash"].update(sensors="stream"), "a list of texts at runeflash.sensors"),
        (lambda content: content["upload"].update(maximum_size=10**9), "more in upload.maximum"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, change, text: str) -> None:
    content = json.loads(find_board("nano33ble").path.read_text())
    change(content)
    (tmp_path / "mine.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as error:
        read_board(tmp_path / "mine.json", "arduino")
    assert text in error.value.message
    assert "mine.json" in error.value.message
