"""Where tests run: on the boards that the command line names, or on every virtual one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from runeflash.boards import Board, all_boards, find_board
from runeflash.device.ports import find_port
from runeflash.errors import UsageError
from runeflash.virtual.qemu import PROGRAM as QEMU_PROGRAM

UNICORN, QEMU = "unicorn", "qemu"
EMULATORS = (UNICORN, QEMU)


@dataclass(frozen=True)
class Target:
    """A board to run tests on.

    Attributes:
        board: the board.
        emulator: what the virtual board runs on, or None for the board at ``port``.
        port: what ``--port`` says, or None for a virtual board of the tests' own.
        named: whether the user has asked for this board: a test that does not suit it then fails instead of being
            skipped.
    """

    board: Board
    emulator: str | None
    port: str | None
    named: bool

    @property
    def id(self) -> str:
        """The part of a test's name that says where it runs."""
        return self.board.id if self.emulator in {None, UNICORN} else f"{self.board.id}-{self.emulator}"

    @property
    def place(self) -> str:
        """Where the board is, for people."""
        return f"virtual ({self.emulator})" if self.port is None else f"at {self.port}"


def choose_targets(boards: Sequence[str], port: str | None, emulators: Sequence[str]) -> tuple[Target, ...]:
    """Return the boards to run tests on.

    Args:
        boards: the values of ``--board``: names, or paths of JSON files.
        port: the value of ``--port``, or None for virtual boards.
        emulators: what virtual boards run on; one that the board does not have is left out.

    Raises:
        UsageError: the options contradict each other.
        UserError: there is no such board, or its file is wrong.
        DeviceError: there is no such port.
    """
    if port is not None:
        if len(boards) > 1:
            raise UsageError("--port is for one board, and --board names several")
        if boards:
            return (Target(find_board(boards[0]), None, port, True),)
        seen = find_port(port).board
        if seen is None:
            raise UsageError(f"which board is at {port} cannot be seen", hint="say so with --board")
        return (Target(find_board(seen), None, port, True),)
    for emulator in emulators:
        if emulator not in EMULATORS:
            raise UsageError(f"there is no emulator {emulator!r}", hint=f"there are {' and '.join(EMULATORS)}")
    chosen = [find_board(name) for name in boards] or list(all_boards())
    targets = tuple(
        Target(board, emulator, None, bool(boards))
        for board in chosen
        for emulator in emulators
        if (QEMU if emulator == QEMU else "chip") in (board.virtual or {})
    )
    for board in chosen if boards else ():
        if not any(target.board == board for target in targets):
            raise UsageError(
                f"there is no virtual {board.id} on {' or '.join(emulators)}",
                hint="name the port of a real one with --port, or another --emulator",
            )
    return targets


def is_installed(emulator: str) -> bool:
    """Whether an emulator is on this computer."""
    return emulator == UNICORN or shutil.which(QEMU_PROGRAM) is not None
