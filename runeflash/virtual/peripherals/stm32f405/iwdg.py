"""IWDG (RM, Independent watchdog): not running; it may be fed."""

from __future__ import annotations

from runeflash.virtual.bus import BusError
from runeflash.virtual.peripherals.stm32f405.stm32 import Stm32Peripheral

_RELOAD = 0xAAAA


class Iwdg(Stm32Peripheral):
    """The watchdog, never started. It has a clock of its own, which RCC does not switch."""

    def __init__(self) -> None:
        super().__init__("IWDG", 0x40003000, clocked=True)
        self.register(0x00, write=self._write_key)

    def _write_key(self, value: int) -> None:
        if value != _RELOAD:
            raise BusError(f"IWDG: KR is written with 0x{value:x}, which is not modelled")
