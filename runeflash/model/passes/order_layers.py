"""Orders layers that do not depend on each other so that fewer tensors wait for their readers at once.

Why the result cannot change. Every layer still runs after those that write what it reads, and a layer's result depends
on nothing but its inputs. Layers that keep something from one inference to the next stay in their order.

A chain has one order only. For branches, the orders are built up one layer at a time; of those that have run the same
layers only the one with the smallest peak so far goes on (Ahn et al., "Ordering Chaos: Memory-Aware Scheduling of
Irregularly Wired Neural Networks for Edge Devices", 2020), and at most so many at a time.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from runeflash.model.graph import Graph, Layer

#: Steps that the search may take: about a second. Small graphs get the best order there is.
_EFFORT = 60_000
#: Beyond this, what is found is not worth the time.
_MAX_LAYERS = 512


@dataclass(frozen=True)
class _State:
    """Layers that have run, in order; the bytes that are alive after them; the most that have been."""

    order: tuple[int, ...]
    waiting: frozenset[int]
    alive: int
    peak: int
    uses: tuple[tuple[int, int], ...]


def order_layers(graph: Graph) -> tuple[Graph, int]:
    """Return the graph in the best order found, and how many bytes its peak is lower for that."""
    layers = graph.layers
    if len(layers) > _MAX_LAYERS or not _has_choice(layers):
        return graph, 0
    given = tuple(range(len(layers)))
    before = _peak(graph, given)
    best = _search(graph)
    if best is None or _peak(graph, best) >= before:
        return graph, 0
    after = _peak(graph, best)
    return dataclasses.replace(graph, layers=tuple(layers[number] for number in best)), before - after


def _has_choice(layers: tuple[Layer, ...]) -> bool:
    return any(not set(first.outputs) & set(second.inputs) for first, second in pairwise(layers))


def _needs(layers: tuple[Layer, ...]) -> list[set[int]]:
    """Return which layers must run before each."""
    writer = {index: number for number, layer in enumerate(layers) for index in layer.outputs}
    needs = [{writer[index] for index in layer.inputs if index in writer} for layer in layers]
    stateful = [number for number, layer in enumerate(layers) if layer.is_stateful]
    for earlier, later in pairwise(stateful):
        needs[later].add(earlier)
    return needs


def _search(graph: Graph) -> tuple[int, ...] | None:
    layers = graph.layers
    needs = _needs(layers)
    sizes = _sizes(graph)
    readers = Counter(index for layer in layers for index in set(layer.inputs) if index in sizes)
    kept = set(graph.outputs)
    start = _State((), frozenset(range(len(layers))), sum(sizes[i] for i in graph.inputs if i in sizes), 0, ())
    states = {start.waiting: start}
    width = max(_EFFORT // len(layers) ** 2, 1)
    for _ in layers:
        following: dict[frozenset[int], _State] = {}
        for state in states.values():
            left = dict(state.uses)
            for number in sorted(state.waiting):
                if needs[number] & state.waiting:
                    continue
                layer = layers[number]
                alive = state.alive + sum(sizes[index] for index in layer.outputs)
                peak = max(state.peak, alive + layer.scratch_bytes)
                uses = dict(left)
                for index in set(layer.inputs):
                    if index in sizes:
                        uses[index] = uses.get(index, readers[index]) - 1
                        if uses[index] == 0 and index not in kept:
                            alive -= sizes[index]
                alive -= sum(sizes[index] for index in layer.outputs if readers[index] == 0 and index not in kept)
                waiting = state.waiting - {number}
                known = following.get(waiting)
                if known is None or peak < known.peak:
                    following[waiting] = _State((*state.order, number), waiting, alive, peak, tuple(uses.items()))
        states = dict(sorted(following.items(), key=lambda item: (item[1].peak, item[1].alive, item[1].order))[:width])
    return next(iter(states.values())).order if states else None


def _peak(graph: Graph, order: tuple[int, ...]) -> int:
    """Return the most bytes of activations and working memory that are alive at once."""
    sizes = _sizes(graph)
    last = {index: step for step, number in enumerate(order) for index in graph.layers[number].inputs}
    alive = {index for index in graph.inputs if index in sizes}
    peak = 0
    for step, number in enumerate(order):
        layer = graph.layers[number]
        alive.update(layer.outputs)
        peak = max(peak, sum(sizes[index] for index in alive) + layer.scratch_bytes)
        alive = {index for index in alive if index in graph.outputs or last.get(index, -1) > step}
    return peak


def _sizes(graph: Graph) -> dict[int, int]:
    used = {index for layer in graph.layers for index in (*layer.inputs, *layer.outputs)}
    return {index: graph.tensors[index].size for index in used if graph.tensors[index].data is None}
