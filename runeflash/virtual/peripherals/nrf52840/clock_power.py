"""CLOCK (PS, CLOCK) and POWER (PS, POWER), which share a base."""

from __future__ import annotations

from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral

RESET_PIN, RESET_WATCHDOG, RESET_SOFTWARE, RESET_LOCKUP = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_HFCLKSTARTED = 0x100
_CRYSTAL_RUNNING = (1 << 16) | 1
_RC_RUNNING = 1 << 16
_CRYSTAL_START_MICROSECONDS = 360  # PS, CLOCK.4.1: start-up time of the 64 MHz crystal oscillator, typical
_CYCLES_PER_MICROSECOND = 64


class ClockPower(NordicPeripheral):
    """The high-frequency clock's source, and the reasons of resets."""

    def __init__(self, machine: Machine, reset_reasons: int) -> None:
        super().__init__(machine, "CLOCK", 0x40000000)
        self._crystal = False
        self._starting = False
        self.reset_reasons = reset_reasons
        self.task(0x000, self._start_crystal)
        self.task(0x004, self._stop_crystal)
        self.event(_HFCLKSTARTED)
        self.interrupts()
        self.register(0x408, read=lambda: int(self._starting or self._crystal))
        self.register(0x40C, read=lambda: _CRYSTAL_RUNNING if self._crystal else _RC_RUNNING)
        self.register(0x400, read=lambda: self.reset_reasons, write=self._clear_reasons)

    def _clear_reasons(self, value: int) -> None:
        self.reset_reasons &= ~value

    def _start_crystal(self) -> None:
        if self._crystal or self._starting:
            return
        self._starting = True
        self.machine.schedule(
            self.machine.now + _CRYSTAL_START_MICROSECONDS * _CYCLES_PER_MICROSECOND, self._crystal_started
        )

    def _crystal_started(self) -> None:
        if self._starting:
            self._starting = False
            self._crystal = True
            self.raise_event(_HFCLKSTARTED)

    def _stop_crystal(self) -> None:
        self._starting = False
        self._crystal = False
