"""Running a firmware image on QEMU's board, in real time."""

from __future__ import annotations

import time

from runeflash.boards.board import Board
from runeflash.device.session import RunSession
from runeflash.errors import DeviceError, UserError
from runeflash.virtual.qemu import QemuBoard

#: Seconds between two looks at the session's own time.
_LOOK_SECONDS = 0.1
#: Seconds without a byte from the board after which it is given up.
_SILENCE_SECONDS = 60.0


def run_qemu(board: Board, image: bytes, session: RunSession) -> None:
    """Run an image until the session is finished.

    Args:
        board: a board that QEMU has.
        image: what is flashed.
        session: gets the board's lines, gives it frames.

    Raises:
        UserError: QEMU has no such board.
        ToolError: QEMU is not installed.
        DeviceError: it has ended, or says nothing for too long.
    """
    virtual = board.virtual or {}
    if "qemu" not in virtual:
        raise UserError(f"QEMU has no {board.id}", hint="leave --emulator out: another virtual board is the default")
    start = heard = time.monotonic()
    with QemuBoard(
        str(virtual["qemu"]), image, board.flash.origin, serial_port=int(virtual.get("qemu_serial", 0))
    ) as machine:
        while not session.finished:
            data = machine.serial_output(_LOOK_SECONDS)
            now = time.monotonic()
            if data:
                heard = now
                session.receive(data, now - start)
            elif now - heard > _SILENCE_SECONDS:
                raise DeviceError(f"QEMU's {board.id} has said nothing for {_SILENCE_SECONDS:.0f} s")
            machine.serial_input(session.take_outgoing(now - start))
