"""Removes layers whose results no output depends on.

Why the result cannot change. A layer writes its outputs and nothing else; what nobody reads makes no difference.
"""

from __future__ import annotations

import dataclasses

from runeflash.model.graph import Graph, Layer


def remove_unused(graph: Graph) -> tuple[Graph, int]:
    """Return the graph without the layers that change no output, and how many those are."""
    needed = set(graph.outputs)
    kept: list[Layer] = []
    for layer in reversed(graph.layers):
        if needed.intersection(layer.outputs):
            needed.update(layer.inputs)
            kept.append(layer)
    removed = len(graph.layers) - len(kept)
    return dataclasses.replace(graph, layers=tuple(reversed(kept))), removed
