"""What parts of a program cost: rows of one table, whatever they are rows of.

A part is a layer of a model, a stage of a rune, a call of the host, or what is left. Instructions are exact, counted on
a virtual board, and cycles an estimate; microseconds are measured by a firmware itself, with its board's clock. What
was not looked at, or does not apply to a kind of part, is None.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


class Kind(enum.Enum):
    """What a row is about."""

    LAYER = "model layer"
    STAGE = "stage"
    HOST_CALL = "host call"
    OTHER = "other"


@dataclass(frozen=True)
class Row:
    """A part of a program.

    Attributes:
        kind: what it is.
        name: of the layer, the stage, the call.
        instructions: executed, in one call of the rune or one inference.
        cycles: estimated.
        microseconds, least_microseconds, most_microseconds: the mean of some calls of the rune, and the bounds.
        stage: in which a rune was, as what it is a part of; of a stage, its own name.
        calls: of a host call, how often the stage made it.
        model: of a layer, the model's name.
        index: of a layer, its operator's number in the file.
        operator: of a layer.
        inputs, outputs: types and shapes as text.
        given_macs, macs: of a layer, in the model as given and as compiled.
        weight_bytes, arena_bytes: of a layer.
    """

    kind: Kind
    name: str
    instructions: int | None = None
    cycles: int | None = None
    stage: str | None = None
    calls: int | None = None
    model: str | None = None
    index: int | None = None
    operator: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    given_macs: int | None = None
    macs: int | None = None
    weight_bytes: int | None = None
    arena_bytes: int | None = None
    microseconds: float | None = None
    least_microseconds: int | None = None
    most_microseconds: int | None = None

    @property
    def instructions_per_mac(self) -> float | None:
        """Of the multiplications of the model as given, so that removing some shows."""
        if self.instructions is None or not self.given_macs:
            return None
        return self.instructions / self.given_macs


@dataclass(frozen=True)
class Profile:
    """The parts of a program.

    Attributes:
        title: of what, on what.
        toolchain: compiler and version; None where a firmware does not say.
        rows: in the order in which they ran.
        code_bytes: flash that the code of the models takes, without their weights; None where that is not known.
    """

    title: str
    toolchain: str | None
    rows: tuple[Row, ...]
    code_bytes: int | None = None

    @property
    def instructions(self) -> int | None:
        """Of all parts; None where none were counted."""
        counted = [row.instructions for row in self.rows if row.instructions is not None]
        return sum(counted) if counted else None

    @property
    def cycles(self) -> int | None:
        """Of all parts; None where none were estimated."""
        estimated = [row.cycles for row in self.rows if row.cycles is not None]
        return sum(estimated) if estimated else None

    @property
    def microseconds(self) -> float | None:
        """Of all parts; None where none were measured."""
        measured = [row.microseconds for row in self.rows if row.microseconds is not None]
        return sum(measured) if measured else None

    @property
    def given_macs(self) -> int:
        """Of all parts."""
        return sum(row.given_macs or 0 for row in self.rows)

    @property
    def macs(self) -> int:
        """Of all parts."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def instructions_per_mac(self) -> float | None:
        """Of the models, what lies between their layers included; None where nothing is multiplied."""
        spent = sum(row.instructions or 0 for row in self.rows if row.model is not None)
        return spent / self.given_macs if self.given_macs else None


def as_data(profile: Profile) -> dict[str, Any]:
    """Return a profile for programs."""
    rows = []
    for row in profile.rows:
        content = asdict(row)
        content["kind"] = row.kind.value
        content["instructions_per_mac"] = _rounded(row.instructions_per_mac)
        content["microseconds"] = _tenths(row.microseconds)
        rows.append(content)
    return {
        "title": profile.title,
        "toolchain": profile.toolchain,
        "instructions": profile.instructions,
        "cycles": profile.cycles,
        "microseconds": _tenths(profile.microseconds),
        "given_macs": profile.given_macs,
        "macs": profile.macs,
        "instructions_per_mac": _rounded(profile.instructions_per_mac),
        "code_bytes": profile.code_bytes,
        "rows": rows,
    }


def format_profile(profile: Profile) -> str:
    """Return a profile as a table for people."""
    header = (
        *("", "part", "in", "out", "MACs", "left", "instructions", "per MAC", "cycles", "weights", "arena"),
        *("microseconds", "least", "most"),
    )
    varies = any(row.least_microseconds != row.most_microseconds for row in profile.rows)
    lines: list[Sequence[str]] = [header]
    lines += [
        (
            "" if row.index is None else str(row.index),
            _title(row),
            " ".join(row.inputs),
            " ".join(row.outputs),
            _number(row.given_macs),
            _number(row.macs if row.macs != row.given_macs else None),
            _number(row.instructions),
            _ratio(row.instructions_per_mac),
            _number(row.cycles),
            _number(row.weight_bytes),
            _number(row.arena_bytes),
            _number(_whole(row.microseconds)),
            _number(row.least_microseconds if varies else None),
            _number(row.most_microseconds if varies else None),
        )
        for row in profile.rows
    ]
    lines.append(
        (
            "",
            "total",
            "",
            "",
            _number(profile.given_macs) if profile.instructions is not None else "",
            _number(profile.macs if profile.macs != profile.given_macs else None),
            _number(profile.instructions),
            _ratio(profile.instructions_per_mac),
            _number(profile.cycles),
            _number(sum(row.weight_bytes or 0 for row in profile.rows)) if profile.instructions is not None else "",
            "",
            _number(_whole(profile.microseconds)),
            "",
            "",
        )
    )
    used = [column for column in range(len(header)) if any(line[column] for line in lines[1:])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    text = [", ".join(filter(None, (profile.title, profile.toolchain)))]
    for line in lines:
        cells = [
            line[column].ljust(widths[column]) if 1 <= column <= 3 else line[column].rjust(widths[column])
            for column in used
        ]
        text.append("  ".join(cells).rstrip())
    if profile.code_bytes is not None:
        text.append(f"code without weights: {profile.code_bytes:,} bytes")
    return "\n".join(text)


def _title(row: Row) -> str:
    if row.operator is not None:
        return row.operator
    name = row.name if row.kind is Kind.OTHER else f"{row.kind.value}: {row.name}"
    return name if row.calls in (None, 1) else f"{name}, {row.calls} times"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _whole(value: float | None) -> int | None:
    """Return a time as the clock could have read it."""
    return None if value is None else round(value)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
