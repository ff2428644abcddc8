"""A .tflite file to C: reads, checks, runs the passes, plans memory, emits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runeflash.errors import InternalError
from runeflash.model.emit import emit
from runeflash.model.lower import lower
from runeflash.model.passes import PASSES
from runeflash.model.plan import plan_memory
from runeflash.model.read import read_model
from runeflash.tensors import TensorType


@dataclass(frozen=True)
class CompiledLayer:
    """A layer of a compiled model, for reports.

    Attributes:
        index: the operator's number in the file.
        operator: ``CONV_2D``.
        name: the name of its first output in the file.
        inputs, outputs: the types of its activations.
        macs: multiplications with addition in one inference.
        weight_bytes: of its constants; those that it shares with another layer count for both.
    """

    index: int
    operator: str
    name: str
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    macs: int
    weight_bytes: int


@dataclass(frozen=True)
class CompiledModel:
    """A model as C.

    Attributes:
        name: by which the rune calls it.
        symbol: of its ``const rune_model`` in the C text.
        sha256: of the .tflite file, 32 bytes.
        source: the C text: one file that needs the headers of ``targets/common``.
        inputs, outputs: types, in the model's order.
        arena_bytes: RAM that it needs while it runs, besides its inputs and outputs.
        peak_live_bytes: the most bytes of activations alive at once, inputs and outputs included.
        variable_bytes: RAM that its variables take for good, besides the arena.
        weight_bytes: flash that its constants take.
        macs: multiplications with addition in one inference.
        layers: in the order in which they run, after the passes.
    """

    name: str
    symbol: str
    sha256: bytes
    source: str
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    arena_bytes: int
    peak_live_bytes: int
    variable_bytes: int
    weight_bytes: int
    macs: int
    layers: tuple[CompiledLayer, ...]


def compile_model(data: bytes, *, name: str, symbol: str) -> CompiledModel:
    """Compile a .tflite file to C.

    Args:
        data: the file.
        name: by which the rune calls the model.
        symbol: the C identifier of the ``const rune_model`` to define.

    Raises:
        UserError: the file is damaged, or has an operator, type or option that is not supported.
    """
    if not (symbol.isascii() and symbol.isidentifier()):
        raise InternalError(f"{symbol!r} is no C identifier")
    graph = lower(read_model(data))
    for run in PASSES:
        graph = run(graph)
    plan = plan_memory(graph)
    sha256 = hashlib.sha256(data).digest()
    emitted = emit(graph, plan, name=name, symbol=symbol, sha256=sha256)
    layers = tuple(
        CompiledLayer(
            layer.index,
            layer.operator,
            layer.name,
            tuple(graph.tensors[index].tensor_type for index in layer.inputs),
            tuple(graph.tensors[index].tensor_type for index in layer.outputs),
            layer.macs,
            sum(len(constant.data) for constant in layer.constants),
        )
        for layer in graph.layers
    )
    variables = {index for layer in graph.layers for index in layer.variables}
    return CompiledModel(
        name=name,
        symbol=symbol,
        sha256=sha256,
        source=emitted.source,
        inputs=tuple(graph.tensors[index].tensor_type for index in graph.inputs),
        outputs=tuple(graph.tensors[index].tensor_type for index in graph.outputs),
        arena_bytes=plan.arena_bytes,
        peak_live_bytes=plan.peak_live_bytes,
        variable_bytes=sum(graph.tensors[index].size for index in variables),
        weight_bytes=emitted.weight_bytes,
        macs=sum(layer.macs for layer in layers),
        layers=layers,
    )
