"""TIM2 and TIM5 (RM, General-purpose timers): 32 bits, counting up, with compare interrupts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import Event
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral

_CEN, _URS, _ARPE = 1 << 0, 1 << 2, 1 << 7
_UPDATE = 1 << 0
_UG = 1 << 0
_CHANNELS = range(1, 5)
_SOURCES = 0x1F  # update and four compares, in SR and DIER
_TOP = 0xFFFFFFFF


class Timer(Stm32Peripheral):
    """A timer. The prescaler is preloaded: a new value counts from the next update on.

    Args:
        machine: the machine.
        name: as in RM.
        base: its address.
        interrupt: its number.
        clock_hz: its clock, as RCC has set it.
    """

    def __init__(self, machine: Machine, name: str, base: int, interrupt: int, clock_hz: Callable[[], int]) -> None:
        super().__init__(name, base)
        self._machine = machine
        self._interrupt = interrupt
        self._clock_hz = clock_hz
        self._next: Event | None = None
        self._compares = dict.fromkeys(_CHANNELS, 0)
        self.reset()
        self.register(0x00, read=lambda: self._control, write=self._write_control)
        self.register(0x0C, read=lambda: self._enabled, write=self._write_enabled)
        self.register(0x10, read=lambda: self._status, write=self._write_status)
        self.register(0x14, write=self._write_generate)
        self.register(0x24, read=self._now, write=self._write_count)
        self.register(0x28, read=lambda: self._prescaler_preload, write=self._write_prescaler)
        self.register(0x2C, read=lambda: self._top, write=self._write_top)
        for n in _CHANNELS:
            self.register(
                0x30 + 4 * n, read=partial(self._compares.__getitem__, n), write=partial(self._write_compare, n)
            )

    def reset(self) -> None:
        """Stop, and back to zeros."""
        self._control = 0
        self._enabled = 0
        self._status = 0
        self._count = 0  # while stopped; while running, the count at _since
        self._since = 0
        self._prescaler = 0
        self._prescaler_preload = 0
        self._top = _TOP
        self._compares.update(dict.fromkeys(_CHANNELS, 0))
        self._restart(0)
        self._update_line()

    # -- counting

    @property
    def _running(self) -> bool:
        return bool(self._control & _CEN)

    def _elapsed(self) -> int:
        """Whole counts since ``_since``."""
        cycles = self._machine.now - self._since
        return cycles * self._clock_hz() // (CYCLES_PER_SECOND * (self._prescaler + 1))

    def _now(self) -> int:
        if not self._running:
            return self._count
        return (self._count + self._elapsed()) % (self._top + 1)

    def _time_of(self, counts: int) -> int:
        """Return the first cycle in which ``counts`` have passed since ``_since``."""
        return self._since - (-counts * CYCLES_PER_SECOND * (self._prescaler + 1) // self._clock_hz())

    def _restart(self, count: int) -> None:
        self._count = count
        self._since = self._machine.now
        self._reschedule()

    def _reschedule(self) -> None:
        """Let the next compare or update happen in its time."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if not self._running:
            return
        modulus = self._top + 1
        now = self._now()
        targets = [0, *(compare for compare in self._compares.values() if compare <= self._top)]
        ahead = min((target - now - 1) % modulus + 1 for target in targets)
        self._next = self._machine.schedule(self._time_of(self._elapsed() + ahead), self._reached)

    def _reached(self) -> None:
        self._next = None
        count = self._now()
        for n, compare in self._compares.items():
            if compare == count:
                self._status |= 1 << n
        if count == 0:
            self._status |= _UPDATE
            if self._prescaler != self._prescaler_preload:
                self._prescaler = self._prescaler_preload
                self._restart(0)
        self._update_line()
        self._reschedule()

    # -- registers

    def _write_control(self, value: int) -> None:
        self.only(0x00, _CEN | _URS | _ARPE)(value)
        count = self._now()
        self._control = value
        self._restart(count)

    def _write_enabled(self, value: int) -> None:
        self.only(0x0C, _SOURCES)(value)
        self._enabled = value
        self._update_line()

    def _write_status(self, value: int) -> None:
        self._status &= value  # written zeros clear
        self._update_line()

    def _write_generate(self, value: int) -> None:
        self.only(0x14, _UG)(value)
        if value & _UG:
            self._prescaler = self._prescaler_preload
            if not self._control & _URS:
                self._status |= _UPDATE
            self._restart(0)
            self._update_line()

    def _write_count(self, value: int) -> None:
        self._restart(value % (self._top + 1))

    def _write_prescaler(self, value: int) -> None:
        if value > 0xFFFF:
            raise BusError(f"{self.name}: PSC is written with 0x{value:x}; it has 16 bits")
        self._prescaler_preload = value

    def _write_top(self, value: int) -> None:
        if self._running or value == 0:
            raise BusError(f"{self.name}: ARR is written with 0, or while the timer runs, which is not modelled")
        self._top = value
        self._count %= value + 1

    def _write_compare(self, n: int, value: int) -> None:
        self._compares[n] = value
        self._reschedule()

    def _update_line(self) -> None:
        self._machine.set_interrupt_line(self._interrupt, bool(self._status & self._enabled))
