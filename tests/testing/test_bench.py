"""The boards of a test run: one that froze is replaced, and nothing of them is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from runeflash.boards import find_board
from runeflash.device import emulator
from runeflash.device.virtual_boards import board_folder, running_boards
from runeflash.testing.bench import Bench
from runeflash.testing.target import Target, choose_targets

TARGET = Target(find_board("nano33ble"), "unicorn", None, False)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_a_board_is_kept_until_it_freezes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.board(TARGET) as port, bench.board(TARGET) as again:
        assert port == again
        assert port.virtual == f"pytest-{os.getpid()}-nano33ble"
    first = emulator.find_running(port.virtual)
    os.kill(first.pid, signal.SIGSTOP)
    monkeypatch.setattr(emulator, "_ANSWER_SECONDS", 0.2)
    with bench.board(TARGET) as port:
        assert port.virtual is not None
        assert emulator.find_running(port.virtual).pid != first.pid
    bench.close()
    assert not [board for board in running_boards() if board.id == port.virtual]
    assert not board_folder(port.virtual).path.exists()


def test_boards_of_a_run_that_was_killed_are_swept_away() -> None:
    gone = (1 << 22) + 1  # more than Linux ever gives
    name = f"pytest-{gone}-nano33ble"
    emulator.start(TARGET.board, name=name, erase=True)
    Bench()
    assert name not in {board.id for board in running_boards()}


def test_targets() -> None:
    ids = [target.id for target in choose_targets([], None, ["unicorn", "qemu"])]
    assert {"nano33ble", "netduinoplus2", "netduinoplus2-qemu"} <= set(ids)
    (named,) = choose_targets(["netduinoplus2"], None, ["unicorn"])
    assert (named.id, named.place, named.named) == ("netduinoplus2", "virtual (unicorn)", True)
