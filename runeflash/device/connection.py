"""A connection to a board that outlives the port: unplugged, reset or killed, the board is found again."""

from __future__ import annotations

import time
from collections.abc import Callable

from runeflash.device import emulator
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port, find_again
from runeflash.errors import DeviceError, PortLostError

_LOOK_SECONDS = 0.1
#: After a port that did not last so long, the next attempt waits so long: no storm of messages from a port that flaps.
_SETTLE_SECONDS = 1.0


def open_port(port: Port, baud: int) -> SerialPort:
    """Open a board's port.

    Raises:
        DeviceError: it cannot be opened, or the virtual board that had it is no more.
    """
    serial = SerialPort(port.device, baud)
    if port.virtual is not None:
        # The number of a pty is given away again at once: where the board has died just now, this one may be another
        # program's terminal. A board that answers after the port was opened still had it then.
        try:
            emulator.status(emulator.find_running(port.virtual))
        except DeviceError:
            serial.close()
            raise
    return serial


class Connection:
    """A board's port, opened again whenever it comes back, under whatever name.

    Args:
        port: where the board is.
        baud: the line's speed.
        serial: the port, where it is open already.
        on_lost: called with a sentence when the port has vanished.
        on_found: called with the port when it is open again, and with how many seconds it was away.

    Raises:
        DeviceError: the port cannot be opened now; only later is it waited for.

    Attributes:
        port: where the board is, or was last.
    """

    def __init__(
        self,
        port: Port,
        baud: int,
        *,
        serial: SerialPort | None = None,
        on_lost: Callable[[str], None] = lambda sentence: None,
        on_found: Callable[[Port, float], None] = lambda port, seconds: None,
    ) -> None:
        self.port = port
        self._baud = baud
        self._on_lost = on_lost
        self._on_found = on_found
        self._lost_at = 0.0
        self._wait_until = 0.0
        self._opened_at = time.monotonic()
        self._serial: SerialPort | None = serial or open_port(port, baud)

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._serial is not None

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, waiting up to ``timeout`` seconds for it, or for the port to come back."""
        if self._serial is None and not self._look_again(timeout):
            return b""
        assert self._serial is not None
        try:
            return self._serial.read(timeout)
        except PortLostError as error:
            self._lose(error)
            return b""

    def write(self, data: bytes) -> None:
        """Send bytes; nothing, while the port is away.

        Raises:
            DeviceError: the board takes no bytes.
        """
        if self._serial is None:
            return
        try:
            self._serial.write(data)
        except PortLostError as error:
            self._lose(error)

    def close(self) -> None:
        """Let go of the port."""
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def _lose(self, error: PortLostError) -> None:
        self.close()
        self._lost_at = time.monotonic()
        self._wait_until = self._lost_at + (_SETTLE_SECONDS if self._lost_at < self._opened_at + _SETTLE_SECONDS else 0)
        self._on_lost(error.message)

    def _look_again(self, timeout: float) -> bool:
        """Try to open the port again; wait a while where that fails."""
        found = find_again(self.port) if time.monotonic() >= self._wait_until else None
        if found is not None:
            try:
                self._serial = open_port(found, self._baud)
            except DeviceError:
                pass  # gone again, or its rights are not set yet, or another program was faster
            else:
                self.port = found
                self._opened_at = time.monotonic()
                self._on_found(found, time.monotonic() - self._lost_at)
                return True
        time.sleep(min(_LOOK_SECONDS, timeout))
        return False
