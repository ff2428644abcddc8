"""GPIO ports (RM, General-purpose I/Os): modes, levels and alternate functions."""

from __future__ import annotations

from functools import partial

from runeflash.virtual.peripherals.stm32f405.stm32 import Stm32Peripheral

_MODER, _OTYPER, _OSPEEDR, _PUPDR, _IDR, _ODR, _BSRR = range(0x00, 0x1C, 4)
_AFRL, _AFRH = 0x20, 0x24
_OUTPUT, _ALTERNATE = 1, 2
_PULL_UP = 1
#: RM: the pins of the debug port are its own after reset.
_RESET = {"GPIOA": {_MODER: 0xA8000000, _PUPDR: 0x64000000}, "GPIOB": {_MODER: 0x280, _OSPEEDR: 0xC0, _PUPDR: 0x100}}


class Gpio(Stm32Peripheral):
    """A port.

    Attributes:
        levels_in: what drives the pins from outside: pin to level; others float to their pull resistor.
    """

    def __init__(self, name: str, base: int) -> None:
        super().__init__(name, base)
        self.levels_in: dict[int, bool] = {}
        self.reset()
        for offset in (_MODER, _OTYPER, _OSPEEDR, _PUPDR, _ODR, _AFRL, _AFRH):
            self.register(offset, read=partial(self._get, offset), write=partial(self._set, offset))
        self.register(_IDR, read=self._levels)
        self.register(_BSRR, write=self._write_bits)

    def reset(self) -> None:
        """Back to inputs."""
        self._values = dict.fromkeys((_MODER, _OTYPER, _OSPEEDR, _PUPDR, _ODR, _AFRL, _AFRH), 0)
        self._values.update(_RESET.get(self.name, {}))

    def alternate(self, pin: int) -> int | None:
        """Return the alternate function that a pin has, or None while it has none."""
        if self._mode(pin) != _ALTERNATE:
            return None
        return self._values[_AFRL if pin < 8 else _AFRH] >> 4 * (pin & 7) & 15

    def _get(self, offset: int) -> int:
        return self._values[offset]

    def _set(self, offset: int, value: int) -> None:
        self._values[offset] = value & (0xFFFF if offset in (_OTYPER, _ODR) else 0xFFFFFFFF)

    def _mode(self, pin: int) -> int:
        return self._values[_MODER] >> 2 * pin & 3

    def _write_bits(self, value: int) -> None:
        self._values[_ODR] = self._values[_ODR] & ~(value >> 16) | value & 0xFFFF

    def _levels(self) -> int:
        value = 0
        for pin in range(16):
            pulled = self._values[_PUPDR] >> 2 * pin & 3 == _PULL_UP
            driven = bool(self._values[_ODR] >> pin & 1)
            level = driven if self._mode(pin) == _OUTPUT else self.levels_in.get(pin, pulled)
            value |= int(level) << pin
        return value
