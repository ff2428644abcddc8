"""Board files: every one of ours is whole, and what is missing or wrong in another is named."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from runeflash.boards import all_boards, built_for, find_board
from runeflash.boards.board import read_board
from runeflash.errors import UserError
from runeflash.firmware.linker_script import linker_script

PROJECT = Path(__file__).resolve().parents[2]


def content_of(board: str) -> dict:
    content = json.loads(find_board(board).path.read_text())
    content["runeflash"]["family"] = find_board(board).family.removeprefix("runeflash-")
    return content


def test_ours() -> None:
    boards = {board.id: board for board in all_boards()}
    nano = boards["nano33ble"]
    assert (nano.flash.origin, nano.flash.length) == (0x10000, 983_040)
    assert nano.ram.length == 256 * 1024
    assert nano.family == "runeflash-arduino"
    assert nano.capabilities("stream") == {"RAND", "SOUND", "ACCEL", "IMAGE", "RAW"}
    netduino = boards["netduinoplus2"]
    assert (netduino.flash.origin, netduino.flash.length, netduino.ram.length) == (0x08000000, 1 << 20, 128 << 10)
    assert not any(board.is_own or board.own_files() for board in boards.values())


def texts(path: Path) -> set[str]:
    """The string constants of a module, without its documentation."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    }


def test_nothing_about_a_board_is_written_in_python() -> None:
    """Besides its family's folder and the virtual chip, which knows only itself."""
    known = {name for board in all_boards() for name in (board.id, board.name, board.mcu)}
    known |= {Path(name).stem for board in all_boards() for name in board.sources}
    for path in (PROJECT / "runeflash").glob("**/*.py"):
        if "chips" not in path.parts:
            assert not [text for text in texts(path) if any(name in text for name in known)], path


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda content: content.pop("runeflash"), "should have an object at runeflash"),
        (lambda content: content.pop("url"), "should have a text at url"),
        (lambda content: content["build"].pop("cpu"), "should have a text at build.cpu"),
        (lambda content: content["build"].update(ldscript="stm32.ld"), "'stm32.ld' at build.ldscript: there is no"),
        (lambda content: content["build"].update(ldscript="./mine.ld"), "there is no file"),
        (lambda content: content["runeflash"].pop("family"), "should have a text at runeflash.family"),
        (lambda content: content["runeflash"].update(family="stm23"), "at runeflash.family: there is no such family"),
        (lambda content: content["runeflash"]["memory"].pop("stack"), "should have a number at runeflash.memory.stack"),
        (lambda content: content["runeflash"]["memory"].update(stack=1001), "a multiple of 8 from 1024"),
        (lambda content: content["runeflash"]["memory"].update(stack=True), "a number at runeflash.memory.stack"),
        (lambda content: content["runeflash"]["memory"].update(stack="many"), "a number at runeflash.memory.stack"),
        (lambda content: content["runeflash"]["memory"].update(rom={}), "the key runeflash.memory.rom, which means"),
        (lambda content: content["runeflash"]["serial"].update(baud=1), "1 in runeflash.serial.baud, which is no"),
        (lambda content: content["runeflash"].update(sensors="stream"), "a list of texts at runeflash.sensors"),
        (lambda content: content["runeflash"].update(sensors=["radio"]), "'radio' at runeflash.sensors: there is no"),
        (lambda content: content["runeflash"].update(sensors=[]), "at least one mode at runeflash.sensors"),
        (lambda content: content["runeflash"].update(capabilites={}), "runeflash.capabilites, which means nothing"),
        (
            lambda content: content["runeflash"].update(capabilities={"RAND": 1}),
            "a text at runeflash.capabilities.RAND",
        ),
        (lambda content: content["runeflash"].update(capabilities={"SMELL": "x"}), "there is no such capability"),
        (
            lambda content: content["runeflash"].update(capabilities={"RAND": "stm32f405_rgn"}),
            "names the driver 'stm32f405_rgn' for RAND, but no stm32f405_rgn.c is among runeflash.sources",
        ),
        (
            lambda content: content["runeflash"]["sources"].append("drivers/x.c"),
            "'drivers/x.c' at runeflash.sources: there is no such file of the family",
        ),
        (lambda content: content["runeflash"]["sources"].append("../common/rune_json.c"), "no such file of the family"),
        (lambda content: content["runeflash"]["sources"].append("./mine.c"), "names ./mine.c, and there is no file"),
        (lambda content: content["runeflash"]["sources"].append("./../mine.c"), "does not lie below its own folder"),
        (lambda content: content["runeflash"].update(defines={"A B": 1}), "at runeflash.defines.A B"),
        (lambda content: content["runeflash"].update(defines={"A": "1; 2"}), "at runeflash.defines.A"),
        (lambda content: content["runeflash"].update(defines={"A": True}), "at runeflash.defines.A"),
        (lambda content: content["runeflash"].update(virtual="stm32f405"), "an object at runeflash.virtual"),
        (lambda content: content["upload"].update(maximum_size=10**9), "1000000000 in upload.maximum_size, but"),
        (lambda content: content["upload"].update(maximum_ram_size=0), "0 in upload.maximum_ram_size, but"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, change, text: str) -> None:
    content = content_of("netduinoplus2")
    change(content)
    (tmp_path / "mine.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as error:
        read_board(tmp_path / "mine.json")
    assert text in error.value.message
    assert "mine.json" in error.value.message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine.json", "[]", "should have an object at its top"),
        ("mine.json", "{", "is not JSON"),
        ("mine.json", "[" * 100_000, "is not JSON"),
        ("mine.json", "\xff", "is not JSON"),
        ("my board.json", "{}", "'my board', which cannot be a board's name"),
    ],
)
def test_no_board_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message):
        find_board(str(tmp_path / name))


def test_names_of_boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"missing\.json cannot be read"):
        find_board("missing.json")
    with pytest.raises(UserError) as error:
        find_board("nano33bel")
    assert error.value.hint == "did you mean nano33ble?"
    (tmp_path / "mine.json").write_text(json.dumps(content_of("nano33ble")))
    with pytest.raises(UserError) as error:
        find_board("mine")
    assert error.value.hint == "a file is named with its ending: mine.json"
    assert find_board("./mine.json").id == "mine"


def test_a_build_knows_its_board(tmp_path: Path) -> None:
    report = tmp_path / "build" / "mine" / "report.json"
    report.parent.mkdir(parents=True)
    report.write_text('{"board": "nano33ble", "board_file": null}')
    assert built_for(report).id == "nano33ble"
    report.write_text('{"board": "mine", "board_file": "../../mine.json"}')
    with pytest.raises(UserError, match=r"the last build here.*mine\.json cannot be read"):
        built_for(report)
    (tmp_path / "mine.json").write_text(json.dumps(content_of("nano33ble")))
    assert built_for(report).is_own
    report.write_text("[]")
    with pytest.raises(UserError, match="does not say for which board"):
        built_for(report)


def test_files_of_its_own(tmp_path: Path) -> None:
    content = content_of("netduinoplus2")
    content["build"]["ldscript"] = "./mine.ld"
    content["runeflash"]["sources"] += ["./deep/mine.c"]
    (tmp_path / "mine.json").write_text(json.dumps(content))
    (tmp_path / "deep").mkdir()
    for name in ("mine.ld", "mine.h", "other.c", "deep/mine.c", "deep/deep.h"):
        (tmp_path / name).write_text(f"/* {name} */\n")
    board = find_board(str(tmp_path / "mine.json"))
    assert [path.relative_to(tmp_path).as_posix() for path in board.own_files()] == [
        "deep/deep.h",
        "deep/mine.c",
        "mine.h",
        "mine.ld",
    ]
    assert linker_script(board, board.stack).endswith("/* mine.ld */\n")
    assert "RAM   (rwx) : ORIGIN = 0x20000000, LENGTH = 131072" in linker_script(board, board.stack)


def test_every_key_is_on_its_page() -> None:
    page = (PROJECT / "docs" / "boards.md").read_text()
    rows = set(re.findall(r"`([\w.]+)`", "\n".join(line.split("|")[1] for line in page.splitlines() if "| `" in line)))
    for board in all_boards():
        content = json.loads(board.path.read_text())
        for key in content["runeflash"]:
            assert any(row == f"runeflash.{key}" or row.startswith(f"runeflash.{key}.") for row in rows), key


def test_the_page_has_a_board_that_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```json\n(\{.*?)```", (PROJECT / "docs" / "boards.md").read_text(), re.DOTALL)
    (tmp_path / "my-board.json").write_text(example)
    board = find_board(str(tmp_path / "my-board.json"))
    assert (board.baud, board.family, board.defines["RUNE_USART"]) == (115_200, "runeflash-stm32", "2")
