"""How a virtual board is started: what :mod:`~runeflash.device.emulator` tells its process."""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.boards import Board
from runeflash.errors import DeviceError

EMULATORS = ("unicorn", "qemu")


@dataclass(frozen=True)
class Settings:
    """The settings; the process gets them as JSON.

    Attributes:
        id: the name to take.
        board: as :func:`runeflash.boards.find_board` takes it; a path is absolute.
        emulator: one of :data:`EMULATORS`.
        tcp: the TCP port to offer, 0 for any, None for none.
        seed: of the board's random generator, or None for this computer's randomness.
        files: recordings to play in, by the kind of capability; absolute paths.
        advance: whether to walk on through the recordings.
        erase: whether to forget what was flashed before.
    """

    id: str
    board: str
    emulator: str = "unicorn"
    tcp: int | None = None
    seed: int | None = None
    files: dict[str, list[str]] | None = None
    advance: bool = False
    erase: bool = False


def check_emulator(emulator: str, board: Board) -> None:
    """Check that there is a virtual board of that kind.

    Raises:
        DeviceError: there is none.
    """
    virtual = board.virtual or {}
    key = "qemu" if emulator == "qemu" else "chip"
    if key not in virtual:
        who = "QEMU has no" if emulator == "qemu" else "there is no virtual"
        raise DeviceError(f"{who} {board.id}", hint="`runeflash boards` shows which boards have one")
