"""A .tflite file to C: reads, checks, runs the passes, plans memory, emits."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runeflash.errors import InternalError
from runeflash.model.emit import emit, function_name
from runeflash.model.graph import Graph
from runeflash.model.lower import lower
from runeflash.model.passes import CONSTANT_FOLDING, FILE_PASSES, GRAPH_PASSES, IN_PLACE, IN_PLACE_UNIT
from runeflash.model.plan import MemoryPlan, plan_memory
from runeflash.model.read import ModelFile, read_model
from runeflash.model.work import inference_cycles
from runeflash.tensors import TensorType


@dataclass(frozen=True)
class CompiledLayer:
    """A layer of a compiled model, for reports.

    Attributes:
        index: the operator's number in the file.
        operator: ``CONV_2D``.
        name: the name of its first output in the file.
        function: its function in the C text.
        inputs, outputs: the types of its activations.
        given_macs: multiplications with addition in one inference, of the model as given.
        macs: those that are left.
        weight_bytes: of its constants; those that it shares with another layer count for both.
        arena_bytes: of the arena that are in use while it runs.
        in_place: whether its output shares memory with an input.
    """

    index: int
    operator: str
    name: str
    function: str
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    given_macs: int
    macs: int
    weight_bytes: int
    arena_bytes: int
    in_place: bool


@dataclass(frozen=True)
class PassResult:
    """What a pass did.

    Attributes:
        name: of the pass.
        enabled: False where it was turned off.
        count: how many it changed.
        unit: of what.
    """

    name: str
    enabled: bool
    count: int
    unit: str


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
        given_macs: multiplications with addition in one inference, of the model as given.
        macs: those that are left after the passes.
        most_cycles: of a Cortex-M4F, that an inference takes at most.
        layers: in the order in which they run, after the passes.
        passes: what each did, in the order in which they ran.
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
    given_macs: int
    macs: int
    most_cycles: int
    layers: tuple[CompiledLayer, ...]
    passes: tuple[PassResult, ...]


def compile_model(data: bytes, *, name: str, symbol: str, disabled: Collection[str] = frozenset()) -> CompiledModel:
    """Compile a .tflite file to C.

    Args:
        data: the file.
        name: by which the rune calls the model.
        symbol: the C identifier of the ``const rune_model`` to define.
        disabled: names of passes that do not run.

    Raises:
        UserError: the file is damaged, or has an operator, type or option that is not supported.
    """
    if not (symbol.isascii() and symbol.isidentifier()):
        raise InternalError(f"{symbol!r} is no C identifier")
    results: list[PassResult] = []
    model = read_model(data)
    folds, count = CONSTANT_FOLDING.name not in disabled, 0
    if folds:
        model, count = CONSTANT_FOLDING.run(model)
    results.append(PassResult(CONSTANT_FOLDING.name, folds, count, CONSTANT_FOLDING.unit))
    # The model as given is checked as a whole: what a pass removes may be wrong too.
    given = lower(model)
    graph = _run_passes(model, given, disabled, results)
    plan = plan_memory(graph, in_place=IN_PLACE not in disabled)
    apart = plan_memory(graph, in_place=False) if plan.sharing else plan
    results.append(PassResult(IN_PLACE, IN_PLACE not in disabled, apart.arena_bytes - plan.arena_bytes, IN_PLACE_UNIT))
    sha256 = hashlib.sha256(data).digest()
    emitted = emit(graph, plan, name=name, symbol=symbol, sha256=sha256)
    layers = _layers(graph, plan, {layer.index: layer.macs for layer in given.layers}, symbol)
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
        given_macs=sum(layer.macs for layer in given.layers),
        macs=sum(layer.macs for layer in layers),
        most_cycles=inference_cycles(graph),
        layers=layers,
        passes=tuple(results),
    )


def _run_passes(model: ModelFile, given: Graph, disabled: Collection[str], results: list[PassResult]) -> Graph:
    graph = given
    for file_pass in FILE_PASSES:
        count = 0
        if file_pass.name not in disabled:
            model, count = file_pass.run(model)
        if count:
            graph = lower(model)
        results.append(PassResult(file_pass.name, file_pass.name not in disabled, count, file_pass.unit))
    for graph_pass in GRAPH_PASSES:
        count = 0
        if graph_pass.name not in disabled:
            graph, count = graph_pass.run(graph)
        results.append(PassResult(graph_pass.name, graph_pass.name not in disabled, count, graph_pass.unit))
    return graph


def _layers(graph: Graph, plan: MemoryPlan, given_macs: Mapping[int, int], symbol: str) -> tuple[CompiledLayer, ...]:
    return tuple(
        CompiledLayer(
            index=layer.index,
            operator=layer.operator,
            name=layer.name,
            function=function_name(layer, symbol),
            inputs=tuple(graph.tensors[index].tensor_type for index in layer.inputs),
            outputs=tuple(graph.tensors[index].tensor_type for index in layer.outputs),
            given_macs=given_macs[layer.index],
            macs=layer.macs,
            weight_bytes=sum(len(constant.data) for constant in layer.constants),
            arena_bytes=plan.live_bytes[layer.index],
            in_place=layer.index in plan.sharing,
        )
        for layer in graph.layers
    )
