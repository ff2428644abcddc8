"""USBD (PS, USBD): as much of it as firmware needs that switches off what a bootloader left on."""

from __future__ import annotations

from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral

_SOF = 0x154
_CYCLES_PER_FRAME = 64_000  # 1 ms


class Usbd(NordicPeripheral):
    """The device controller: it can be switched off, and while it is left on, start-of-frame events come in."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, "USBD", 0x40027000)
        self.event(_SOF)
        self.interrupts()
        self._enable = self.value(0x500, allowed=lambda value: value == 0)
        self._pull_up = self.value(0x504, allowed=lambda value: value == 0)
        self._left_on = False

    def leave_on(self) -> None:
        """Be enabled, connected and interrupting, as after a bootloader that does not clean up."""
        self.value(0x500, 1, allowed=lambda value: value == 0)
        self.value(0x504, 1, allowed=lambda value: value == 0)
        self.write(0x304, 4, 1 << ((_SOF - 0x100) // 4))
        self._schedule()

    def _schedule(self) -> None:
        self.machine.schedule(self.machine.now + _CYCLES_PER_FRAME, self._frame)

    def _frame(self) -> None:
        if self.read(0x500, 4):
            self.raise_event(_SOF)
            self._schedule()
