"""What each part of a call of a rune costs, from what was seen of it on a virtual board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from runeflash.errors import InternalError
from runeflash.firmware.model_profile import Event, ModelAddresses, Passed, difference, elf_reader, layer_rows
from runeflash.model import CompiledModel
from runeflash.profile import Kind, Row

# rune_mark of targets/common/rune_board.h
_CALL_BEGIN, _CALL_END, _MODEL_BEGIN, _READ_BEGIN, _OUTPUT_BEGIN = 1, 2, 3, 5, 7
_CALLS = {_READ_BEGIN: "reading", _OUTPUT_BEGIN: "output"}


class Marked(Event, Protocol):
    """A mark of the firmware."""

    @property
    def mark(self) -> int:
        """Its number."""


def rune_rows(
    marks: Sequence[Marked],
    passages: Sequence[Passed],
    models: Sequence[tuple[CompiledModel, ModelAddresses]],
    elf: Path,
) -> list[Row]:
    """Return a row for each part of the last call that came to its end: the layers of its models, the calls of the host
    that the firmware marks, and the rest.

    Args:
        marks: of the whole run.
        passages: of the models' functions, and of where these return to.
        models: the compiled models and where they lie.
        elf: the firmware.

    Raises:
        InternalError: there is no whole call among the marks.
    """
    from runeflash.virtual.cycles import estimate_cycles

    memory = elf_reader(elf)

    def cycles(counts: Mapping[int, int]) -> int:
        return estimate_cycles(counts, memory)

    ends = [number for number, event in enumerate(marks) if event.mark == _CALL_END]
    begins = [number for number, event in enumerate(marks[: ends[-1]] if ends else ()) if event.mark == _CALL_BEGIN]
    if not ends or not begins:
        raise InternalError("the run has no whole call to profile")
    call = marks[begins[-1] : ends[-1] + 1]
    rows: list[Row] = []
    inside: dict[int, int] = {}
    counted = 0
    for begin in call:
        if begin.mark not in (_MODEL_BEGIN, *_CALLS):
            continue
        end = next(
            (item for item in call if item.mark == begin.mark + 1 and item.instructions > begin.instructions), None
        )
        if end is None:
            continue
        if begin.mark == _MODEL_BEGIN:
            found, counts = _inference(begin, end, passages, models, cycles)
        else:
            counts = difference(begin, end)
            found = [Row(Kind.HOST_CALL, _CALLS[begin.mark], end.instructions - begin.instructions, cycles(counts))]
        rows += found
        counted += sum(row.instructions for row in found)
        for address, count in counts.items():
            inside[address] = inside.get(address, 0) + count
    whole = difference(call[0], call[-1])
    rest = {address: count - inside.get(address, 0) for address, count in whole.items()}
    left = call[-1].instructions - call[0].instructions - counted
    rows.append(Row(Kind.OTHER, "the rune in its engine", left, cycles({a: n for a, n in rest.items() if n > 0})))
    return rows


def _inference(
    begin: Event,
    end: Event,
    passages: Sequence[Passed],
    models: Sequence[tuple[CompiledModel, ModelAddresses]],
    cycles: Callable[[Mapping[int, int]], int],
) -> tuple[list[Row], dict[int, int]]:
    """Return the rows of an inference, and how often it executed each instruction."""
    seen = [item for item in passages if begin.instructions <= item.instructions <= end.instructions]
    for model, addresses in models:
        if seen and seen[0].address == addresses.infer:
            return layer_rows(model, addresses, seen, cycles), difference(seen[0], seen[-1])
    raise InternalError("an inference of a model that was not compiled is in the profile")
