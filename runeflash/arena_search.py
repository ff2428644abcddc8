"""A tighter arena than one greedy pass gives, for graphs whose branches keep tensors alive for long.

Each try places the buffers in some order, each at the lowest offset where it overlaps nothing that it must not. The
first orders are greedy ones; after them, the buffer that ends highest is moved ahead of one that it had to lie above,
which is kept when the arena does not grow. The search stops when no plan can be smaller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runeflash.arena import ArenaPlan, Buffer, plan_arena

#: Comparisons of two buffers that the search may cost: about a second.
_EFFORT = 4_000_000

_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda buffer: (-buffer.size * (buffer.last - buffer.first + 1), buffer.first),
    lambda buffer: (-(buffer.last - buffer.first), -buffer.size, buffer.first),
    lambda buffer: (buffer.first, -buffer.size),
    lambda buffer: (-buffer.last, -buffer.size),
)


@dataclass(frozen=True)
class Overlap:
    """Two buffers that may share memory although they are alive together: a step reads one and writes the other.

    Attributes:
        written: the buffer that the step writes.
        read: the buffer that it reads, and nothing after it.
        distance: bytes by which the written one must begin before the other at least; None: both begin together.
    """

    written: str
    read: str
    distance: int | None


#: Of two buffers: by how much the first must begin below the second, and whether they may begin together.
_Rule = tuple[int, bool]


def search_arena(buffers: Sequence[Buffer], alignment: int, overlaps: Sequence[Overlap] = ()) -> ArenaPlan:
    """Return the smallest plan found in which no two buffers overlap that are alive together, other than ``overlaps``.

    The same input gives the same plan. Offsets are multiples of ``alignment``, in bytes.
    """
    rounded = [Buffer(b.name, _round(b.size, alignment), b.first, b.last) for b in buffers]
    sizes = {buffer.name: buffer.size for buffer in rounded}
    rules: dict[tuple[str, str], _Rule] = {}
    for overlap in overlaps:
        distance = sizes[overlap.written] if overlap.distance is None else _round(overlap.distance, alignment)
        rules[overlap.written, overlap.read] = (
            min(distance, sizes[overlap.written]),
            overlap.distance is None or distance == 0,
        )
    best = plan_arena(rounded, alignment)
    bound = least_arena(rounded, overlaps, alignment)
    if best.size <= bound:
        return best
    by_size = sorted(rounded, key=lambda buffer: (-buffer.size, buffer.first, buffer.name))
    candidates = [by_size] + [sorted(by_size, key=key) for key in _ORDERS]
    tries = max(_EFFORT // (len(buffers) ** 2 + 1) // len(candidates), 1)
    for order in candidates:
        best = min(best, _climb(order, bound, tries, rules), key=lambda plan: plan.size)
        if best.size <= bound:
            break
    return best


def least_arena(buffers: Sequence[Buffer], overlaps: Sequence[Overlap] = (), alignment: int = 1) -> int:
    """Return the most bytes that are alive in one step, those that may be shared counted once: no plan is smaller."""
    by_name = {buffer.name: buffer for buffer in buffers}
    saved: dict[int, dict[str, int]] = defaultdict(dict)
    for overlap in overlaps:
        written, read = by_name[overlap.written], by_name[overlap.read]
        if overlap.distance is None:
            both = max(written.size, read.size)
        else:
            both = max(written.size, _round(overlap.distance, alignment) + read.size)
        here = saved[written.first]
        here[written.name] = max(here.get(written.name, 0), written.size + read.size - both)
    changes: dict[int, int] = defaultdict(int)
    for buffer in buffers:
        changes[buffer.first] += buffer.size
        changes[buffer.last + 1] -= buffer.size
    alive = most = 0
    for step in sorted(changes):
        alive += changes[step]
        # What is read and shared in a step ends with it, so that the next one is among the changes.
        most = max(most, alive - sum(saved[step].values()))
    return most


def _climb(order: list[Buffer], bound: int, tries: int, rules: Mapping[tuple[str, str], _Rule]) -> ArenaPlan:
    best = _place(order, rules)
    generator = 1
    for _ in range(tries):
        if best.size <= bound:
            break
        generator = (generator * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        changed = _with_top_earlier(order, best, generator >> 8)
        plan = _place(changed, rules)
        if plan.size <= best.size:
            best, order = plan, changed
    return best


def _with_top_earlier(order: list[Buffer], plan: ArenaPlan, choice: int) -> list[Buffer]:
    """Return the order with a buffer that reaches the arena's end moved ahead of one that is alive with it."""
    top = next(i for i, buffer in enumerate(order) if plan.offsets[buffer.name] + buffer.size == plan.size)
    buffer = order[top]
    before = [i for i, other in enumerate(order[:top]) if other.first <= buffer.last and buffer.first <= other.last]
    if not before:
        return order
    place = before[choice % len(before)]
    return [*order[:place], buffer, *order[place:top], *order[top + 1 :]]


def _place(order: Sequence[Buffer], rules: Mapping[tuple[str, str], _Rule]) -> ArenaPlan:
    """Place buffers, whose sizes are multiples of the alignment, in this order."""
    placed: list[tuple[int, Buffer]] = []
    offsets: dict[str, int] = {}
    size = 0
    for buffer in order:
        first, last = buffer.first, buffer.last
        # Between the ends of each of these the buffer cannot begin, other than at the third number.
        closed = []
        for offset, other in placed:
            if other.first <= last and first <= other.last:
                below, together = rules.get((buffer.name, other.name), (buffer.size, False))
                above, also = rules.get((other.name, buffer.name), (other.size, False))
                closed.append((offset - below, offset + above, offset if together or also else -1))
        closed.sort()
        place = _lowest(closed)
        offsets[buffer.name] = place
        placed.append((place, buffer))
        size = max(size, place + buffer.size)
    return ArenaPlan(offsets, size)


def _lowest(closed: Sequence[tuple[int, int, int]]) -> int:
    """Return the lowest offset that is open; intervals are sorted, and exclude their ends."""
    place = 0
    for start, end, _ in closed:
        if place <= start:
            break
        place = max(place, end)
    for _, _, point in closed:
        if 0 <= point < place and all(point <= start or point >= end or point == own for start, end, own in closed):
            place = point
    return place


def _round(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
