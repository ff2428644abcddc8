"""The page of promises against what is there: every row has a test that exists, every trap a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from traps import all_traps

from runeflash.resources import folder

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "sandbox.md").read_text()
WIRE = (PROJECT / "docs" / "wire.md").read_text()
PLACES = dict(re.findall(r"\*(\w+)\* is\s`(tests/[\w/.]+)`", PAGE))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## The table")[2].partition("\n## ")[0].splitlines()
    if line.startswith("|")
][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_names_a_test_that_exists(row: list[str]) -> None:
    _, _, told = row
    match = re.fullmatch(r"(?:(\w+)|`([\w/.]+)`): `(test_\w+)`", told)
    assert match, told
    place = PROJECT / (match[2] or PLACES[match[1]])
    tree = ast.parse(place.read_text())
    assert match[3] in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}


def test_each_trap_has_a_row_with_its_code() -> None:
    told = {what: code.strip("`") for what, code, _ in ROWS}
    sprung = {trap.row: trap.code for trap in all_traps()}
    assert sprung == {what: told.get(what) for what in sprung}
    others = {what for what in told if what not in sprung}
    assert all(told[what].startswith(("all of these", "the build refuses")) for what in others)


def test_the_wires_page_has_the_codes_of_the_runtime() -> None:
    source = (folder("targets") / "common" / "rune_status.c").read_text()
    names = re.findall(r'= "([a-z-]+)",', source)
    listed = re.findall(
        r"^\| `([a-z-]+)` \|", WIRE.partition("The codes of `error` lines")[2].partition("## ")[0], re.M
    )
    assert listed == ["code", *names[1:]]
