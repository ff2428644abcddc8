"""The serial ports of a virtual board in the background: a pty, and a TCP port.

Like a real board's port, each passes on only what somebody reads: with no program at the other end, what the board
sends is lost, and from one that does not keep up it is lost beyond a bounded queue.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
import tty
from pathlib import Path

#: Bytes that wait for a program which has the port open and is slow: 2.6 s at 1,000,000 baud.
QUEUE_BYTES = 256 * 1024
_CHUNK = 65536


class PtyPort:
    """A pty, whose other end a program opens like a serial port.

    The end that programs open is not held open here: so a hang-up tells that nobody is there.

    Args:
        link: where to put a link to the device, replacing what is there.

    Attributes:
        device: the path of the device.
        lost: bytes that nobody took in time, while a program had the port open.
    """

    def __init__(self, link: Path) -> None:
        self._master, slave = os.openpty()
        # Before the first program sets the line up: no echo, and not a byte changed.
        tty.setraw(slave, termios.TCSANOW)
        self.device = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poll = select.poll()
        self._poll.register(self._master, 0)
        self._queue = bytearray()
        self._was_open = False
        self.lost = 0
        work = link.with_name(f"{link.name}.part")
        with contextlib.suppress(FileNotFoundError):
            work.unlink()
        work.symlink_to(self.device)
        work.replace(link)

    def descriptors(self) -> list[int]:
        """Return the descriptors to wait at for input."""
        return [self._master] if self._is_open() else []  # a hang-up would end every wait at once

    def read(self) -> bytes:
        """Return what programs have sent."""
        try:
            return os.read(self._master, _CHUNK)
        except OSError:  # nothing there, or nobody
            return b""

    def write(self, data: bytes) -> None:
        """Send to the program at the other end, if there is one."""
        if not self._is_open():
            return
        self._queue += data
        with contextlib.suppress(OSError):
            while self._queue:
                del self._queue[: os.write(self._master, self._queue)]
        self.lost += _shorten(self._queue)

    def close(self) -> None:
        """Hang up."""
        os.close(self._master)

    def _is_open(self) -> bool:
        events = self._poll.poll(0)
        is_open = not (events and events[0][1] & select.POLLHUP)
        if self._was_open and not is_open:
            self._forget()
        self._was_open = is_open
        return is_open

    def _forget(self) -> None:
        """The program has gone: let the next one not read what this one left."""
        self._queue.clear()
        with contextlib.suppress(OSError, termios.error):
            slave = os.open(self.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                termios.tcflush(slave, termios.TCIFLUSH)
            finally:
                os.close(slave)


class TcpPort:
    """A TCP port on this computer; it takes one program at a time, as a serial port does.

    Args:
        number: of the port; 0 for any that is free.

    Raises:
        OSError: it is taken.

    Attributes:
        number: the port.
        lost: bytes that the program did not take in time.
    """

    def __init__(self, number: int) -> None:
        self._server: socket.socket | None = _listen(number)
        self._client: socket.socket | None = None
        self._queue = bytearray()
        self.number = int(self._server.getsockname()[1])
        self.lost = 0

    def descriptors(self) -> list[int]:
        """Return the descriptors to wait at for input and for programs that come."""
        return [place.fileno() for place in (self._server, self._client) if place is not None]

    def read(self) -> bytes:
        """Take a program that comes; return what the one that is there has sent."""
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._client, _ = self._server.accept()
                self._client.setblocking(False)
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # Others are refused from now on: that tells them at once that the port is busy.
                self._server.close()
                self._server = None
        if self._client is None:
            return b""
        try:
            data = self._client.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """Send to the program that is there."""
        if self._client is None:
            return
        self._queue += data
        try:
            while self._queue:
                del self._queue[: self._client.send(self._queue)]
        except BlockingIOError:
            self.lost += _shorten(self._queue)
        except OSError:
            self._hang_up()

    def close(self) -> None:
        """Hang up."""
        for place in (self._server, self._client):
            if place is not None:
                place.close()

    def _hang_up(self) -> None:
        """The program has gone; the next one may come."""
        if self._client is not None:
            self._client.close()
            self._client = None
            with contextlib.suppress(OSError):  # another program has taken the number meanwhile
                self._server = _listen(self.number)
        self._queue.clear()


def _listen(number: int) -> socket.socket:
    server = socket.create_server(("127.0.0.1", number), backlog=1)
    server.setblocking(False)
    return server


def _shorten(queue: bytearray) -> int:
    """Cut a queue to its limit: what came last is lost, as in a port's own buffer. Return how much."""
    excess = max(len(queue) - QUEUE_BYTES, 0)
    if excess:
        del queue[QUEUE_BYTES:]
    return excess
