"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        name: what was measured, where, with what.
        value: a count.
        unit: ``instructions``, ``cycles, estimated`` or ``bytes``.
        limit: the most it should be, or None.
    """

    name: str
    value: int
    unit: str
    limit: int | None = None
