"""An open serial connection to a board: bytes in, bytes out, and errors that say what to do.

Entry point: :class:`SerialPort`. Which port a board is at, and where it has gone after it was unplugged,
:mod:`runeflash.device.ports` knows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
from types import TracebackType

import serial

from runeflash.errors import DeviceError, PortLostError

_CHUNK = 65536
_WRITE_SECONDS = 5.0
_MISSING = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR}
_BUSY = {errno.EBUSY, errno.EAGAIN}
_NO_PORT = {errno.ENOTTY, errno.EINVAL, errno.EISDIR}


class SerialPort:
    """A serial port, open and ours alone until it is closed; a context manager.

    What had arrived before it was opened is thrown away: it may begin anywhere.

    Args:
        name: the path of a device or a pty, or ``socket://HOST:PORT``.
        baud: the line's speed in bits per second; of no importance to ptys and sockets.

    Attributes:
        name: as it was given.

    Raises:
        DeviceError: it is not there, another program has it, or it is no serial port.
    """

    def __init__(self, name: str, baud: int) -> None:
        self.name = name
        try:
            # A stubborn write must end sometime: a board that reads nothing would hold the caller for ever.
            self._serial = serial.serial_for_url(
                name, baudrate=baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise _cannot_open(name, baud, error) from error

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, waiting up to ``timeout`` seconds for the first byte; empty if none came.

        Raises:
            PortLostError: the port has vanished.
        """
        try:
            ready, _, _ = select.select([self._serial], [], [], max(timeout, 0.0))
            if not ready:
                return b""
            data = os.read(self._serial.fileno(), _CHUNK)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise self._lost() from error
        if not data:
            raise self._lost()
        return data

    def write(self, data: bytes) -> None:
        """Send all of some bytes.

        Raises:
            PortLostError: the port has vanished.
            DeviceError: the other side has not taken them within 5 seconds.
        """
        if not data:
            return
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceError(
                f"the board at {self.name} has taken no bytes for {_WRITE_SECONDS:.0f} s",
                hint="reset it, or unplug it and plug it in again",
            ) from error
        except OSError as error:
            raise self._lost() from error

    def close(self) -> None:
        """Let go of the port; harmless when it is gone."""
        with contextlib.suppress(OSError):
            self._serial.close()

    def _lost(self) -> PortLostError:
        return PortLostError(f"the port {self.name} has vanished", hint="was the board unplugged?")


def _cannot_open(name: str, baud: int, error: Exception) -> DeviceError:
    """Return the error for a port that cannot be opened."""
    number = getattr(error, "errno", None)
    if number in _MISSING:
        return DeviceError(f"there is no port {name}", hint="`runeflash boards --connected` lists those there are")
    if number in _BUSY:
        return DeviceError(f"the port {name} is busy: another program has it open", hint="close that program first")
    if number in {errno.EACCES, errno.EPERM}:
        return DeviceError(
            f"the port {name} may not be opened by this user",
            hint="on most Linux systems: sudo usermod -a -G dialout $USER, then log in again",
        )
    if number in _NO_PORT or (number is None and "Could not configure port" in str(error)):
        return DeviceError(f"{name} is no serial port, or does not do {baud:,} baud")
    if "://" in name and isinstance(error, serial.SerialException):
        return DeviceError(f"nobody answers at {name}", hint="is the board there, and does no other program use it?")
    return DeviceError(f"the port {name} cannot be opened ({error})")
