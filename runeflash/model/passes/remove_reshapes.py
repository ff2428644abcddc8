"""Removes RESHAPE: both of its tensors become one, wherever the model's interface does not need two buffers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from runeflash.model.graph import Graph, Layer
from runeflash.model.operators.reshape import Reshape


def remove_reshapes(graph: Graph) -> Graph:
    """Return the graph in which a RESHAPE is left only where it has to copy.

    That is between two buffers of the caller, or from a constant to one of them. Layers have their own shapes,
    so that they do not mind that the tensor which they read now is declared with another one.
    """
    layers = list(graph.layers)
    position = 0
    while position < len(layers):
        layer = layers[position]
        if isinstance(layer, Reshape):
            (source,), (result,) = layer.inputs, layer.outputs
            computed = source not in graph.inputs and graph.tensors[source].data is None
            if result not in graph.outputs:
                del layers[position]
                layers = _renamed(layers, result, source)
                continue
            if computed and source not in graph.outputs:
                # What wrote the source now writes the caller's buffer.
                del layers[position]
                layers = _renamed(layers, source, result)
                continue
        position += 1
    return dataclasses.replace(graph, layers=tuple(layers))


def _renamed(layers: Iterable[Layer], old: int, new: int) -> list[Layer]:
    return [
        dataclasses.replace(
            layer,
            inputs=tuple(new if index == old else index for index in layer.inputs),
            outputs=tuple(new if index == old else index for index in layer.outputs),
        )
        if old in layer.inputs or old in layer.outputs
        else layer
        for layer in layers
    ]
