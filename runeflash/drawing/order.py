"""Order: what stands left of what in a row, so that few lines cross.

Barycentres up and down (Sugiyama, Tagawa, Toda 1981), then swaps of neighbours, keeping the best order seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from runeflash.drawing.layers import Layers

_SWEEPS = 12
#: Swapping compares every pair of neighbours: only where that is quick.
_MAXIMUM_VERTICES_FOR_SWAPS = 1500

#: Rows from the top, each with the numbers of its vertices from left to right.
Order = list[list[int]]


@dataclass(frozen=True)
class Neighbour:
    """The other end of a line.

    Attributes:
        vertex: its number.
        here: where the line meets the vertex that has this neighbour, from -0.5 (left) to 0.5.
        there: where it meets the neighbour.
    """

    vertex: int
    here: float
    there: float


@dataclass(frozen=True)
class Neighbours:
    """Of every vertex: those in the row above and in the row below."""

    above: tuple[tuple[Neighbour, ...], ...]
    below: tuple[tuple[Neighbour, ...], ...]


def find_neighbours(layers: Layers, leaves: Callable[[int], float], enters: Callable[[int], float]) -> Neighbours:
    """Return the neighbours of every vertex.

    Args:
        layers: the rows.
        leaves: where an edge, given by its number, meets the box that it leaves, from -0.5 to 0.5.
        enters: likewise the box that it enters.
    """
    above: list[list[Neighbour]] = [[] for _ in layers.vertices]
    below: list[list[Neighbour]] = [[] for _ in layers.vertices]
    boxes = sum(vertex.kind.value == "box" for vertex in layers.vertices)
    for link in layers.links:
        up = leaves(link.edge) if link.upper < boxes else 0.0
        down = enters(link.edge) if link.lower < boxes else 0.0
        below[link.upper].append(Neighbour(link.lower, up, down))
        above[link.lower].append(Neighbour(link.upper, down, up))
    return Neighbours(tuple(map(tuple, above)), tuple(map(tuple, below)))


def make_order(layers: Layers, neighbours: Neighbours) -> Order:
    """Return an order with few crossings; the same input gives the same order."""
    order = _first_order(layers, neighbours)
    best = [list(row) for row in order]
    fewest = crossings(order, neighbours)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        downwards = sweep % 2 == 0
        _sort_rows(order, neighbours, downwards)
        if len(layers.vertices) <= _MAXIMUM_VERTICES_FOR_SWAPS:
            _swap(order, neighbours)
        found = crossings(order, neighbours)
        if found < fewest:
            fewest, best = found, [list(row) for row in order]
    return best


def crossings(order: Order, neighbours: Neighbours) -> int:
    """Return how many pairs of lines cross."""
    total = 0
    for row, next_row in itertools.pairwise(order):
        position = {vertex: index for index, vertex in enumerate(next_row)}
        ends = []
        for index, vertex in enumerate(row):
            lines = [(index + n.here, position[n.vertex] + n.there) for n in neighbours.below[vertex]]
            ends.extend(lines)
        ends.sort()
        total += _inversions([end for _, end in ends])
    return total


def _first_order(layers: Layers, neighbours: Neighbours) -> Order:
    """Return the rows in the order in which a walk along the edges meets their vertices."""
    order: Order = [[] for _ in range(layers.rows)]
    seen: set[int] = set()
    for start in range(len(layers.vertices)):
        waiting = [start]
        while waiting:
            vertex = waiting.pop()
            if vertex in seen:
                continue
            seen.add(vertex)
            order[layers.vertices[vertex].row].append(vertex)
            waiting.extend(n.vertex for n in reversed(neighbours.below[vertex]))
    return order


def _sort_rows(order: Order, neighbours: Neighbours, downwards: bool) -> None:
    rows = range(1, len(order)) if downwards else range(len(order) - 2, -1, -1)
    near = neighbours.above if downwards else neighbours.below
    for number in rows:
        fixed = order[number - 1 if downwards else number + 1]
        position = {vertex: index for index, vertex in enumerate(fixed)}
        weights = {}
        for index, vertex in enumerate(order[number]):
            found = [position[n.vertex] + n.there - n.here for n in near[vertex]]
            weights[vertex] = sum(found) / len(found) if found else float(index)
        order[number].sort(key=weights.__getitem__)


def _swap(order: Order, neighbours: Neighbours) -> None:
    """Exchange neighbours in a row wherever that leaves fewer crossings."""
    for number, row in enumerate(order):
        fixed = [order[i] for i in (number - 1, number + 1) if 0 <= i < len(order)]
        position = {vertex: index for other in fixed for index, vertex in enumerate(other)}
        for index in range(len(row) - 1):
            left, right = row[index], row[index + 1]
            now = then = 0
            for near in (neighbours.above, neighbours.below):
                ends_left = [position[n.vertex] + n.there for n in near[left]]
                ends_right = [position[n.vertex] + n.there for n in near[right]]
                now += sum(a > b for a in ends_left for b in ends_right)
                then += sum(b > a for a in ends_left for b in ends_right)
            if then < now:
                row[index], row[index + 1] = right, left


def _inversions(values: list[float]) -> int:
    """Return how many pairs stand in the wrong order, by merging."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    index = 0
    for value in right:
        while index < len(left) and left[index] <= value:
            index += 1
        count += len(left) - index
    return count
