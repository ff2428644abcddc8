"""PPI (PS, PPI): the 20 programmable channels from events to tasks. Forks and groups are not modelled."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError, RegisterBank

_CHANNELS = 20
_PROGRAMMABLE = (1 << _CHANNELS) - 1


class Ppi(RegisterBank):
    """The channels.

    Args:
        trigger: triggers the task at an address.
    """

    def __init__(self, trigger: Callable[[int], None]) -> None:
        super().__init__("PPI", 0x4001F000)
        self._trigger = trigger
        self._enabled = 0
        self._events = [0] * _CHANNELS
        self._tasks = [0] * _CHANNELS

        def enable(value: int) -> None:
            if value & ~_PROGRAMMABLE:
                raise BusError(f"PPI: the fixed channels 0x{value:08x} are enabled, which are not modelled")
            self._enabled |= value

        def disable(value: int) -> None:
            self._enabled &= ~value

        self.register(0x504, read=lambda: self._enabled, write=enable)
        self.register(0x508, read=lambda: self._enabled, write=disable)
        for channel in range(_CHANNELS):
            self._add_end(0x510 + 8 * channel, self._events, channel)
            self._add_end(0x514 + 8 * channel, self._tasks, channel)

    def event(self, address: int) -> None:
        """Trigger the tasks of all enabled channels that listen to this event."""
        for channel in range(_CHANNELS):
            if self._enabled >> channel & 1 and self._events[channel] == address:
                self._trigger(self._tasks[channel])

    def _add_end(self, offset: int, ends: list[int], channel: int) -> None:
        def write(value: int) -> None:
            ends[channel] = value

        self.register(offset, read=lambda: ends[channel], write=write)
