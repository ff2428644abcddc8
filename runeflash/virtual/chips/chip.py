"""What a virtual board asks of a chip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from runeflash.virtual.machine import Machine
from runeflash.virtual.serial_line import SerialLine


class Chip(ABC):
    """A chip with its peripherals.

    Attributes:
        machine: core, memory and time.
        serial: the line at the board's serial port.
        cycles_per_microsecond: the core clock in MHz.
    """

    cycles_per_microsecond: int

    @abstractmethod
    def __init__(
        self, random_bytes: Callable[[int], bytes], *, profile: bool = False, wiring: Mapping[str, Any] | None = None
    ) -> None:
        self.machine: Machine
        self.serial: SerialLine

    @abstractmethod
    def start(self, image: bytes, address: int) -> None:
        """Put an image into flash and start it as after power-on.

        Raises:
            UserError: the image does not fit at that address.
        """

    @abstractmethod
    def press_reset(self) -> None:
        """Reset by the reset pin."""
