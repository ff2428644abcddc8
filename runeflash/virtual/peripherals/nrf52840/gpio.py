"""GPIO ports P0 and P1 (PS, GPIO): pin configuration and output levels. The two share a page."""

from __future__ import annotations

from runeflash.virtual.bus import RegisterBank

_PULL_UP = 3


class Gpio(RegisterBank):
    """A port.

    Attributes:
        levels_in: what drives the pins from outside: pin to level; others float to their pull resistor.
    """

    def __init__(self, name: str, base: int, pins: int) -> None:
        super().__init__(name, base)
        self._pins = pins
        self._out = 0
        self._config = [0x2] * pins  # PS, GPIO.2.10: after reset, the input buffer is disconnected
        self.levels_in: dict[int, bool] = {}
        mask = (1 << pins) - 1

        def set_out(value: int) -> None:
            self._out = value & mask

        def set_directions(value: int) -> None:
            for pin in range(pins):
                self._config[pin] = self._config[pin] & ~1 | value >> pin & 1

        self.register(0x504, read=lambda: self._out, write=set_out)
        self.register(0x508, read=lambda: self._out, write=lambda value: set_out(self._out | value))
        self.register(0x50C, read=lambda: self._out, write=lambda value: set_out(self._out & ~value))
        self.register(0x510, read=self._levels)
        self.register(0x514, read=self._directions, write=set_directions)
        self.register(0x518, read=self._directions, write=lambda value: set_directions(self._directions() | value))
        self.register(0x51C, read=self._directions, write=lambda value: set_directions(self._directions() & ~value))
        for pin in range(pins):
            self._add_configuration(pin)

    def is_output(self, pin: int) -> bool:
        """Return whether a pin drives."""
        return bool(self._config[pin] & 1)

    def is_input(self, pin: int) -> bool:
        """Return whether a pin's input buffer is connected."""
        return not self._config[pin] & 2

    def output(self, pin: int) -> bool:
        """Return the level that a pin drives as an output."""
        return bool(self._out >> pin & 1)

    @property
    def pins(self) -> int:
        """How many pins the port has."""
        return self._pins

    def _add_configuration(self, pin: int) -> None:
        def write(value: int) -> None:
            self._config[pin] = value

        self.register(0x700 + 4 * pin, read=lambda: self._config[pin], write=write)

    def _directions(self) -> int:
        return sum((config & 1) << pin for pin, config in enumerate(self._config))

    def _levels(self) -> int:
        value = 0
        for pin, config in enumerate(self._config):
            if config & 2:
                continue  # a disconnected input buffer reads as 0
            level = self.output(pin) if config & 1 else self.levels_in.get(pin, config >> 2 & 3 == _PULL_UP)
            value |= int(level) << pin
        return value
