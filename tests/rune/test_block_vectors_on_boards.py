"""Every proc block's test vectors on virtual boards, with each engine and each compiler: to the bit.

Many cases are in one firmware (tests/support/vector_batch.py). In the default run each half of them is run by both
engines and both compilers; every half by every pair of them, on every board and emulator, is exhaustive.
"""

from __future__ import annotations

import functools
import itertools
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vector_batch import Batch, Trial, split, trials

from runeflash.boards import all_boards, find_board
from runeflash.device.computer import run_program
from runeflash.device.qemu_run import run_qemu
from runeflash.device.session import RunSession
from runeflash.device.virtual_run import run_virtual
from runeflash.firmware.cached import cached_firmware
from runeflash.firmware.host import host_program
from runeflash.firmware.options import ENGINES, BuildOptions
from runeflash.rune import Rune
from runeflash.virtual.qemu import PROGRAM as QEMU

BOARDS = [board.id for board in all_boards() if board.virtual is not None]
#: In how many firmwares a board has room for all; wasm3 compiles into RAM, of which the netduinoplus2 has least.
PARTS = {("netduinoplus2", "wasm3"): 5}
#: In the default run.
DEFAULT = (
    ("nano33ble", "wasm3", "gcc", 0),
    ("nano33ble", "wasm3", "zig", 1),
    ("nano33ble", "aot", "gcc", 1),
    ("nano33ble", "aot", "zig", 0),
)


def firmwares() -> list[object]:
    found = []
    for board, engine, compiler in itertools.product(BOARDS, ENGINES, ("gcc", "zig")):
        for number in range(PARTS.get((board, engine), 2)):
            what = (board, engine, compiler, number)
            found.append(pytest.param(*what, marks=[] if what in DEFAULT else [pytest.mark.exhaustive]))
    return found


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], Batch]:
    """Gives one of so many batches of all cases."""

    @functools.cache
    def make(number: int, count: int) -> Batch:
        cases, _ = trials()
        return Batch("vectors", split(cases, count)[number], tmp_path_factory.mktemp("blocks"))

    return make


@pytest.mark.parametrize(("board", "engine", "compiler", "number"), firmwares())
def test_vectors_on_a_board(
    board: str, engine: str, compiler: str, number: int, part: Callable[[int, int], Batch]
) -> None:
    if compiler == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    batch = part(number, PARTS.get((board, engine), 2))
    on = find_board(board)
    options = BuildOptions(on, on.sensors[0], compiler, engine)
    firmware = cached_firmware(batch.rune, options, Path(__file__).with_suffix(f".{number}"))
    image = firmware.image.read_bytes()
    assert batch.run(lambda session, _: run_virtual(on, image, session, seed=None)) == []
    if "qemu" in (on.virtual or {}) and shutil.which(QEMU) is not None:
        assert batch.run(lambda session, _: run_qemu(on, image, session)) == []


@pytest.mark.parametrize("count", sorted({2, *PARTS.values()}))
def test_every_case_is_in_a_firmware(count: int) -> None:
    """But those that are refused before there is a rune."""
    cases, refused = trials()
    there = [trial.name for batch in split(cases, count) for trial in batch]
    assert sorted(there) == sorted(trial.name for trial in cases)
    assert len(there) > 100
    assert len(refused) < 10
    if count == 2:
        for half in (0, 1):
            pairs = {what[1:3] for what in DEFAULT if what[3] == half}
            assert {engine for engine, _ in pairs} == set(ENGINES)
            assert {compiler for _, compiler in pairs} == {"gcc", "zig"}


def test_a_wrong_result_is_seen(tmp_path: Path) -> None:
    """On this computer, with vectors that say what is not so: a bit of a float, a zero's sign, a NaN, a text."""

    def run(rune: Rune) -> Callable[[RunSession, int], None]:
        # One call more: the batch is finished when the rune asks for what follows its last call.
        return lambda session, calls: run_program(host_program(rune), session, seed=None, calls=calls + 1)

    cases = {trial.name: trial for trial in trials()[0]}
    chosen = [
        cases[name]
        for name in (
            "modulo: the sign is the dividend's",
            "modulo: not a number and infinity",
            "softmax: equal elements",
            "label: one label",
        )
    ]
    batch = Batch("vectors", chosen, tmp_path)
    assert batch.run(run(batch.rune)) == []
    altered = [_altered(trial) for trial in chosen]
    batch = Batch("vectors", altered, tmp_path)
    assert len(batch.run(run(batch.rune))) == len(altered)


def _altered(trial: Trial) -> Trial:
    """With another last element in its first output."""
    (call, *more) = trial.case.calls
    (vector, *others) = call.outputs
    (*elements, last) = vector.elements
    if isinstance(last, str):
        last += " "
    elif isinstance(last, float) and math.isnan(last):
        last = 0.0
    elif isinstance(last, float):
        last = -last if last == 0 else last * (1 + 2**-22)
    else:
        last += 1
    vector = replace(vector, elements=(*elements, last))
    return replace(trial, case=replace(trial.case, calls=(replace(call, outputs=(vector, *others)), *more)))
