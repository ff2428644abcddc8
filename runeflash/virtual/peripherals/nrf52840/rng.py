"""RNG (PS, RNG): bytes from a source that is passed in, at the pace of the chip."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import Event
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral

_VALRDY = 0x100
_CYCLES_PER_MICROSECOND = 64
_START_MICROSECONDS = 128  # PS, RNG, electrical specification: from START to the first byte's generation
_RAW_MICROSECONDS = 30
_CORRECTED_MICROSECONDS = 120
_WORD = 4


class Rng(NordicPeripheral):
    """The generator. A byte is taken from the source when VALUE is first read after VALRDY, so that bytes which
    nobody reads do not use the source up. The source is asked for 4 at a time, as a seeded one gives whole words.
    """

    def __init__(self, machine: Machine, draw: Callable[[int], bytes]) -> None:
        super().__init__(machine, "RNG", 0x4000D000)
        self._draw = draw
        self._value: int | None = None
        self._drawn = b""
        self._fresh = False
        self._next: Event | None = None
        self.task(0x000, self._start)
        self.task(0x004, self._stop)
        self.event(_VALRDY)
        self.shorts({0: (_VALRDY, self._stop)})
        self.interrupts()
        self._corrected = self.value(0x504, allowed=lambda value: value <= 1)
        self.register(0x508, read=self._read)

    def _period(self) -> int:
        microseconds = _CORRECTED_MICROSECONDS if self._corrected() else _RAW_MICROSECONDS
        return microseconds * _CYCLES_PER_MICROSECOND

    def _start(self) -> None:
        if self._next is None:
            first = _START_MICROSECONDS * _CYCLES_PER_MICROSECOND + self._period()
            self._next = self.machine.schedule(self.machine.now + first, self._ready)

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _ready(self) -> None:
        self._next = self.machine.schedule(self.machine.now + self._period(), self._ready)
        self._fresh = True
        self.raise_event(_VALRDY)

    def _read(self) -> int:
        if self._fresh:
            if not self._drawn:
                self._drawn = self._draw(_WORD)
            self._value, self._drawn = self._drawn[0], self._drawn[1:]
            self._fresh = False
        if self._value is None:
            raise BusError("RNG: VALUE is read before a byte was ready")
        return self._value
