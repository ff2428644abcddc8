"""The bus: which addresses a chip's peripherals answer at, and nothing beyond."""

from __future__ import annotations

import abc
from collections.abc import Callable

PAGE = 0x1000


class BusError(Exception):
    """An access that the peripheral does not take; the machine makes a fault of it, with its place."""


Reader = Callable[[], int]
Writer = Callable[[int], None]


class Peripheral(abc.ABC):
    """What answers at a page of addresses.

    Attributes:
        name: as the data sheet calls it.
        base: the address of its first register, within the page.
    """

    def __init__(self, name: str, base: int) -> None:
        self.name = name
        self.base = base

    @abc.abstractmethod
    def read(self, offset: int, size: int) -> int:
        """Read ``size`` bytes at ``base + offset``.

        Raises:
            BusError: there is no such register, it cannot be read so, or not now.
        """

    @abc.abstractmethod
    def write(self, offset: int, size: int, value: int) -> None:
        """Write ``size`` bytes at ``base + offset``.

        Raises:
            BusError: as with :meth:`read`.
        """

    def owns(self, offset: int) -> bool:
        """Return whether an offset is this one's, where several peripherals share a page."""
        return offset >= 0


class RegisterBank(Peripheral):
    """A peripheral of 32-bit registers, each with what reading and writing it does; any other access is an error."""

    def __init__(self, name: str, base: int) -> None:
        super().__init__(name, base)
        self._readers: dict[int, Reader] = {}
        self._writers: dict[int, Writer] = {}

    def register(self, offset: int, read: Reader | None = None, write: Writer | None = None) -> None:
        """Add a register; without ``read`` or ``write`` that access is an error."""
        if read is not None:
            self._readers[offset] = read
        if write is not None:
            self._writers[offset] = write

    def owns(self, offset: int) -> bool:
        """Return whether there is a register."""
        return offset in self._readers or offset in self._writers

    def read(self, offset: int, size: int) -> int:
        """Read a register."""
        self._check(offset, size)
        reader = self._readers.get(offset)
        if reader is None:
            raise BusError(f"{self.name}: register 0x{offset:03x} is read, which is not modelled")
        return reader()

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register."""
        self._check(offset, size)
        writer = self._writers.get(offset)
        if writer is None:
            raise BusError(f"{self.name}: register 0x{offset:03x} is written (0x{value:x}), which is not modelled")
        writer(value)

    def _check(self, offset: int, size: int) -> None:
        if size != 4 or offset % 4:
            raise BusError(
                f"{self.name}: register 0x{offset:03x} is accessed with {size} byte(s), not as an aligned word"
            )


class Bus:
    """The peripherals by page."""

    def __init__(self) -> None:
        self._pages: dict[int, list[Peripheral]] = {}

    def attach(self, peripheral: Peripheral) -> None:
        """Let a peripheral answer at its page."""
        self._pages.setdefault(peripheral.base & ~(PAGE - 1), []).append(peripheral)

    def clear(self) -> None:
        """Detach all peripherals."""
        self._pages.clear()

    @property
    def pages(self) -> list[int]:
        """The addresses of the pages that something answers at."""
        return sorted(self._pages)

    def read(self, address: int, size: int) -> int:
        """Read from whichever peripheral is there."""
        peripheral = self._find(address)
        return peripheral.read(address - peripheral.base, size)

    def write(self, address: int, size: int, value: int) -> None:
        """Write to whichever peripheral is there."""
        peripheral = self._find(address)
        peripheral.write(address - peripheral.base, size, value)

    def _find(self, address: int) -> Peripheral:
        there = self._pages.get(address & ~(PAGE - 1), [])
        for peripheral in there:
            if len(there) == 1 or peripheral.owns(address - peripheral.base):
                return peripheral
        if there:
            raise BusError(f"{'/'.join(p.name for p in there)}: no such register is modelled")
        raise BusError("no peripheral is modelled there")
