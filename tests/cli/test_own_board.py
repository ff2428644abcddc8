"""A board of the user's own, added from a folder that runeflash does not know: the page's, and one with its own C."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from runeflash.boards import find_board

PROJECT = Path(__file__).resolve().parents[2]
EXPECTED = '{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}\n'

#: A driver for RAND that counts: what it gives can be told from any other's.
COUNTER = """
#include "counter.h"

static uint8_t next;

rune_status counter_read(const rune_capability *capability, uint8_t *bytes, uint32_t length)
{
    (void)capability;
    for (uint32_t i = 0; i < length; i++) {
        bytes[i] = next++;
    }
    return RUNE_OK;
}
"""


@pytest.fixture
def gesture(tmp_path: Path) -> Path:
    """A project with the page's board: another USART, pins, baud rate, crystal and RAM than the netduinoplus2's."""
    shutil.copytree(
        PROJECT / "examples" / "gesture", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build")
    )
    (example,) = re.findall(r"```json\n(\{.*?)```", (PROJECT / "docs" / "boards.md").read_text(), re.DOTALL)
    content = json.loads(example)
    content["upload"]["maximum_ram_size"] = 65_536
    write(tmp_path, content)
    return tmp_path


def write(folder: Path, content: dict) -> None:
    (folder / "my-board.json").write_text(json.dumps(content))


def test_a_board_in_a_file(runeflash, gesture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = runeflash("boards", "./my-board.json")
    assert "my-board: My board" in listed.stdout, listed.stderr
    assert runeflash("check", "--board", "./my-board.json").returncode == 0
    built = runeflash("build", "--board", "./my-board.json")
    assert built.returncode == 0, built.stderr
    assert "of 65,536 bytes" in built.stdout
    report = json.loads((gesture / "build" / "my-board" / "report.json").read_text())
    assert (report["board"], report["board_file"]) == ("my-board", "../../my-board.json")
    # nothing names it any more
    again = runeflash("build")
    assert again.returncode == 0, again.stderr
    assert "unchanged: " in again.stdout
    done = runeflash("run", "--board", "my-board.json", "--accelerometer", "ring.csv")
    assert (done.returncode, done.stdout) == (0, EXPECTED), done.stderr
    # plugged in, which a virtual one stands for
    monkeypatch.setenv("RUNEFLASH_BOARDS_DIR", str(tmp_path / "boards"))
    try:
        started = runeflash("emulate", "--board", "./my-board.json")
        assert started.returncode == 0, started.stderr
        flashed = runeflash("flash")
        assert flashed.returncode == 0, flashed.stderr
        seen = runeflash("monitor", "--json", "-n", "1", "--timeout", "60", "--accelerometer", "ring.csv")
        assert (seen.returncode, seen.stdout) == (0, EXPECTED), seen.stderr
    finally:
        runeflash("emulate", "--stop")
    # from elsewhere, and moved as a whole
    (gesture / "elsewhere").mkdir()
    moved = gesture.rename(gesture.with_name("moved"))
    try:
        assert runeflash("build", "..", cwd=moved / "elsewhere").returncode == 0
        (moved / "my-board.json").unlink()
        lost = runeflash("build", cwd=moved)
        assert lost.returncode == 1
        assert "my-board.json cannot be read" in lost.stderr
    finally:
        moved.rename(gesture)


def test_what_does_not_go(runeflash, gesture: Path) -> None:
    content = json.loads((gesture / "my-board.json").read_text())
    content["runeflash"]["virtual"]["chip"] = "stm32f407"
    write(gesture, content)
    done = runeflash("run", "--board", "my-board.json", "--accelerometer", "ring.csv")
    assert done.returncode == 1
    assert "my-board.json): there is no virtual chip 'stm32f407'" in done.stderr
    content["runeflash"]["family"] = "stm23"
    write(gesture, content)
    done = runeflash("check", "--board", "my-board.json")
    assert done.returncode == 1
    assert "did you mean stm32?" in done.stderr
    content["runeflash"]["family"] = "stm32"
    content["upload"]["maximum_ram_size"] = 20_000
    write(gesture, content)
    done = runeflash("build", "--board", "my-board.json")
    assert done.returncode == 1
    assert "the firmware does not fit my-board" in done.stderr


def test_a_driver_of_its_own(runeflash, gesture: Path, tmp_path: Path) -> None:
    """The family's file with another entry in its table of drivers; the driver lies in a folder below."""
    original = find_board("netduinoplus2").family_folder / "board_support" / "stm32f405.c"
    support = original.read_text().replace("#include <stddef.h>", '#include <stddef.h>\n\n#include "counter.h"', 1)
    (gesture / "support.c").write_text(support.replace(".read = stm32f405_rng_read", ".read = counter_read"))
    (gesture / "drivers").mkdir()
    (gesture / "drivers" / "counter.c").write_text(COUNTER)
    (gesture / "counter.h").write_text(
        '#include "rune_board.h"\n\n'
        "rune_status counter_read(const rune_capability *capability, uint8_t *buffer, uint32_t length);\n"
    )
    content = json.loads((gesture / "my-board.json").read_text())
    ours = content["runeflash"]
    ours["capabilities"] = {"RAND": "counter"}
    ours["sources"].remove("board_support/stm32f405.c")
    ours["sources"] += ["./support.c", "./drivers/counter.c"]
    write(gesture, content)
    (gesture / "Runefile.yml").write_text(
        """
version: 1
image: runicos/base
pipeline:
  rand:
    capability: RAND
    outputs:
      - {type: u8, dimensions: [4]}
  serial:
    out: serial
    inputs: [rand]
"""
    )
    done = runeflash("run", "--board", "my-board.json", "-r", "2")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["elements"] for line in done.stdout.splitlines()] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    # a header is noticed as well as a source
    (gesture / "counter.h").write_text("#error changed\n")
    done = runeflash("run", "--board", "my-board.json", "-r", "2")
    assert done.returncode == 3
    assert "counter.h" in done.stderr
