"""What each part of a call of a rune costs, from what was seen of it on a virtual board.

The rune writes the number of its stage before the stage runs, and the host's functions are watched: between two such
events all that is executed belongs to one part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from runeflash.elf_symbols import read_symbols
from runeflash.errors import InternalError
from runeflash.firmware.model_profile import Event, ModelAddresses, difference, elf_reader, layer_rows
from runeflash.model import CompiledModel
from runeflash.profile import Kind, Row
from runeflash.rune import abi
from runeflash.virtual.board import Passage, Write
from runeflash.virtual.cycles import estimate_cycles

# rune_mark of targets/common/rune_board.h
_CALL_BEGIN, _CALL_END = 1, 2
#: The variable that has the stage, and the one that points to it: rune_engine_aot.c, rune_engine_wasm3.c.
_STAGE, _STAGE_POINTER = "rune_aot_stage", "rune_wasm3_stage"


class Marked(Event, Protocol):
    """A mark of the firmware."""

    @property
    def mark(self) -> int:
        """Its number."""


@dataclass(frozen=True)
class RuneAddresses:
    """Where the parts of a rune's call are to be seen in a firmware.

    Attributes:
        stage: the word that has the current stage's number, or a pointer to it.
        stage_is_pointer: which of them.
        host_calls: where the host's functions begin, with the names under which a rune imports them.
    """

    stage: int
    stage_is_pointer: bool
    host_calls: Mapping[int, str]


def rune_addresses(elf: Path) -> RuneAddresses:
    """Return where a firmware has its stage and its host functions."""
    symbols = {symbol.name: symbol.address for symbol in read_symbols(elf)}
    stage = symbols.get(_STAGE, symbols.get(_STAGE_POINTER))
    if stage is None:
        raise InternalError("the firmware to profile does not say where it has its stage")
    functions = {name: f"rune_host_{name.removeprefix('_').removeprefix('rune_')}" for name in abi.IMPORTS}
    host_calls = {symbols[symbol]: name for name, symbol in functions.items() if symbol in symbols}
    return RuneAddresses(stage, _STAGE not in symbols, host_calls)


@dataclass
class _Part:
    """What is known of a part while the call is gone through."""

    kind: Kind
    name: str
    stage: str | None = None
    calls: int | None = None
    instructions: int = 0
    counts: dict[int, int] = field(default_factory=dict)
    layers: list[Row] = field(default_factory=list)  # of the inferences that it made

    def add(self, begin: Event, end: Event) -> None:
        self.instructions += end.instructions - begin.instructions
        for address, count in difference(begin, end).items():
            self.counts[address] = self.counts.get(address, 0) + count

    def row(self, cycles: int) -> Row:
        return Row(self.kind, self.name, self.instructions, cycles, stage=self.stage, calls=self.calls)


def rune_rows(
    marks: Sequence[Marked],
    passages: Sequence[Passage],
    writes: Sequence[Write],
    models: Sequence[tuple[CompiledModel, ModelAddresses]],
    addresses: RuneAddresses,
    stages: Sequence[str],
    elf: Path,
) -> list[Row]:
    """Return a row for each part of the last call that came to its end: the engine before the first stage; each stage
    without its calls of the host; the calls of the host without their models' layers; and these layers.

    Args:
        marks: of the whole run.
        passages: of the functions of models and host, and of where these return to.
        writes: of the stage's number.
        models: the compiled models and where they lie.
        addresses: of the firmware.
        stages: their names, the first one having the number 1.
        elf: the firmware.

    Raises:
        InternalError: there is no whole call among the marks.
    """
    memory = elf_reader(elf)

    def cycles(counts: Mapping[int, int]) -> int:
        return estimate_cycles(counts, memory)

    begin, end = _last_call(marks)
    inside: list[Passage | Write] = [*writes, *passages]  # a write is seen after its instruction, a passage before
    inside = [event for event in inside if begin.instructions < event.instructions < end.instructions]
    inside.sort(key=lambda event: event.instructions)
    parts: dict[tuple[str | None, str | None], _Part] = {}
    models_by_address = {where.infer: (model, where) for model, where in models}

    def part(stage: str | None, call: str | None) -> _Part:
        if call is not None:
            made = _Part(Kind.HOST_CALL, call, stage, 0)
        else:
            made = _Part(Kind.OTHER, "the engine") if stage is None else _Part(Kind.STAGE, stage, stage)
        return parts.setdefault((stage, call), made)

    stage: str | None = None
    current = part(None, None)
    returns_to: int | None = None  # of the active call of the host
    last: Event = begin
    position = 0
    while position < len(inside):
        event = inside[position]
        position += 1
        before, now = current, last
        if isinstance(event, Write):
            stage = _stage_name(event.value, stages)
            current = part(stage, None)
        elif event.address in addresses.host_calls and event.returns_to is not None:
            current, returns_to = part(stage, addresses.host_calls[event.address]), event.returns_to
            current.calls = (current.calls or 0) + 1
        elif event.address == returns_to:
            current, returns_to = part(stage, None), None
        elif event.address in models_by_address and event.returns_to is not None:
            model, where = models_by_address[event.address]
            seen = _until_return(event, inside[position:])
            position += len(seen) - 1
            current.layers += [replace(row, stage=stage) for row in layer_rows(model, where, seen, cycles)]
            before.add(now, event)
            last = seen[-1]
            continue
        else:
            continue  # where a function returned to that was called from elsewhere too
        before.add(now, event)
        last = event
    current.add(last, end)
    return [row for item in parts.values() for row in (item.row(cycles(item.counts)), *item.layers)]


def _last_call(marks: Sequence[Marked]) -> tuple[Marked, Marked]:
    ends = [number for number, event in enumerate(marks) if event.mark == _CALL_END]
    begins = [number for number, event in enumerate(marks[: ends[-1]] if ends else ()) if event.mark == _CALL_BEGIN]
    if not ends or not begins:
        raise InternalError("the run has no whole call to profile")
    return marks[begins[-1]], marks[ends[-1]]


def _until_return(entry: Passage, following: Sequence[Passage | Write]) -> list[Passage]:
    """Return the passages from a function's first instruction to where it returns to."""
    seen = [entry]
    for event in following:
        if not isinstance(event, Passage):
            break
        seen.append(event)
        if event.address == entry.returns_to:
            return seen
    raise InternalError("an inference does not end in the profile")


def _stage_name(number: int, stages: Sequence[str]) -> str:
    """Return a stage's name; a rune from elsewhere may write anything."""
    return stages[number - 1] if 1 <= number <= len(stages) else f"number {number}"
