"""What a virtual board in the background runs on, with one face: Unicorn or QEMU.

Time is that of this computer's monotonic clock. A board never runs faster than its real sister; where the emulation is
slower, time goes slower too and is not caught up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from runeflash.boards import Board
from runeflash.device.virtual_board import virtual_board
from runeflash.virtual.board import StopReason
from runeflash.virtual.qemu import QemuBoard

#: Instructions between two looks at the serial port: a few milliseconds of this computer's time.
_SLICE = 400_000
#: Seconds that the board may lag behind before the lag is forgiven.
_MOST_LAG = 0.1
#: Seconds until the next look at a board that sleeps: soon after something has happened, seldom otherwise.
_SOON, _SELDOM = 0.002, 0.02
_BUSY_SECONDS = 0.1


class Engine(Protocol):
    """A board that has firmware."""

    def run(self) -> float:
        """Run the board for a moment, or up to now; return the seconds until it wants to be run again.

        Raises:
            DeviceError: the board has failed for good.
        """

    def take_output(self) -> bytes:
        """Return what it has sent since the last call."""

    def send(self, data: bytes) -> None:
        """Send it bytes."""

    def press_reset(self) -> None:
        """Press its reset button."""

    def close(self) -> None:
        """Switch it off."""


class UnicornEngine:
    """A board of our own virtual chips."""

    def __init__(self, board: Board, image: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._machine = virtual_board(board, image, random_bytes=random_bytes)
        self._started = time.monotonic()  # when the board's time was 0, if it had never lagged
        self._busy_until = 0.0

    def run(self) -> float:
        """Run for a slice, or up to now; see :meth:`Engine.run`."""
        machine = self._machine
        now = time.monotonic()
        due = int((now - self._started) * 1e6)
        if machine.microseconds >= due:
            return _SOON
        reason = machine.run(_SLICE, until_microseconds=due, until_line=True)
        if reason is not StopReason.TIME:
            self._busy_until = now + _BUSY_SECONDS
            lag = time.monotonic() - self._started - machine.microseconds / 1e6
            if lag > _MOST_LAG:
                self._started += lag
            return 0.0
        return _SOON if now < self._busy_until else _SELDOM

    def take_output(self) -> bytes:
        """Return what it has sent."""
        return self._machine.serial_output()

    def send(self, data: bytes) -> None:
        """Send it bytes."""
        self._busy_until = time.monotonic() + _BUSY_SECONDS
        self._machine.serial_input(data)

    def press_reset(self) -> None:
        """Press its reset button."""
        self._machine.press_reset()

    def close(self) -> None:
        """Nothing to let go of."""


class QemuEngine:
    """A board of QEMU's, which keeps time by itself."""

    def __init__(self, board: Board, image: bytes) -> None:
        assert board.virtual is not None
        self._board, self._image = board, image
        self._machine = self._switch_on()
        self._output = b""
        self._busy_until = 0.0

    def run(self) -> float:
        """Take what it has sent; see :meth:`Engine.run`."""
        now = time.monotonic()
        data = self._machine.serial_output(0.0)
        if data:
            self._output += data
            self._busy_until = now + _BUSY_SECONDS
        return _SOON if now < self._busy_until else _SELDOM

    def take_output(self) -> bytes:
        """Return what it has sent."""
        data, self._output = self._output, b""
        return data

    def send(self, data: bytes) -> None:
        """Send it bytes."""
        self._machine.serial_input(data)
        self._busy_until = time.monotonic() + _BUSY_SECONDS

    def press_reset(self) -> None:
        """Switch it off and on: QEMU's board has no button that leaves its serial port alone."""
        self._machine.close()
        self._machine = self._switch_on()

    def close(self) -> None:
        """End QEMU."""
        self._machine.close()

    def _switch_on(self) -> QemuBoard:
        virtual = self._board.virtual or {}
        return QemuBoard(
            str(virtual["qemu"]),
            self._image,
            self._board.flash.origin,
            serial_port=int(virtual.get("qemu_serial", 0)),
        )


def make_engine(emulator: str, board: Board, image: bytes, random_bytes: Callable[[int], bytes]) -> Engine:
    """Return a board that has just been switched on with an image in its flash.

    Raises:
        DeviceError: the image does not get so far as to start.
        ToolError: QEMU is not installed.
    """
    if emulator == "qemu":
        return QemuEngine(board, image)
    return UnicornEngine(board, image, random_bytes)
