"""TIMER (PS, TIMER): a counter of the 16 MHz clock or of COUNT tasks, with compare registers."""

from __future__ import annotations

from functools import partial

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import Event
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import EventListener, NordicPeripheral

_COMPARE = 0x140
_MODE_TIMER = 0
_WIDTHS = {0: 16, 1: 8, 2: 24, 3: 32}
_CYCLES_PER_TICK = 4  # of the 64 MHz core clock, at 16 MHz
_HIGHEST_PRESCALER = 9


class Timer(NordicPeripheral):
    """A timer with ``compares`` compare registers."""

    def __init__(self, machine: Machine, name: str, base: int, compares: int, ppi: EventListener | None = None) -> None:
        super().__init__(machine, name, base, ppi)
        self._running = False
        self._count = 0  # while stopped or counting tasks; while running, the count at _since
        self._since = 0
        self._compares = [0] * compares
        self._next: Event | None = None
        self.task(0x000, self._start)
        self.task(0x004, self._stop)
        self.task(0x008, self._count_task)
        self.task(0x00C, self._clear)
        self.task(0x010, self._shut_down)
        for n in range(compares):
            self.task(0x040 + 4 * n, partial(self._capture, n))
            self.event(_COMPARE + 4 * n)
            self._add_compare(n)
        self.shorts(
            {n: (_COMPARE + 4 * n, self._clear) for n in range(compares)}
            | {8 + n: (_COMPARE + 4 * n, self._stop) for n in range(compares)}
        )
        self.interrupts()
        self._mode = self.value(0x504, allowed=lambda value: value <= 2 and not self._running)
        self._bit_mode = self.value(0x508, allowed=lambda value: value in _WIDTHS and not self._running)
        self._prescaler = self.value(
            0x510, reset=4, allowed=lambda value: value <= _HIGHEST_PRESCALER and not self._running
        )

    @property
    def _tick(self) -> int:
        return _CYCLES_PER_TICK << self._prescaler()

    @property
    def _modulus(self) -> int:
        return 1 << _WIDTHS[self._bit_mode()]

    def _timing(self) -> bool:
        return self._running and self._mode() == _MODE_TIMER

    def _now(self) -> int:
        if not self._timing():
            return self._count % self._modulus
        return (self._count + (self.machine.now - self._since) // self._tick) % self._modulus

    def _add_compare(self, n: int) -> None:
        def write(value: int) -> None:
            self._compares[n] = value
            self._reschedule()

        self.register(0x540 + 4 * n, read=lambda: self._compares[n], write=write)

    def _start(self) -> None:
        if not self._running:
            self._running = True
            self._since = self.machine.now
            self._reschedule()

    def _stop(self) -> None:
        self._count = self._now()
        self._running = False
        self._reschedule()

    def _shut_down(self) -> None:
        self._stop()
        self._count = 0

    def _clear(self) -> None:
        self._count = 0
        self._since = self.machine.now
        self._reschedule()

    def _count_task(self) -> None:
        if self._mode() == _MODE_TIMER:
            raise BusError(f"{self.name}: COUNT is triggered in timer mode")
        if not self._running:
            return
        self._count = (self._count + 1) % self._modulus
        for n, compare in enumerate(self._compares):
            if self._count == compare % self._modulus:
                self.raise_event(_COMPARE + 4 * n)

    def _capture(self, n: int) -> None:
        self._compares[n] = self._now()
        self._reschedule()

    def _ticks_to(self, compare: int) -> int:
        """Ticks until the count next becomes ``compare``: at least 1, as only an increment makes the event."""
        return (compare - self._now() - 1) % self._modulus + 1

    def _reschedule(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if not self._timing():
            return
        ticks = min(self._ticks_to(compare) for compare in self._compares)
        elapsed = (self.machine.now - self._since) // self._tick
        self._next = self.machine.schedule(self._since + (elapsed + ticks) * self._tick, self._compare)

    def _compare(self) -> None:
        self._next = None
        count = self._now()
        matching = [n for n, compare in enumerate(self._compares) if compare % self._modulus == count]
        for n in matching:
            self.raise_event(_COMPARE + 4 * n)
        self._reschedule()
