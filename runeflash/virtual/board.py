"""A virtual board: a chip that runs the image that is flashed, with a serial line to the host.

Example:
    >>> board = VirtualBoard("nrf52840", image, 0x10000, random_bytes=source)
    >>> while board.run(10_000_000, until_line=True) is StopReason.REQUEST:
    ...     handle(board.serial_output())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runeflash.virtual import chips
from runeflash.virtual.machine import Passage, StopReason, Write

__all__ = ["Mark", "Passage", "StopReason", "VirtualBoard", "Write"]

_MARK_PORT = 1


@dataclass(frozen=True)
class Mark:
    """A mark that the firmware set (``rune_mark`` in rune_board.h), with the exact instructions before it; with
    ``profile`` also how often each had been executed.
    """

    mark: int
    instructions: int
    microseconds: int
    counts: Mapping[int, int]


class VirtualBoard:
    """A board that has been switched on.

    Args:
        chip: the chip's name, from the ``virtual`` object of the board's description.
        image: the bytes that are flashed, the vector table first.
        flash_address: where they are flashed to.
        random_bytes: draws a number of bytes for the chip's random generator.
        profile: count how often each instruction is executed (:meth:`counts`).
        wiring: what the board connects to the chip, from the same object.

    Raises:
        UserError: there is no such chip, nothing on it that can be wired so, or the image does not fit.
        ToolError: the emulator cannot be set up.
    """

    def __init__(
        self,
        chip: str,
        image: bytes,
        flash_address: int,
        *,
        random_bytes: Callable[[int], bytes],
        profile: bool = False,
        wiring: Mapping[str, Any] | None = None,
    ) -> None:
        self._chip = chips.make(chip, random_bytes, profile=profile, wiring=wiring)
        self._machine = self._chip.machine
        self._stop_at_line = False
        self._chip.serial.on_line = self._line_completed
        self._chip.start(image, flash_address)

    def run(
        self, max_instructions: int, *, until_microseconds: int | None = None, until_line: bool = False
    ) -> StopReason:
        """Execute until the first of: ``max_instructions`` more; the virtual time ``until_microseconds``; with
        ``until_line``, a line that has been sent completely (``StopReason.REQUEST``); a sleep that nothing ends.

        Raises:
            VirtualFault: the firmware did what the chip would not let pass; every later run raises it again.
        """
        self._stop_at_line = until_line
        until = None if until_microseconds is None else until_microseconds * self._chip.cycles_per_microsecond
        return self._machine.run(max_instructions, until=until)

    def serial_output(self) -> bytes:
        """Return what the board has sent since the last call."""
        return self._chip.serial.take_output()

    def serial_input(self, data: bytes) -> None:
        """Send bytes to the board; they arrive from now on at the port's baud rate."""
        self._chip.serial.send_to_chip(data)

    @property
    def serial_input_pending(self) -> int:
        """How many of the bytes sent to the board are still on the way."""
        return len(self._chip.serial.waiting)

    @property
    def serial_input_lost(self) -> int:
        """How many bytes reached the board while its receiver was off or overrun."""
        return self._chip.serial.lost

    @property
    def instructions(self) -> int:
        """Instructions executed since the start, without the time asleep."""
        return self._machine.instructions

    @property
    def microseconds(self) -> int:
        """Virtual time since the start."""
        return self._machine.now // self._chip.cycles_per_microsecond

    def marks(self) -> list[Mark]:
        """Return the marks that the firmware has set since the last call."""
        stimuli, self._machine.stimuli = self._machine.stimuli, []
        return [
            Mark(
                stimulus.value,
                stimulus.instructions,
                stimulus.cycles // self._chip.cycles_per_microsecond,
                stimulus.counts,
            )
            for stimulus in stimuli
            if stimulus.port == _MARK_PORT
        ]

    def watch(self, address: int, *, and_return: bool = False) -> None:
        """Note every execution of an instruction; with ``and_return``, where its function returns to, too."""
        self._machine.watch(address, and_return=and_return)

    def passages(self) -> list[Passage]:
        """Return the executions of watched instructions since the last call."""
        passages, self._machine.passages = self._machine.passages, []
        return passages

    def watch_word(self, address: int, *, points_to_it: bool = False) -> None:
        """Note every write to a word of RAM: see :meth:`Machine.watch_word`."""
        self._machine.watch_word(address, points_to_it=points_to_it)

    def writes(self) -> list[Write]:
        """Return the writes to watched words since the last call."""
        writes, self._machine.writes = self._machine.writes, []
        return writes

    def counts(self) -> dict[int, int]:
        """Return how often each instruction was executed, by its address; empty without ``profile``."""
        return self._machine.counts()

    def press_reset(self) -> None:
        """Press the board's reset button; RAM keeps its bytes."""
        self._chip.press_reset()

    def read_memory(self, address: int, size: int) -> bytes:
        """Return bytes of flash or RAM."""
        return self._machine.read_memory(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes of RAM behind the firmware's back, before it runs or between two runs."""
        self._machine.write_memory(address, data)

    def _line_completed(self) -> None:
        if self._stop_at_line:
            self._machine.request_stop()
