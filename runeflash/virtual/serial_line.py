"""A serial line between a chip's port and the host, byte by byte in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class SerialLine:
    """The line. The chip's side is a port model, which sets :attr:`on_input` and :attr:`connected`.

    Attributes:
        output: what the chip has sent and the host has not taken yet.
        waiting: what the host has sent and has not arrived yet.
        on_input: called when the host has sent something.
        on_line: called when a line feed has left the chip.
        lost: bytes from the host that no receiver was listening to.
    """

    def __init__(self) -> None:
        self.output = bytearray()
        self.waiting: deque[int] = deque()
        self.on_input: Callable[[], None] = lambda: None
        self.on_line: Callable[[], None] = lambda: None
        self.lost = 0

    def send_to_host(self, data: bytes) -> None:
        """Deliver what the chip has sent."""
        self.output += data
        if b"\n" in data:
            self.on_line()

    def send_to_chip(self, data: bytes) -> None:
        """Queue bytes; they arrive one after the other at the port's baud rate."""
        self.waiting.extend(data)
        self.on_input()

    def take_output(self) -> bytes:
        """Return what the chip has sent since the last call."""
        data = bytes(self.output)
        self.output.clear()
        return data
