"""Removes operators that only copy: both of their tensors become one, where the model's interface needs no two buffers.

That is RESHAPE and its like, and whatever turns out to do nothing with these shapes and scales: the operator's reader
then makes the same layer of it. DEQUANTIZE followed by QUANTIZE to the same type, scale and zero point is removed too.

Why the result cannot change. A copy has its source's bytes, and a tensor is written once, so that whoever reads the
copy may as well read the source. For DEQUANTIZE and QUANTIZE it is computed here, in float32 as the kernels do it, that
each of the values that the integer type has comes back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from runeflash.model.graph import Graph, Layer, Tensor
from runeflash.model.operators.reshape import Reshape
from runeflash.model.schema import DataType

_VALUES = {DataType.INT8: (-128, 128), DataType.UINT8: (0, 256)}


def remove_copies(graph: Graph) -> tuple[Graph, int]:
    """Return the graph in which a copy is left only where one is needed, and how many layers that saves.

    That is between two buffers of the caller, or from a constant to one of them. Layers have their own shapes,
    so that they do not mind that the tensor which they read now is declared with another one.
    """
    layers = _without_round_trips(graph)
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
    return dataclasses.replace(graph, layers=tuple(layers)), len(graph.layers) - len(layers)


def _without_round_trips(graph: Graph) -> list[Layer]:
    """Return the layers with each QUANTIZE that undoes a DEQUANTIZE replaced by a copy."""
    writers = {index: layer for layer in graph.layers for index in layer.outputs}
    layers: list[Layer] = []
    for layer in graph.layers:
        before = writers.get(layer.inputs[0]) if layer.operator == "QUANTIZE" else None
        if before is not None and before.operator == "DEQUANTIZE":
            source, result = graph.tensors[before.inputs[0]], graph.tensors[layer.outputs[0]]
            if _comes_back(source, result):
                layers.append(Reshape(layer.index, layer.name, before.inputs, layer.outputs, size=source.size))
                continue
        layers.append(layer)
    return layers


def _comes_back(source: Tensor, result: Tensor) -> bool:
    found = source.quantization
    if source.type is not result.type or found is None or found != result.quantization or len(found.scales) != 1:
        return False
    if source.type not in _VALUES or source.size != result.size:
        return False
    zero_point = found.zero_points[0] if found.zero_points else 0
    differences = np.arange(*_VALUES[source.type], dtype=np.float32) - np.float32(zero_point)
    scale = np.float32(found.scales[0])
    with np.errstate(all="ignore"):
        # Far from a half: any rounding to the nearest integer gives the value.
        return bool((np.abs(differences * scale / scale - differences) < np.float32(0.25)).all())


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
