"""Places: how far to the right everything stands, so that lines are as straight as the order allows.

The sum of the squared sideways steps of all lines is made as small as possible, those between bends counting most.
Each row in turn goes where its neighbours pull it, without coming closer to each other than allowed: an isotonic
regression, solved exactly by pooling adjacent violators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runeflash.drawing.layers import Layers, VertexKind
from runeflash.drawing.order import Neighbour, Neighbours, Order

_SWEEPS = 24
_STRAIGHTENINGS = 4
_WEIGHTS = {0: 1.0, 1: 3.0, 2: 20.0}


def place_rows(
    layers: Layers, order: Order, neighbours: Neighbours, widths: Sequence[float], gap: Callable[[int, int], float]
) -> list[float]:
    """Return the middle of every vertex, from the left.

    Args:
        layers: the rows.
        order: of each row.
        neighbours: of each vertex; where lines meet it is in its own width.
        widths: of the vertices.
        gap: how much room must be between two vertices that stand beside each other.
    """
    middles = [0.0] * len(layers.vertices)
    offsets = []  # of each row: how far each vertex is from the first at least
    for row in order:
        distance, row_offsets = 0.0, []
        for index, vertex in enumerate(row):
            if index:
                before = row[index - 1]
                distance += (widths[before] + widths[vertex]) / 2 + gap(before, vertex)
            row_offsets.append(distance)
            middles[vertex] = distance
        offsets.append(row_offsets)

    def pull(vertex: int, near: tuple[Neighbour, ...]) -> tuple[float, float]:
        """Return the weight of some neighbours and the weighted sum of where they want a vertex."""
        weight = total = 0.0
        for n in near:
            bends = (layers.vertices[vertex].kind is not VertexKind.BOX) + (
                layers.vertices[n.vertex].kind is not VertexKind.BOX
            )
            there = middles[n.vertex] + n.there * widths[n.vertex] - n.here * widths[vertex]
            weight += _WEIGHTS[bends]
            total += _WEIGHTS[bends] * there
        return weight, total

    for sweep in range(_SWEEPS):
        rows = range(len(order)) if sweep % 2 == 0 else range(len(order) - 1, -1, -1)
        one_side = sweep < _SWEEPS // 3
        for number in rows:
            wishes = []
            for vertex in order[number]:
                above, below = neighbours.above[vertex], neighbours.below[vertex]
                if one_side:
                    chosen = above if sweep % 2 == 0 else below
                    above, below = chosen, ()
                weight_above, total_above = pull(vertex, above)
                weight_below, total_below = pull(vertex, below)
                weight = weight_above + weight_below
                # what nothing pulls stays where it is, but lets itself be pushed
                wishes.append(((total_above + total_below) / weight, weight) if weight else (middles[vertex], 0.01))
            for vertex, middle in zip(order[number], _fit(wishes, offsets[number]), strict=True):
                middles[vertex] = middle
    _straighten(layers, order, middles, widths, gap)
    left = min((middles[v] - widths[v] / 2 for row in order for v in row), default=0.0)
    return [middle - left for middle in middles]


def _straighten(
    layers: Layers, order: Order, middles: list[float], widths: Sequence[float], gap: Callable[[int, int], float]
) -> None:
    """Put the bends and words of an edge exactly below each other, as far as their neighbours leave room for it."""
    chains: dict[int, list[int]] = {}
    for number, part in enumerate(layers.vertices):
        if part.kind is not VertexKind.BOX:
            chains.setdefault(part.number, []).append(number)
    position = {vertex: index for row in order for index, vertex in enumerate(row)}

    def room(vertex: int) -> tuple[float, float]:
        row, index = order[layers.vertices[vertex].row], position[vertex]
        low, high = float("-inf"), float("inf")
        if index:
            other = row[index - 1]
            low = middles[other] + (widths[other] + widths[vertex]) / 2 + gap(other, vertex)
        if index + 1 < len(row):
            other = row[index + 1]
            high = middles[other] - (widths[other] + widths[vertex]) / 2 - gap(vertex, other)
        return low, high

    for _ in range(_STRAIGHTENINGS):
        for chain in chains.values():
            start = 0
            while start < len(chain):
                # the longest piece from here that can be straight
                low, high = room(chain[start])
                end = start + 1
                while end < len(chain):
                    next_low, next_high = room(chain[end])
                    if max(low, next_low) > min(high, next_high):
                        break
                    low, high = max(low, next_low), min(high, next_high)
                    end += 1
                wish = sum(middles[vertex] for vertex in chain[start:end]) / (end - start)
                for vertex in chain[start:end]:
                    middles[vertex] = min(max(wish, low), high)
                start = end


def _fit(wishes: list[tuple[float, float]], offsets: list[float]) -> list[float]:
    """Return the places nearest to the wishes (place, weight) that keep the distances."""
    blocks: list[tuple[float, float, int]] = []  # the mean of its wishes, their weight, their number
    for (wish, own_weight), offset in zip(wishes, offsets, strict=True):
        mean, weight, count = wish - offset, own_weight, 1
        while blocks and blocks[-1][0] > mean:
            other_mean, other_weight, other_count = blocks.pop()
            mean = (mean * weight + other_mean * other_weight) / (weight + other_weight)
            weight += other_weight
            count += other_count
        blocks.append((mean, weight, count))
    places = [mean for mean, _, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]
