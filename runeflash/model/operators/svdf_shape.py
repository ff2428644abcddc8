"""The sizes of an SVDF, whatever its types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SvdfShape:
    """Sizes.

    Attributes:
        batches: each has its own state.
        depth: inputs of one batch.
        units: outputs of one batch.
        rank: filters of one unit.
        memory: steps that a filter weighs.
    """

    batches: int
    depth: int
    units: int
    rank: int
    memory: int

    @property
    def filters(self) -> int:
        """All filters."""
        return self.units * self.rank

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.filters * (self.depth + self.memory)

    def fields(self) -> dict[str, int | str]:
        """Return the fields of a kernel's shape."""
        return {
            "batches": self.batches,
            "depth": self.depth,
            "units": self.units,
            "rank": self.rank,
            "memory": self.memory,
        }
