"""Virtual boards in the background: starting, listing, flashing, resetting and stopping them.

Example:
    >>> running = start(find_board("nano33ble"))
    >>> flash(running, image)
    >>> with SerialPort(running.port, 1_000_000) as port: ...
    >>> stop(running)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from runeflash.boards import Board, all_boards, find_board
from runeflash.device.emulator_settings import Settings, check_emulator
from runeflash.device.image import check_image
from runeflash.device.virtual_boards import RunningBoard, board_folder, running_boards
from runeflash.errors import DeviceError, ToolError, UserError

__all__ = ["BoardStatus", "RunningBoard", "flash", "reset", "running_boards", "start", "status", "stop"]

_START_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
_STOP_SECONDS = 5.0
_MOST_BOARDS = 100


@dataclass(frozen=True)
class BoardStatus:
    """How a virtual board fares.

    Attributes:
        erased: whether nothing has been flashed yet.
        image_sha256: of what is in its flash, or None.
        fault: why it has stopped for good, or None while it runs.
        lost_bytes: what a program that had its port open did not read in time.
        recordings_ended: why it plays no more of the recordings that it was started with, or None.
    """

    erased: bool
    image_sha256: str | None
    fault: str | None
    lost_bytes: int
    recordings_ended: str | None = None


def start(
    board: Board,
    *,
    name: str | None = None,
    emulator: str = "unicorn",
    tcp: int | None = None,
    seed: int | None = None,
    files: Mapping[str, Sequence[Path]] | None = None,
    advance: bool = False,
    erase: bool = False,
) -> RunningBoard:
    """Start a virtual board; it runs until it is stopped, whatever becomes of this process.

    It comes up with what was last flashed to the board of its name, or as an erased board.

    Args:
        board: which board.
        name: its id; the board's id if None, with ``-2``, ``-3``, ... where that runs already.
        emulator: ``unicorn`` or ``qemu``.
        tcp: a TCP port on this computer to be its serial port as well; 0 for any that is free.
        seed: of its random generator, or None for this computer's randomness.
        files: recordings to play into its stream port, by kind (``ACCEL``); None or empty to leave that to the host.
        advance: whether to walk on through the recordings.
        erase: whether to forget what was flashed.

    Raises:
        UserError: the name cannot be one.
        DeviceError: there is no such virtual board, the name or the TCP port is taken, or it does not start.
        ToolError: this computer has no ptys.
    """
    if not hasattr(os, "openpty"):
        raise ToolError("virtual boards in the background need a system with ptys, such as Linux")
    check_emulator(emulator, board)
    if name is not None and (not name or name.startswith(".") or not all(c.isalnum() or c in "-_." for c in name)):
        raise UserError(f"a virtual board cannot be called {name!r}", hint="use letters, digits, - and _")
    settings = Settings(
        id=name or board.id,
        # A path is looked up again by a process that has its own current folder.
        board=board_reference(board),
        emulator=emulator,
        tcp=tcp,
        seed=seed,
        files={kind: [str(path.absolute()) for path in paths] for kind, paths in (files or {}).items() if paths},
        advance=advance,
        erase=erase,
    )
    for number in range(1, _MOST_BOARDS):
        identity = settings.id if number == 1 else f"{settings.id}-{number}"
        running = _spawn(replace(settings, id=identity))
        if running is not None:
            return running
        if name is not None:
            raise DeviceError(
                f"a virtual board {name!r} runs already", hint=f"stop it: runeflash emulate --stop {name}"
            )
    raise DeviceError(f"{_MOST_BOARDS - 1} virtual boards run already", hint="stop some: runeflash emulate --stop ID")


def board_reference(board: Board) -> str:
    """Return what :func:`runeflash.boards.find_board` takes for a board: its id, or its own file's path."""
    return board.id if any(known.path == board.path for known in all_boards()) else str(board.path.absolute())


def find_running(identity: str) -> RunningBoard:
    """Return the virtual board of that id.

    Raises:
        DeviceError: none runs.
    """
    running = running_boards()
    for board in running:
        if board.id == identity:
            return board
    names = ", ".join(board.id for board in running)
    raise DeviceError(
        f"no virtual board {identity!r} runs",
        hint=f"there is {names}" if names else "`runeflash emulate --board BOARD` starts one",
    )


def flash(board: RunningBoard, image: bytes) -> None:
    """Deliver an image; the board starts anew with it.

    Raises:
        DeviceError: the image is for another board, or the board's process does not answer.
    """
    check_image(image, find_board(board.board))  # the board does, too, but reads no more than it has room for
    sha256 = hashlib.sha256(image).hexdigest()
    _ask(board, {"command": "flash", "length": len(image), "sha256": sha256}, image)


def reset(board: RunningBoard) -> None:
    """Press the reset button.

    Raises:
        DeviceError: the board's process does not answer.
    """
    _ask(board, {"command": "reset"})


def status(board: RunningBoard) -> BoardStatus:
    """Return how a board fares.

    Raises:
        DeviceError: the board's process does not answer.
    """
    answer = _ask(board, {"command": "status"})
    return BoardStatus(**{field.name: answer[field.name] for field in fields(BoardStatus)})


def stop(board: RunningBoard) -> None:
    """Unplug a board; returns when its process has ended.

    Raises:
        DeviceError: the process cannot be ended.
    """
    with contextlib.suppress(DeviceError):
        _ask(board, {"command": "stop"})
    if _wait_for_end(board):
        return
    # Only here, and only while the lock shows that this process number is still the board's.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            os.kill(board.pid, number)
        if _wait_for_end(board):
            return
    raise DeviceError(f"the virtual board {board.id} (process {board.pid}) does not end")


def _wait_for_end(board: RunningBoard) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while any(other.pid == board.pid for other in running_boards()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        os.waitpid(board.pid, 0)  # where this very process has started it
    return True


def _spawn(settings: Settings) -> RunningBoard | None:
    """Start the process; return None where another one has the id."""
    folder = board_folder(settings.id)
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "runeflash.device.emulator_process", json.dumps(asdict(settings))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",  # no folder is kept from being unmounted or deleted
            start_new_session=True,  # Ctrl-C and a closed terminal are not for it
        )
    assert process.stdout is not None
    with process.stdout as pipe:
        ready, _, _ = select.select([pipe], [], [], _START_SECONDS)
        line = pipe.readline() if ready else b""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        process.kill()
        process.wait()
        raise DeviceError(f"the virtual board {settings.id} has not started", hint=f"its log is {folder.log}") from None
    if "running" in said:
        process.returncode = 0  # it may outlive us: no warning that it still runs
        return RunningBoard(**said["running"])
    process.wait()
    if "taken" in said:
        return None
    raise DeviceError(str(said["error"]), hint=said["hint"])


def _ask(board: RunningBoard, request: Mapping[str, Any], payload: bytes = b"") -> dict[str, Any]:
    """Send a request to a board's control socket and return the answer."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(board.control)
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps(request).encode() + b"\n" + payload)
                stream.flush()
                answer: dict[str, Any] = json.loads(stream.readline())
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"the virtual board {board.id} (process {board.pid}) does not answer", hint="`runeflash emulate --list`"
        ) from error
    if not answer["ok"]:
        raise DeviceError(str(answer["error"]), hint=answer["hint"])
    return answer
