"""A tighter arena than one greedy pass gives, for graphs whose branches keep tensors alive for long.

Each try places the buffers in some order, each at the lowest offset where it overlaps nothing that is
alive with it. The first orders are greedy ones; after them, the buffer that ends highest is moved
ahead of one that it had to lie above, which is kept when the arena does not grow. The search stops
when no plan can be smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runeflash.arena import ArenaPlan, Buffer, peak_live_bytes, plan_arena

#: Comparisons of two buffers that the search may cost: about a second.
_EFFORT = 4_000_000

_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda buffer: (-buffer.size * (buffer.last - buffer.first + 1), buffer.first),
    lambda buffer: (-(buffer.last - buffer.first), -buffer.size, buffer.first),
    lambda buffer: (buffer.first, -buffer.size),
    lambda buffer: (-buffer.last, -buffer.size),
)


def search_arena(buffers: Sequence[Buffer], alignment: int) -> ArenaPlan:
    """Return the smallest plan found in which no two buffers that are alive together overlap.

    The same input gives the same plan. Offsets are multiples of ``alignment``, in bytes.
    """
    rounded = [Buffer(b.name, _round(b.size, alignment), b.first, b.last) for b in buffers]
    best = plan_arena(rounded, alignment)
    bound = peak_live_bytes(rounded)
    if best.size <= bound:
        return best
    by_size = sorted(rounded, key=lambda buffer: (-buffer.size, buffer.first, buffer.name))
    candidates = [by_size] + [sorted(by_size, key=key) for key in _ORDERS]
    tries = max(_EFFORT // (len(buffers) ** 2 + 1) // len(candidates), 1)
    for order in candidates:
        best = min(best, _climb(order, bound, tries), key=lambda plan: plan.size)
        if best.size <= bound:
            break
    return best


def _climb(order: list[Buffer], bound: int, tries: int) -> ArenaPlan:
    best = _place(order)
    generator = 1
    for _ in range(tries):
        if best.size <= bound:
            break
        generator = (generator * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        changed = _with_top_earlier(order, best, generator >> 8)
        plan = _place(changed)
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


def _place(order: Sequence[Buffer]) -> ArenaPlan:
    """Place buffers, whose sizes are multiples of the alignment, in this order."""
    placed: list[tuple[int, int, int, int]] = []
    offsets: dict[str, int] = {}
    size = 0
    for buffer in order:
        first, last = buffer.first, buffer.last
        offset = 0
        for start, end in sorted((s, e) for s, e, f, to in placed if f <= last and first <= to):
            if offset + buffer.size <= start:
                break
            offset = max(offset, end)
        offsets[buffer.name] = offset
        placed.append((offset, offset + buffer.size, first, last))
        size = max(size, offset + buffer.size)
    return ArenaPlan(offsets, size)


def _round(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
