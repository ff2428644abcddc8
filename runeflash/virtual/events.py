"""Virtual time: things that happen at a cycle, in order, and in the order of their making within a cycle."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Event:
    """Something that happens at a time, in cycles; :meth:`cancel` takes it back."""

    time: int
    sequence: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Let it not happen; harmless when it has happened."""
        self.cancelled = True


class EventQueue:
    """The events to come."""

    def __init__(self) -> None:
        self._heap: list[Event] = []
        self._sequence = 0

    def add(self, time: int, action: Callable[[], None]) -> Event:
        """Add an event."""
        self._sequence += 1
        event = Event(time, self._sequence, action)
        heapq.heappush(self._heap, event)
        return event

    def next_time(self) -> int | None:
        """Return the time of the next event, or None where there is none."""
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].time if self._heap else None

    def pop_due(self, now: int) -> Event | None:
        """Take the next event if its time has come."""
        time = self.next_time()
        return heapq.heappop(self._heap) if time is not None and time <= now else None

    def clear(self) -> None:
        """Forget all events."""
        self._heap.clear()
