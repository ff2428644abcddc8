"""Running a firmware image on a virtual board: bytes in and out of its serial port, instructions counted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from runeflash.boards.board import Board
from runeflash.device.random import Xoshiro128PlusPlus
from runeflash.device.session import RunSession
from runeflash.device.virtual_board import virtual_board
from runeflash.errors import DeviceError
from runeflash.virtual.board import Mark, Passage, StopReason, Write

#: Instructions between two looks at the serial port: about 3 ms of the board's time.
_SLICE = 200_000
#: Its time between two looks while it sleeps: well below the time after which frames are sent again.
_SLICE_MICROSECONDS = 100_000
#: Virtual seconds without a byte from the board after which it is given up.
_SILENCE_SECONDS = 120.0

_CALL_BEGIN, _CALL_END, _MODEL_BEGIN, _MODEL_END, _READ_BEGIN, _READ_END, _OUTPUT_BEGIN, _OUTPUT_END = range(1, 9)


@dataclass(frozen=True)
class CallCount:
    """Executed instructions of one call of the rune, and of the parts of it that the firmware marks."""

    total: int
    models: int
    reading: int
    output: int

    @property
    def rune(self) -> int:
        """What is left: the rune itself, in its engine."""
        return self.total - self.models - self.reading - self.output


@dataclass(frozen=True)
class Word:
    """A word of RAM to watch: its address, or that of a pointer that the firmware sets to it."""

    address: int
    points_to_it: bool


@dataclass(frozen=True)
class Trace:
    """What was seen of a run on a virtual board: its marks, the passages of watched instructions, and the writes to a
    watched word.
    """

    marks: list[Mark]
    passages: list[Passage]
    writes: list[Write]


def run_virtual(board: Board, image: bytes, session: RunSession, *, seed: int | None) -> list[CallCount]:
    """Run an image until the session is finished; return the instruction counts of its whole calls: see
    :func:`trace_virtual`.
    """
    trace = trace_virtual(board, image, session, seed=seed)
    return count_calls([(int(item.mark), item.instructions) for item in trace.marks])


def trace_virtual(
    board: Board,
    image: bytes,
    session: RunSession,
    *,
    seed: int | None,
    watch: Sequence[int] | None = None,
    word: Word | None = None,
) -> Trace:
    """Run an image until the session is finished, and return what was seen.

    Args:
        board: a board that has a virtual one.
        image: what is flashed.
        session: gets the board's lines, gives it frames.
        seed: of the board's random generator, or None for this computer's randomness.
        watch: addresses of functions whose beginnings and ends are noted; None to count nothing but instructions in
            all.
        word: the writes to which are noted, or None.

    Raises:
        UserError: the board has no virtual one.
        DeviceError: the virtual board faulted, or says nothing for too long.
    """
    random_bytes = os.urandom if seed is None else Xoshiro128PlusPlus(seed).bytes
    machine = virtual_board(board, image, random_bytes=random_bytes, profile=watch is not None)
    for address in watch or ():
        machine.watch(address, and_return=True)
    if word is not None:
        machine.watch_word(word.address, points_to_it=word.points_to_it)
    heard = 0.0
    trace = Trace([], [], [])
    while not session.finished:
        until = machine.microseconds + _SLICE_MICROSECONDS
        reason = machine.run(_SLICE, until_microseconds=until, until_line=True)
        now = machine.microseconds / 1e6
        data = machine.serial_output()
        if data:
            heard = now
            session.receive(data, now)
        elif now - heard > _SILENCE_SECONDS:
            raise DeviceError(f"the virtual {board.id} has said nothing for {_SILENCE_SECONDS:.0f} s of its time")
        outgoing = session.take_outgoing(now)
        if outgoing:
            machine.serial_input(outgoing)
        elif reason is StopReason.ASLEEP and not data and not session.finished:
            raise DeviceError(f"the virtual {board.id} sleeps, and nothing is left that could wake it")
        trace.marks.extend(machine.marks())
        trace.passages.extend(machine.passages())
        trace.writes.extend(machine.writes())
    return trace


def count_calls(marks: Sequence[tuple[int, int]]) -> list[CallCount]:
    """Return the counts of the calls that begin and end in a sequence of marks (number, instructions so far)."""
    calls = []
    start: int | None = None
    parts = {_MODEL_END: 0, _READ_END: 0, _OUTPUT_END: 0}
    begun: dict[int, int] = {}
    for mark, instructions in marks:
        if mark == _CALL_BEGIN:
            start, begun, parts = instructions, {}, dict.fromkeys(parts, 0)
        elif mark in {_MODEL_BEGIN, _READ_BEGIN, _OUTPUT_BEGIN}:
            begun[mark + 1] = instructions
        elif mark in parts and mark in begun:
            parts[mark] += instructions - begun.pop(mark)
        elif mark == _CALL_END and start is not None:
            calls.append(CallCount(instructions - start, parts[_MODEL_END], parts[_READ_END], parts[_OUTPUT_END]))
            start = None
    return calls


def format_counts(counts: Sequence[CallCount]) -> str:
    """Return the counts as a table for people."""
    lines = [f"{'call':>5}{'instructions':>14}{'rune':>12}{'models':>12}{'reading':>12}{'output':>12}"]
    lines += [
        f"{number:>5}{count.total:>14,}{count.rune:>12,}{count.models:>12,}{count.reading:>12,}{count.output:>12,}"
        for number, count in enumerate(counts, start=1)
    ]
    return "\n".join(lines)
