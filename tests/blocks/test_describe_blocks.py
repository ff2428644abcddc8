"""What is said about a proc block."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runeflash.blocks import library
from runeflash.blocks.describe import block_as_data, describe_block


@pytest.mark.parametrize("name", library.names())
def test_everything_declared_is_named(name: str) -> None:
    block = library.load(name)
    text = "\n".join(describe_block(block))
    assert text.startswith(f"{name}: {block.summary}")
    for part in (*block.inputs, *block.outputs, *block.arguments):
        assert f"\n    {part.name}: " in text
    data = block_as_data(block)
    assert json.loads(json.dumps(data)) == data
    for key in ("inputs", "outputs", "arguments"):
        assert [part["name"] for part in data[key]] == [part.name for part in getattr(block, key)]


def test_in_words() -> None:
    assert describe_block(library.load("most_confident_indices")) == [
        "most_confident_indices: The indices of the largest elements, largest first.",
        "  Of equal elements the one with the lower index comes first. An element that is NaN is a failure that names "
        "it, where the reference stopped without a word.",
        "  inputs:",
        "    confidences: any number, shape [1*, n, 1*]",
        "  outputs:",
        "    indices: u32, shape [count]",
        "  arguments:",
        "    count: u32, default 1, at least 1. How many indices to give.",
        "  state: none",
        "  memory besides tensors: none",
    ]


def test_command(runeflash: Any, tmp_path: Path) -> None:
    done = runeflash("blocks")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(library.names())
    assert [block["name"] for block in json.loads(runeflash("blocks", "--json").stdout)] == list(library.names())
    done = runeflash("blocks", "most-confident-indices")
    assert done.stdout.splitlines() == describe_block(library.load("most_confident_indices"))
    assert json.loads(runeflash("blocks", "label", "--json").stdout)["arguments"][0]["aliases"] == ["labels"]
    done = runeflash("blocks", "lable")
    assert done.returncode == 1
    assert "label" in done.stderr.partition("hint:")[2]


def test_a_block_of_ones_own(runeflash: Any, tmp_path: Path) -> None:
    (tmp_path / "double").mkdir()
    (tmp_path / "double" / "block.yaml").write_text(
        "summary: Twice as much.\nstate: true\ninputs: [{name: x, types: f32, shape: any}]\n"
        "outputs: [{name: y, types: same as x, shape: same as x}]\n"
    )
    (tmp_path / "double" / "double.c").write_text("")
    done = runeflash("blocks", "./double")
    assert done.returncode == 0, done.stderr
    assert "  state: kept from one call to the next" in done.stdout.splitlines()
