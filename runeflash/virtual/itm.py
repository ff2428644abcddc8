"""The instrumentation trace macrocell: a write to a stimulus port is a mark in the count of instructions."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError, Peripheral

_PORTS = 32


class Itm(Peripheral):
    """The stimulus ports (ARMv7-M Architecture Reference Manual C1.7.3); nothing else is modelled.

    Args:
        write_port: called with port and value.
        enabled: whether DEMCR.TRCENA is set; without it the chip does not answer reliably.
    """

    def __init__(self, write_port: Callable[[int, int], None], enabled: Callable[[], bool]) -> None:
        super().__init__("ITM", 0xE0000000)
        self._write_port = write_port
        self._enabled = enabled

    def read(self, offset: int, size: int) -> int:
        """Read a stimulus port: always ready."""
        self._check(offset)
        return 1  # FIFOREADY

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a stimulus port."""
        self._check(offset)
        self._write_port(offset // 4, value)

    def _check(self, offset: int) -> None:
        if offset >= 4 * _PORTS or offset % 4:
            raise BusError(f"ITM: register 0x{offset:03x} is not modelled")
        if not self._enabled():
            raise BusError("ITM: a stimulus port is accessed while DEMCR.TRCENA is 0")
