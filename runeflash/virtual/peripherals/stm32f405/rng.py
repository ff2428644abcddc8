"""RNG (RM, Random number generator): words from a source that is passed in, at the pace of the chip."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral

_RNGEN = 1 << 2
_DRDY = 1 << 0
_CLOCK_ERROR = 1 << 1 | 1 << 5  # CECS, and CEIS that keeps it
_INTERRUPT_STATUS = 3 << 5
_CLOCKS_PER_WORD = 40  # of the 48 MHz clock
_HIGHEST_CLOCK_HZ = 48_000_000
#: What is read first after enabling, which RM says not to use. It is no random word, and not the source's, so firmware
#: that uses it is found out.
NOT_TO_BE_USED = 0xDEADBEEF


class Rng(Stm32Peripheral):
    """The generator. A word is taken from the source when DR is read, so that words which nobody reads do not use the
    source up.

    Args:
        machine: the machine.
        draw: gives a number of bytes.
        clock_hz: the 48 MHz clock, as RCC has set it.
    """

    def __init__(self, machine: Machine, draw: Callable[[int], bytes], clock_hz: Callable[[], int]) -> None:
        super().__init__("RNG", 0x50060800)
        self._machine = machine
        self._draw = draw
        self._clock_hz = clock_hz
        self.reset()
        self.register(0x00, read=lambda: _RNGEN if self._enabled else 0, write=self._write_control)
        self.register(0x04, read=self._status, write=self._write_status)
        self.register(0x08, read=self._read)

    def reset(self) -> None:
        """Off."""
        self._enabled = False
        self._first = True
        self._ready_at: int | None = None  # None: never, as it has no clock

    def _begin(self) -> None:
        hz = self._clock_hz()
        if hz > _HIGHEST_CLOCK_HZ:
            raise BusError(f"RNG: its clock has {hz} Hz, more than 48 MHz")
        self._ready_at = self._machine.now + _CLOCKS_PER_WORD * CYCLES_PER_SECOND // hz if hz else None

    def _write_control(self, value: int) -> None:
        self.only(0x00, _RNGEN)(value)
        if value and not self._enabled:
            self._first = True
            self._begin()
        self._enabled = bool(value)

    def _ready(self) -> bool:
        return self._enabled and self._ready_at is not None and self._machine.now >= self._ready_at

    def _status(self) -> int:
        if self._enabled and not self._clock_hz():
            return _CLOCK_ERROR
        return _DRDY if self._ready() else 0

    def _write_status(self, value: int) -> None:
        self.only(0x04, _INTERRUPT_STATUS)(value)

    def _read(self) -> int:
        if not self._ready():
            raise BusError("RNG: DR is read before a word was ready")
        self._begin()
        if self._first:
            self._first = False
            return NOT_TO_BE_USED
        return int.from_bytes(self._draw(4), "little")
