"""SysTick: the core's 24-bit timer, on the core clock (ARMv7-M Architecture Reference Manual B3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runeflash.virtual.bus import BusError
from runeflash.virtual.nvic import SYSTICK

if TYPE_CHECKING:
    from runeflash.virtual.events import Event
    from runeflash.virtual.machine import Machine

_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16
_BITS = 0xFFFFFF


class SysTick:
    """The timer. It counts from its value down to 0, then from the reload value."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._event: Event | None = None
        self.reset()

    def reset(self) -> None:
        """Stop."""
        self._control = 0
        self._counted = False
        self._reload = 0
        self._value = 0  # while stopped
        self._zero_at = 0  # while running: the cycle in which the count is 0
        self._cancel()

    def read_control(self) -> int:
        """Read SYST_CSR; reading clears COUNTFLAG."""
        value = self._control | (_COUNTFLAG if self._counted else 0)
        self._counted = False
        return value

    def write_control(self, value: int) -> None:
        """Write SYST_CSR."""
        if value & _ENABLE and not value & _CLKSOURCE:
            raise BusError("SysTick: only the core clock is modelled (CLKSOURCE 1)")
        current = self.read_value()
        self._control = value & (_ENABLE | _TICKINT | _CLKSOURCE)
        self._value = current
        self._restart()

    def read_reload(self) -> int:
        """Read SYST_RVR."""
        return self._reload

    def write_reload(self, value: int) -> None:
        """Write SYST_RVR; it is used from the next reload on."""
        self._reload = value & _BITS

    def read_value(self) -> int:
        """Read SYST_CVR."""
        if self._event is None:
            return self._value
        return (self._zero_at - self._machine.now) & _BITS

    def write_value(self, _value: int) -> None:
        """Write SYST_CVR: any write clears it and COUNTFLAG; the reload follows in the next cycle."""
        self._counted = False
        self._value = 0
        self._restart()

    def _restart(self) -> None:
        self._cancel()
        if not self._control & _ENABLE or (self._reload == 0 and self._value == 0):
            return
        ahead = self._value if self._value else self._reload + 1
        self._zero_at = self._machine.now + ahead
        self._event = self._machine.schedule(self._zero_at, self._reached_zero)

    def _reached_zero(self) -> None:
        self._event = None
        self._value = 0
        self._counted = True
        if self._control & _TICKINT:
            self._machine.nvic.set_pending(SYSTICK)
        if self._reload:
            self._zero_at += self._reload + 1
            self._event = self._machine.schedule(self._zero_at, self._reached_zero)

    def _cancel(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None
