"""WDT (PS, WDT): counts the 32,768 Hz clock down and resets the chip, unless it is fed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import Event
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral

_TIMEOUT = 0x100
_RELOAD = 0x6E524635
_CYCLES_PER_SECOND, _TICKS_PER_SECOND = 64_000_000, 32_768
_RUN_IN_SLEEP = 1
_RELOAD_REGISTERS = 8


class Wdt(NordicPeripheral):
    """The watchdog.

    Args:
        machine: the machine that it is part of.
        bite: resets the chip for this reason.
    """

    def __init__(self, machine: Machine, bite: Callable[[], None]) -> None:
        super().__init__(machine, "WDT", 0x40010000)
        self._bite = bite
        self._running = False
        self._requests = 0
        self._due: Event | None = None
        self.task(0x000, self._start)
        self.event(_TIMEOUT)
        self.interrupts()
        self.register(0x400, read=lambda: int(self._running))
        self.register(0x404, read=lambda: self._requests)
        self._reload = self.value(0x504, 0xFFFFFFFF, allowed=self._settable)
        self._enabled = self.value(0x508, 1, allowed=lambda value: self._settable(value) and 0 < value < 256)
        self._config = self.value(0x50C, 1, allowed=lambda value: self._settable(value) and value == _RUN_IN_SLEEP)
        for number in range(_RELOAD_REGISTERS):
            self.register(0x600 + 4 * number, write=partial(self._request, number))

    def _settable(self, value: int) -> bool:
        """Whether a register can be written: while it runs, what is written is lost."""
        return not self._running

    def _start(self) -> None:
        if self._reload() < 0xF:
            raise BusError("WDT: is started with a CRV below 15 (PS, WDT, CRV)")
        if not self._running:
            self._running = True
            self._begin()

    def _begin(self) -> None:
        """Count down from the reload value."""
        self._requests = self._enabled()
        if self._due is not None:
            self._due.cancel()
        ticks = self._reload() + 1
        self._due = self.machine.schedule(
            self.machine.now + ticks * _CYCLES_PER_SECOND // _TICKS_PER_SECOND, self._expire
        )

    def _request(self, number: int, value: int) -> None:
        if value != _RELOAD or not self._enabled() >> number & 1:
            raise BusError(f"WDT: RR[{number}] is written with 0x{value:x}, which does not feed it")
        self._requests &= ~(1 << number)
        if self._running and self._requests == 0:
            self._begin()

    def _expire(self) -> None:
        self.raise_event(_TIMEOUT)
        self._bite()
