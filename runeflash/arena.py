"""Placing buffers in one arena by the time in which they are alive.

Used for the tensors of a rune and for the activations of a model. Greedy by size: the largest
buffer first, each at the lowest offset where it overlaps nothing that is alive with it
(Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, section 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALIGNMENT = 16


@dataclass(frozen=True)
class Buffer:
    """A buffer that is alive from step ``first`` to step ``last``, both included; ``size`` in bytes."""

    name: str
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class ArenaPlan:
    """Where each buffer lies (bytes from the start, multiples of the alignment), and the arena's size."""

    offsets: Mapping[str, int]
    size: int


def plan_arena(buffers: Sequence[Buffer], alignment: int = ALIGNMENT) -> ArenaPlan:
    """Return a plan in which no two buffers that are alive together overlap; the same input, the same plan."""
    placed: list[tuple[int, Buffer]] = []
    offsets: dict[str, int] = {}
    for buffer in sorted(buffers, key=lambda item: (-item.size, item.first, item.name)):
        offset = 0
        neighbours = sorted(
            (other_offset, other_offset + other.size)
            for other_offset, other in placed
            if other.first <= buffer.last and buffer.first <= other.last
        )
        for start, end in neighbours:
            if offset + buffer.size <= start:
                break
            offset = max(offset, -(-end // alignment) * alignment)
        offsets[buffer.name] = offset
        placed.append((offset, buffer))
    size = max((offset + buffer.size for offset, buffer in placed), default=0)
    return ArenaPlan(offsets, -(-size // alignment) * alignment)


def peak_live_bytes(buffers: Sequence[Buffer]) -> int:
    """Return the most bytes that are alive in one step: no plan can be smaller."""
    return max(
        (
            sum(buffer.size for buffer in buffers if buffer.first <= step <= buffer.last)
            for step in {buffer.first for buffer in buffers}
        ),
        default=0,
    )
