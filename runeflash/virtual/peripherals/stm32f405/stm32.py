"""What all peripherals of the chip have in common: a clock that RCC gives, or not, and a reset."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError, RegisterBank

#: Virtual time is counted in cycles of the core at its full speed.
CYCLES_PER_SECOND = 168_000_000


class Stm32Peripheral(RegisterBank):
    """A peripheral that may only be used while its clock is on.

    Attributes:
        clocked: whether its clock is on; RCC sets it.
    """

    def __init__(self, name: str, base: int, *, clocked: bool = False) -> None:
        super().__init__(name, base)
        self.clocked = clocked

    def reset(self) -> None:
        """Back to the state after reset; called when the peripheral is made, and by RCC."""

    def read(self, offset: int, size: int) -> int:
        """Read a register."""
        self._check_clock()
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register."""
        self._check_clock()
        super().write(offset, size, value)

    def owns(self, offset: int) -> bool:
        """Return whether an offset is within the peripheral's 1 KB."""
        return 0 <= offset < 0x400

    def only(self, offset: int, allowed: int) -> Callable[[int], None]:
        """Return a check of a written value: its bits must be among ``allowed``."""

        def check(value: int) -> None:
            if value & ~allowed:
                raise BusError(
                    f"{self.name}: register 0x{offset:03x} is written with 0x{value:x}, which is not modelled"
                )

        return check

    def _check_clock(self) -> None:
        if not self.clocked:
            raise BusError(f"{self.name}: is used while its clock is off (RCC)")
