"""RTC (PS, RTC): as much of it as firmware needs that stops one which a bootloader left running."""

from __future__ import annotations

from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral

_TICK = 0x100
_CYCLES_PER_TICK = 64_000_000 // 32_768


class Rtc(NordicPeripheral):
    """A counter of the 32,768 Hz clock that can be stopped; it cannot be started by firmware yet."""

    def __init__(self, machine: Machine, name: str, base: int) -> None:
        super().__init__(machine, name, base)
        self._running = False
        self.task(0x004, self._stop)
        self.event(_TICK)
        self.interrupts()

    def leave_running(self) -> None:
        """Run, with the tick interrupt enabled, as after a bootloader that does not clean up."""
        self._running = True
        self.write(0x304, 4, 1)
        self._schedule()

    def _stop(self) -> None:
        self._running = False

    def _schedule(self) -> None:
        self.machine.schedule(self.machine.now + _CYCLES_PER_TICK, self._tick)

    def _tick(self) -> None:
        if self._running:
            self.raise_event(_TICK)
            self._schedule()
