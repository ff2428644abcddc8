"""Where each tensor lies: in the caller's buffers, in flash, or in the arena, planned by lifetime."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.arena import Buffer
from runeflash.arena_search import Overlap, least_arena, search_arena
from runeflash.model.graph import Graph
from runeflash.model.passes.in_place import find_sharing

#: Every kernel reads its tensors in words at most; 8-byte elements ask for more where there are any.
_ALIGNMENT = 4


class Place(enum.Enum):
    """A kind of memory."""

    INPUT = "input"
    OUTPUT = "output"
    CONSTANT = "constant"
    ARENA = "arena"


@dataclass(frozen=True)
class Storage:
    """Where a tensor lies.

    Attributes:
        place: the kind of memory.
        number: which input or output, the tensor's index for a constant, or the offset in the arena in bytes.
    """

    place: Place
    number: int


@dataclass(frozen=True)
class OutputCopy:
    """An output that is no layer's own result: copied from a tensor at the end."""

    output: int
    tensor: int


@dataclass(frozen=True)
class MemoryPlan:
    """Where everything lies.

    Attributes:
        storage: by tensor index, for every tensor that a layer or a copy uses.
        scratch: offset in the arena by the layer's index, for layers that need working memory.
        copies: in the order of the outputs.
        sharing: the indices of layers whose output shares memory with one of their inputs.
        arena_bytes: the arena's size.
        peak_live_bytes: the most bytes of activations that are alive at once, inputs and outputs of the model and
            working memory included; what a layer's input and output share counts once.
        live_bytes: by the layer's index, the bytes of the arena that are in use while it runs.
    """

    storage: Mapping[int, Storage]
    scratch: Mapping[int, int]
    copies: tuple[OutputCopy, ...]
    sharing: frozenset[int]
    arena_bytes: int
    peak_live_bytes: int
    live_bytes: Mapping[int, int]


def plan_memory(graph: Graph, *, in_place: bool = True) -> MemoryPlan:
    """Return the plan; the same graph, the same plan.

    A model's inputs are read where the caller has them, and its outputs are written where the caller wants them.

    Args:
        graph: the model.
        in_place: whether a layer's output may share memory with an input that nothing needs afterwards:
            :mod:`runeflash.model.passes.in_place` says why that changes no result.
    """
    storage: dict[int, Storage] = {index: Storage(Place.INPUT, i) for i, index in enumerate(graph.inputs)}
    copies = []
    for number, index in enumerate(graph.outputs):
        if graph.tensors[index].data is not None:
            storage[index] = Storage(Place.CONSTANT, index)
        if index in storage:
            copies.append(OutputCopy(number, index))
        else:
            storage[index] = Storage(Place.OUTPUT, number)
    alive = _lifetimes(graph)
    arena: list[Buffer] = []
    movable: set[int] = set()
    everything: list[Buffer] = []
    alignment = _ALIGNMENT
    for index, (first, last) in alive.items():
        tensor = graph.tensors[index]
        if tensor.data is not None:
            storage[index] = Storage(Place.CONSTANT, index)
            continue
        buffer = Buffer(_tensor_key(index), tensor.size, first, last)
        everything.append(buffer)
        if index not in storage:
            arena.append(buffer)
            movable.add(index)
            alignment = max(alignment, tensor.element.alignment)
    for step, layer in enumerate(graph.layers):
        if layer.scratch_bytes > 0:
            buffer = Buffer(_scratch_key(layer.index), layer.scratch_bytes, step, step)
            arena.append(buffer)
            everything.append(buffer)
    overlaps = _overlaps(graph, alive, movable) if in_place else ()
    plan = search_arena(arena, alignment, overlaps)
    for index in alive:
        if index not in storage:
            storage[index] = Storage(Place.ARENA, plan.offsets[_tensor_key(index)])
    scratch = {
        layer.index: plan.offsets[_scratch_key(layer.index)] for layer in graph.layers if layer.scratch_bytes > 0
    }
    return MemoryPlan(
        storage,
        scratch,
        tuple(copies),
        _sharing(graph, storage),
        plan.size,
        least_arena(everything, overlaps),
        {layer.index: _covered(arena, plan.offsets, step) for step, layer in enumerate(graph.layers)},
    )


def _overlaps(graph: Graph, alive: Mapping[int, tuple[int, int]], movable: set[int]) -> tuple[Overlap, ...]:
    last_steps = {index: last for index, (_, last) in alive.items()}
    return tuple(
        Overlap(_tensor_key(sharing.written), _tensor_key(sharing.read), sharing.distance)
        for sharing in find_sharing(graph, last_steps, movable)
    )


def _sharing(graph: Graph, storage: Mapping[int, Storage]) -> frozenset[int]:
    found = set()
    for layer in graph.layers:
        for source in layer.inputs:
            for output in layer.outputs:
                first, second = storage[source], storage[output]
                if first.place is second.place is Place.ARENA and (
                    first.number < second.number + graph.tensors[output].size
                    and second.number < first.number + graph.tensors[source].size
                ):
                    found.add(layer.index)
    return frozenset(found)


def _covered(buffers: Sequence[Buffer], offsets: Mapping[str, int], step: int) -> int:
    """Return how many bytes of the arena belong to a buffer that is alive in a step."""
    spans = sorted((offsets[b.name], offsets[b.name] + b.size) for b in buffers if b.first <= step <= b.last)
    covered = end = 0
    for start, stop in spans:
        covered += max(stop - max(start, end), 0)
        end = max(end, stop)
    return covered


def _lifetimes(graph: Graph) -> dict[int, tuple[int, int]]:
    """Return the first and last step in which each tensor must keep its value.

    Step n runs layer n. An input of the model is there from step 0, an output stays until the end; what a layer
    reads and what it writes are alive together.
    """
    alive: dict[int, tuple[int, int]] = dict.fromkeys(graph.inputs, (0, 0))
    for step, layer in enumerate(graph.layers):
        for index in (*layer.inputs, *layer.outputs):
            first, _ = alive.get(index, (step, step))
            alive[index] = (first, step)
    end = max(len(graph.layers) - 1, 0)
    for index in graph.outputs:
        first, _ = alive.get(index, (end, end))
        alive[index] = (first, end)
    return alive


def _tensor_key(index: int) -> str:
    return f"tensor {index:06}"


def _scratch_key(index: int) -> str:
    return f"scratch {index:06}"
