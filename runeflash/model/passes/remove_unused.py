"""Removes layers whose results no output depends on."""

from __future__ import annotations

import dataclasses

from runeflash.model.graph import Graph, Layer


def remove_unused(graph: Graph) -> Graph:
    """Return the graph without the layers that change no output."""
    needed = set(graph.outputs)
    kept: list[Layer] = []
    for layer in reversed(graph.layers):
        if needed.intersection(layer.outputs):
            needed.update(layer.inputs)
            kept.append(layer)
    return dataclasses.replace(graph, layers=tuple(reversed(kept)))
