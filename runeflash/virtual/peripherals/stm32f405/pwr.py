"""PWR (RM, Power controller): the voltage scale of the core. Sleep modes other than WFI's are not modelled."""

from __future__ import annotations

from runeflash.virtual.bus import BusError
from runeflash.virtual.peripherals.stm32f405.stm32 import Stm32Peripheral

_VOS = 1 << 14
_VOSRDY = 1 << 14
_SCALE_2_HZ = 144_000_000


class Pwr(Stm32Peripheral):
    """The control and status registers."""

    def __init__(self) -> None:
        super().__init__("PWR", 0x40007000)
        self.reset()
        check = self.only(0x00, _VOS)

        def write(value: int) -> None:
            check(value)
            self._control = value

        self.register(0x00, read=lambda: self._control, write=write)
        self.register(0x04, read=lambda: _VOSRDY)

    def reset(self) -> None:
        """Back to scale 1."""
        self._control = _VOS

    def check_speed(self, core_hz: int) -> None:
        """Check that the voltage is high enough for a core's clock.

        Raises:
            BusError: it is not.
        """
        if core_hz > _SCALE_2_HZ and not self._control & _VOS:
            raise BusError(f"PWR: {core_hz} Hz need voltage scale 1")
