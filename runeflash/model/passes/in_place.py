"""Finds outputs that may lie where an input of their layer does, so that the planner needs less memory.

Why no result changes: the input's last reader is the very layer that overwrites it, so nothing but that layer could see
the difference. The layer itself does not see it either, because it allows the sharing only of kernels that read every
value before they write to its place: ``in_place_inputs`` of kernels that compute an element, or a channel, from what
lies there and write it back; ``output_leads`` of kernels that make pixels in order, for an output that begins so far
below the input that what is written is never beyond what has been read. Each layer says in its own file why its kernel
does so. A model's own inputs and outputs are the caller's and take no part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runeflash.model.graph import Graph


@dataclass(frozen=True)
class Sharing:
    """Two tensors that may share memory although one layer reads the one and writes the other.

    Attributes:
        written: index of the tensor that the layer writes.
        read: index of the tensor that it reads, and nothing after it.
        distance: bytes by which the written one must begin before the other at least; None: both begin together.
    """

    written: int
    read: int
    distance: int | None


def find_sharing(graph: Graph, last_steps: Mapping[int, int], movable: Collection[int]) -> tuple[Sharing, ...]:
    """Return every sharing that is allowed, in the order of the layers.

    Args:
        graph: the model.
        last_steps: the number of the last layer that needs a tensor, by the tensor's index.
        movable: the tensors that lie in the arena.
    """
    found = []
    for step, layer in enumerate(graph.layers):
        if len(layer.outputs) != 1:
            continue
        output = layer.outputs[0]
        choices: dict[int, int | None] = dict.fromkeys(layer.in_place_inputs)
        choices.update(layer.output_leads)
        for position, distance in choices.items():
            source = layer.inputs[position]
            if last_steps[source] != step or source not in movable or output not in movable:
                continue
            if distance is None and graph.tensors[output].size > graph.tensors[source].size:
                continue
            found.append(Sharing(output, source, distance))
    return tuple(found)
