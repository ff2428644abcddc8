"""A proc block that never ends: an error that names its stage, a restart, and the board goes on."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest

from runeflash.boards import find_board
from runeflash.device.frames import encode_frame
from runeflash.virtual.board import VirtualBoard

BLOCK = """
summary: Never ends when the first number is below zero.
inputs:
  - {name: values, types: [i32], shape: any}
outputs:
  - {name: same, types: same as values, shape: same as values}
"""
SOURCE = """
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const volatile int32_t *x = in[0].data;
    int32_t *y = out[0].data;
    while (x[0] < 0) {
    }
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = x[i];
    }
}
"""
RUNEFILE = """
version: 1
image: runicos/base
pipeline:
  numbers: {capability: RAW, outputs: [{type: i32, dimensions: [2]}]}
  patience: {proc-block: ./forever, inputs: [numbers], outputs: [{type: i32, dimensions: [2]}]}
  serial: {out: serial, inputs: [patience]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "forever").mkdir()
    (tmp_path / "forever" / "block.yaml").write_text(BLOCK)
    (tmp_path / "forever" / "forever.c").write_text(SOURCE)
    (tmp_path / "Runefile.yml").write_text(RUNEFILE)
    (tmp_path / "good.bin").write_bytes(struct.pack("<2i", 5, 6))
    (tmp_path / "bad.bin").write_bytes(struct.pack("<2i", -5, 6))
    return tmp_path


@pytest.fixture
def sine(runeflash, tmp_path: Path) -> Path:
    done = runeflash("new", "sine")
    assert done.returncode == 0, done.stderr
    return tmp_path / "sine" / "Runefile.yml"


@pytest.mark.parametrize("engine", ["wasm3", "aot"])
def test_on_this_computer(runeflash, project: Path, engine: str) -> None:
    good = runeflash("run", "--engine", engine, "--budget", "10000", "--raw", project / "good.bin")
    assert json.loads(good.stdout)["elements"] == [5, 6], good.stderr
    bad = runeflash("run", "--engine", engine, "--budget", "10000", "--raw", project / "bad.bin")
    assert bad.returncode == 4
    assert "the rune failed in the stage patience (budget-exhausted)" in bad.stderr


@pytest.mark.parametrize("engine", ["wasm3", "aot"])
def test_a_board_goes_on_after_it(runeflash, project: Path, engine: str) -> None:
    done = runeflash("build", "--board", "nano33ble", "--engine", engine, "--budget", "100000")
    assert done.returncode == 0, done.stderr
    nano = find_board("nano33ble")
    image = (project / "build" / "nano33ble" / "firmware.bin").read_bytes()
    board = VirtualBoard("nrf52840", image, nano.flash.origin, random_bytes=bytes)
    rest = b""
    records = []
    for numbers in ((-1, 0), (7, 8), (-2, 0), (9, 10)):
        while True:
            board.run(50_000_000, until_line=True)
            *lines, rest = (rest + board.serial_output()).split(b"\n")
            records += [json.loads(line) for line in lines]
            need = next((record for record in records if record.get("runeflash") == "need"), None)
            if need is not None:
                break
        records = [record for record in records if record is not need]
        board.serial_input(encode_frame(1, need["request"], 0, struct.pack("<2i", *numbers)))
    while len([record for record in records if "elements" in record]) < 2:
        board.run(50_000_000, until_line=True)
        *lines, rest = (rest + board.serial_output()).split(b"\n")
        records += [json.loads(line) for line in lines]
    errors = [(record["code"], record["stage"]) for record in records if record.get("runeflash") == "error"]
    assert errors == [("budget-exhausted", "patience")] * 2
    assert [record["elements"] for record in records if "elements" in record] == [[7, 8], [9, 10]]
    assert sum(record.get("runeflash") == "boot" for record in records) == 1


def test_a_budget_that_the_watchdog_could_not_wait_for(runeflash, project: Path) -> None:
    done = runeflash("build", "--board", "netduinoplus2", "--budget", "1000000000")
    assert done.returncode == 1
    assert "the watchdog of netduinoplus2 waits no longer than 22 s" in done.stderr
    assert "--budget " in done.stderr


@pytest.mark.parametrize(
    "command", [("run", "--raw", "sine/input.bin"), ("build", "--board", "nano33ble")], ids=["run", "build"]
)
def test_a_budget_that_does_not_pay_for_one_inference(runeflash, sine: Path, command: tuple[str, ...]) -> None:
    def refused(budget: int) -> tuple[str, int]:
        done = runeflash(*command, sine, "--budget", budget)
        assert done.returncode == 1, done.stderr
        hint = re.search(r"hint: give --budget (\d+) or more", done.stderr)
        assert hint is not None, done.stderr
        return done.stderr, int(hint[1])

    told, enough = refused(1000)
    assert "one inference of the model sine is charged" in told
    told, enough = refused(enough // 2)  # exactly one, and nothing for the rune's own code
    assert "the rune's _call, with every model that it calls, is charged at least" in told
    done = runeflash(*command, sine, "--budget", enough)
    assert done.returncode == 0, done.stderr
