"""IWDG (RM, Independent watchdog): counts an oscillator of its own down and resets the chip, unless it is fed."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import Event
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral

_START, _UNLOCK, _RELOAD = 0xCCCC, 0x5555, 0xAAAA
#: The data sheet's fastest: firmware that just makes it here makes it on every chip.
_TICKS_PER_SECOND = 47_000
#: How long PR and RLR take to change: 5 ticks (RM, IWDG_SR).
_UPDATE = 5 * CYCLES_PER_SECOND // _TICKS_PER_SECOND
_PRESCALER_CHANGING, _RELOAD_CHANGING = 1, 2


class Iwdg(Stm32Peripheral):
    """The watchdog. It has a clock of its own, which RCC does not switch.

    Args:
        machine: the machine that it is part of.
        bite: resets the chip for this reason.
    """

    def __init__(self, machine: Machine, bite: Callable[[], None]) -> None:
        super().__init__("IWDG", 0x40003000, clocked=True)
        self._machine = machine
        self._bite = bite
        self._running = False
        self._unlocked = False
        self._prescaler = 0
        self._reload = 0xFFF
        self._status = 0
        self._due: Event | None = None
        self.register(0x00, write=self._write_key)
        self.register(0x04, read=lambda: self._prescaler, write=self._write_prescaler)
        self.register(0x08, read=lambda: self._reload, write=self._write_reload)
        self.register(0x0C, read=lambda: self._status)

    def _write_key(self, value: int) -> None:
        if value not in {_START, _UNLOCK, _RELOAD}:
            raise BusError(f"IWDG: KR is written with 0x{value:x}, which is not modelled")
        self._unlocked = value == _UNLOCK
        if value == _START:
            self._running = True
        if self._running and value != _UNLOCK:
            self._begin()

    def _begin(self) -> None:
        if self._due is not None:
            self._due.cancel()
        ticks = (self._reload + 1) * (4 << min(self._prescaler, 6))
        self._due = self._machine.schedule(
            self._machine.now + ticks * CYCLES_PER_SECOND // _TICKS_PER_SECOND, self._bite
        )

    def _write_prescaler(self, value: int) -> None:
        self._check_change(_PRESCALER_CHANGING, value, 7)
        self._prescaler = value

    def _write_reload(self, value: int) -> None:
        self._check_change(_RELOAD_CHANGING, value, 0xFFF)
        self._reload = value

    def _check_change(self, flag: int, value: int, largest: int) -> None:
        if not self._unlocked or self._status & flag or value > largest:
            raise BusError(f"IWDG: PR or RLR is written with 0x{value:x} while it is locked or changing, or too large")
        self._status |= flag
        self._machine.schedule(self._machine.now + _UPDATE, lambda: self._changed(flag))

    def _changed(self, flag: int) -> None:
        self._status &= ~flag
