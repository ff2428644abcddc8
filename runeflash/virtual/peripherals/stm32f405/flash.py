"""The flash's interface (RM, Embedded Flash memory interface): wait states. Programming is not modelled."""

from __future__ import annotations

from runeflash.virtual.bus import BusError
from runeflash.virtual.peripherals.stm32f405.stm32 import Stm32Peripheral

_HZ_PER_WAIT_STATE = 30_000_000  # at 2.7 to 3.6 V


class Flash(Stm32Peripheral):
    """The access control register; wait states cost no virtual time."""

    def __init__(self) -> None:
        super().__init__("FLASH", 0x40023C00, clocked=True)
        self._access = 0
        check = self.only(0x00, 7 | 7 << 8)

        def write(value: int) -> None:
            check(value)
            self._access = value

        self.register(0x00, read=lambda: self._access, write=write)

    def check_speed(self, core_hz: int) -> None:
        """Check that the flash is slow enough for a core's clock.

        Raises:
            BusError: there are too few wait states.
        """
        needed = (core_hz - 1) // _HZ_PER_WAIT_STATE
        if self._access & 7 < needed:
            raise BusError(f"FLASH: {core_hz} Hz need {needed} wait states, and ACR has {self._access & 7}")
