"""The NVIC: which exceptions are pending, enabled and active, and which one is next.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5 and B3.4. Exceptions are numbered as in the vector table:
16 + n is interrupt n.
"""

from __future__ import annotations

from collections.abc import Callable

SVCALL = 11
PENDSV = 14
SYSTICK = 15
FIRST_INTERRUPT = 16
_THREAD_PRIORITY = 256
#: Reset, NMI and HardFault have fixed priorities.
_FIXED_PRIORITY = {1: -3, 2: -2, 3: -1}


class Nvic:
    """The state of all exceptions.

    Args:
        interrupts: how many external interrupts the chip has.
        priority_bits: how many of the 8 priority bits it has; the lower ones read as zero.

    Attributes:
        on_pending: called when an exception becomes pending, enabled or not.
    """

    def __init__(self, interrupts: int, priority_bits: int) -> None:
        self.interrupts = interrupts
        self.on_pending: Callable[[], None] = lambda: None
        self.priority_mask = (0xFF << (8 - priority_bits)) & 0xFF
        self.reset()

    def reset(self) -> None:
        """Back to the state after reset: nothing enabled, pending or active; what drives the lines is reset too."""
        self.pending = 0  # one bit per exception
        self.enabled = (1 << FIRST_INTERRUPT) - 1  # the system exceptions are always enabled here
        self.lines = 0  # levels, one bit per exception
        self.active: list[int] = []  # the innermost last
        self._priorities = [0] * (FIRST_INTERRUPT + self.interrupts)

    def priority(self, exception: int) -> int:
        """Return an exception's priority; lower is more urgent."""
        return _FIXED_PRIORITY.get(exception, self._priorities[exception])

    def set_priority(self, exception: int, value: int) -> None:
        """Set an exception's priority, as far as the chip has bits for it."""
        self._priorities[exception] = value & self.priority_mask

    def set_pending(self, exception: int) -> None:
        """Make an exception pending."""
        bit = 1 << exception
        if not self.pending & bit:
            self.pending |= bit
            self.on_pending()

    def clear_pending(self, exception: int) -> None:
        """Take a pending exception back; an interrupt whose line is high stays pending."""
        bit = 1 << exception
        if not (self.lines & bit):
            self.pending &= ~bit

    def set_line(self, exception: int, level: bool) -> None:
        """Set the level of an interrupt's line. A rising line pends it."""
        bit = 1 << exception
        if level and not self.lines & bit:
            self.lines |= bit
            self.set_pending(exception)
        elif not level:
            self.lines &= ~bit

    def execution_priority(self, primask: int, basepri: int, faultmask: int) -> int:
        """Return the priority that an exception must beat to be taken (B1.5.4)."""
        priority = min((self.priority(e) for e in self.active), default=_THREAD_PRIORITY)
        if basepri & self.priority_mask:
            priority = min(priority, basepri & self.priority_mask)
        if primask:
            priority = min(priority, 0)
        if faultmask:
            priority = min(priority, -1)
        return priority

    def most_urgent(self) -> int | None:
        """Return the pending and enabled exception of the highest priority, the lowest number first."""
        ready = self.pending & self.enabled
        best: int | None = None
        while ready:
            exception = (ready & -ready).bit_length() - 1
            ready &= ready - 1
            if best is None or self.priority(exception) < self.priority(best):
                best = exception
        return best

    def enter(self, exception: int) -> None:
        """Make an exception active."""
        self.pending &= ~(1 << exception)
        self.active.append(exception)

    def leave(self) -> int:
        """End the innermost active exception and return it; if its line is still high, it is pending again."""
        exception = self.active.pop()
        self.pending |= self.lines & (1 << exception)
        return exception
