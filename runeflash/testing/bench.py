"""The boards of a test run: virtual ones of this process's own, and a real one that processes take turns at."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator

from runeflash.device import emulator
from runeflash.device.ports import Port, find_port
from runeflash.device.virtual_boards import RunningBoard, board_folder, running_boards
from runeflash.errors import DeviceError, RuneflashError
from runeflash.testing.target import Target
from runeflash.toolchain import cache
from runeflash.toolchain.lock import folder_lock

_NAME = "pytest"


class Bench:
    """Gives a board to one test after the other. What the last test did to it is not the next one's concern."""

    def __init__(self) -> None:
        self._running: dict[str, RunningBoard] = {}
        _sweep()

    @contextlib.contextmanager
    def board(self, target: Target) -> Iterator[Port]:
        """Give the port of a target's board, which is there and is nobody else's meanwhile.

        Raises:
            DeviceError: there is none.
        """
        if target.port is None:
            yield find_port(self._virtual(target).id)
            return
        # Of another process's tests; a program that is none of ours is noticed when the port is opened.
        found = find_port(target.port)
        with folder_lock(cache.cache_folder() / "ports" / cache.key(found.virtual or os.path.realpath(found.device))):
            yield find_port(target.port)

    def close(self) -> None:
        """Unplug the virtual boards, and leave nothing of them."""
        for board in self._running.values():
            _remove(board)
        self._running.clear()

    def _virtual(self, target: Target) -> RunningBoard:
        """Return the target's virtual board: the one of the last test, unless that has died or does not answer."""
        key = f"{_NAME}-{os.getpid()}-{target.id}"
        board = self._running.get(key)
        if board is not None:
            if any(other.pid == board.pid for other in running_boards()):
                with contextlib.suppress(DeviceError):
                    emulator.status(board)
                    return board
                with contextlib.suppress(OSError):
                    os.kill(board.pid, signal.SIGKILL)  # it does not answer: it would not stop when asked, either
            _remove(board)
            del self._running[key]
        assert target.emulator is not None
        self._running[key] = emulator.start(target.board, name=key, emulator=target.emulator, erase=True)
        return self._running[key]


def _sweep() -> None:
    """Unplug the boards of test runs that were killed before they could do so."""
    for board in running_boards():
        name, _, rest = board.id.partition("-")
        number = rest.partition("-")[0]
        if name == _NAME and number.isdecimal() and not _is_alive(int(number)):
            _remove(board)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _remove(board: RunningBoard) -> None:
    with contextlib.suppress(RuneflashError):
        emulator.stop(board)
    shutil.rmtree(board_folder(board.id).path, ignore_errors=True)
