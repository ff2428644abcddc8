"""What all peripherals of the chip have in common: tasks, events, shorts and interrupts (PS, peripheral interface)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from runeflash.virtual.bus import BusError, RegisterBank
from runeflash.virtual.machine import Machine

_EVENTS = range(0x100, 0x200)
_SHORTS = 0x200
_INTEN, _INTENSET, _INTENCLR = 0x300, 0x304, 0x308


class EventListener(Protocol):
    """Who is told of every event: the PPI."""

    def event(self, address: int) -> None:
        """Take notice of an event, by its register's address."""
        ...


class NordicPeripheral(RegisterBank):
    """A peripheral with tasks and events; its interrupt line is high while an enabled event is set.

    Args:
        machine: the machine that it is part of.
        name: as in PS.
        base: its address; the interrupt's number follows from it (PS 4.2.4).
        ppi: told of every event, or None where nothing listens.
    """

    def __init__(self, machine: Machine, name: str, base: int, ppi: EventListener | None = None) -> None:
        super().__init__(name, base)
        self.machine = machine
        self.interrupt = (base >> 12) & 0x3F
        self._ppi = ppi
        self._events: dict[int, bool] = {}
        self._tasks: dict[int, Callable[[], None]] = {}
        self._shorts: dict[int, tuple[int, Callable[[], None]]] = {}  # bit: event, task
        self._shorts_value = 0
        self._interrupts_enabled = 0

    # -- describing the peripheral

    def task(self, offset: int, action: Callable[[], None]) -> None:
        """Add a task: writing 1 triggers it."""
        self._tasks[offset] = action

        def write(value: int) -> None:
            if value & 1:
                action()

        self.register(offset, write=write)

    def event(self, offset: int) -> None:
        """Add an event; writing 0 clears it."""
        assert offset in _EVENTS
        self._events[offset] = False

        def write(value: int) -> None:
            if value:
                raise BusError(f"{self.name}: event 0x{offset:03x} is written with 0x{value:x}, not with 0")
            self._events[offset] = False
            self._update_line()

        self.register(offset, read=lambda: int(self._events[offset]), write=write)

    def shorts(self, table: Mapping[int, tuple[int, Callable[[], None]]]) -> None:
        """Add the SHORTS register: for each bit, the event and the task that it connects."""
        self._shorts = dict(table)
        allowed = sum(1 << bit for bit in table)

        def write(value: int) -> None:
            if value & ~allowed:
                raise BusError(f"{self.name}: SHORTS is written with 0x{value:x}, which is not modelled")
            self._shorts_value = value

        self.register(_SHORTS, read=lambda: self._shorts_value, write=write)

    def interrupts(self) -> None:
        """Add INTENSET and INTENCLR."""

        def read() -> int:
            return self._interrupts_enabled

        def enable(value: int) -> None:
            known = sum(1 << ((event - 0x100) // 4) for event in self._events)
            if value & ~known:
                raise BusError(f"{self.name}: the interrupts 0x{value & ~known:x} are enabled, which are not modelled")
            self._interrupts_enabled |= value
            self._update_line()

        def disable(value: int) -> None:
            self._interrupts_enabled &= ~value
            self._update_line()

        self.register(_INTENSET, read=read, write=enable)
        self.register(_INTENCLR, read=read, write=disable)

    def value(self, offset: int, reset: int = 0, *, allowed: Callable[[int], bool] | None = None) -> Callable[[], int]:
        """Add a register that keeps what is written, and return how to read it.

        ``allowed`` says which values are modelled.
        """
        kept = [reset]

        def write(value: int) -> None:
            if allowed is not None and not allowed(value):
                raise BusError(
                    f"{self.name}: register 0x{offset:03x} is written with 0x{value:x}, which is not modelled"
                )
            kept[0] = value

        self.register(offset, read=lambda: kept[0], write=write)
        return lambda: kept[0]

    # -- what happens

    def raise_event(self, offset: int) -> None:
        """Let an event happen: its register, the shorts, the PPI and the interrupt."""
        self._events[offset] = True
        self._update_line()
        if self._ppi is not None:
            self._ppi.event(self.base + offset)
        for bit, (event, action) in self._shorts.items():
            if event == offset and self._shorts_value >> bit & 1:
                action()

    def trigger(self, offset: int) -> None:
        """Trigger a task from the PPI.

        Raises:
            BusError: there is no such task.
        """
        action = self._tasks.get(offset)
        if action is None:
            raise BusError(f"{self.name}: the PPI triggers 0x{offset:03x}, which is no task that is modelled")
        action()

    def _update_line(self) -> None:
        level = any(
            flag and self._interrupts_enabled >> ((offset - 0x100) // 4) & 1 for offset, flag in self._events.items()
        )
        self.machine.set_interrupt_line(self.interrupt, level)
