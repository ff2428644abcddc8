"""The memory planner: tensors that are alive together never overlap, and little is wasted."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
from tflite_builder import ModelBuilder, fully_connected_options, softmax_options

from runeflash.arena import Buffer, peak_live_bytes
from runeflash.arena_search import search_arena
from runeflash.model import compile_model
from runeflash.model.graph import Graph
from runeflash.model.lower import lower
from runeflash.model.plan import Place, plan_memory
from runeflash.model.read import read_model


@st.composite
def buffers(draw: st.DrawFn) -> list[Buffer]:
    """The activations of a chain with branches: what a layer reads lives until a few layers later."""
    count = draw(st.integers(1, 30))
    out = []
    for i in range(count):
        last = min(count, i + draw(st.sampled_from((1, 1, 1, 1, 2, 3, 6))))
        out.append(Buffer(f"t{i:02}", 4 * draw(st.integers(1, 3000)), i, last))
    return out


@hypothesis.settings(max_examples=60)
@hypothesis.given(buffers(), st.sampled_from((4, 8, 16)))
def test_search(given: list[Buffer], alignment: int) -> None:
    plan = search_arena(given, alignment)
    for i, one in enumerate(given):
        start = plan.offsets[one.name]
        assert start % alignment == 0
        assert 0 <= start <= plan.size - one.size
        for other in given[:i]:
            if one.first <= other.last and other.first <= one.last:
                begin = plan.offsets[other.name]
                assert start + one.size <= begin or begin + other.size <= start
    assert plan == search_arena(given, alignment)
    assert plan.size <= 1.10 * peak_live_bytes(given) + alignment * len(given)


def chain(widths: list[int], listed: list[int]) -> bytes:
    """Fully connected layers of these widths; ``listed`` are layers whose results are outputs as well."""
    builder = ModelBuilder()
    tensors = [builder.tensor((1, width)) for width in widths]
    for before, after, depth, units in zip(tensors, tensors[1:], widths, widths[1:], strict=False):
        weights = builder.tensor((units, depth), [[0.5] * depth] * units)
        builder.operator("FULLY_CONNECTED", [before, weights, -1], [after], fully_connected_options())
    outputs = sorted({tensors[1 + i % (len(tensors) - 1)] for i in listed} | {tensors[-1]})
    return builder.build([tensors[0]], outputs)


def lifetimes(graph: Graph) -> dict[int, range]:
    """When each tensor must keep its value, found the plain way."""
    alive = {}
    for index in graph.tensors:
        steps = [i for i, layer in enumerate(graph.layers) if index in (*layer.inputs, *layer.outputs)]
        if steps:
            alive[index] = range(steps[0], steps[-1] + 1)
    return alive


@hypothesis.settings(max_examples=40)
@hypothesis.given(st.lists(st.integers(1, 40), min_size=2, max_size=9), st.lists(st.integers(0, 9), max_size=3))
def test_plan_of_a_model(widths: list[int], listed: list[int]) -> None:
    graph = lower(read_model(chain(widths, listed)))
    plan = plan_memory(graph)
    alive = lifetimes(graph)
    placed = [(index, plan.storage[index]) for index in alive]
    in_arena = [(index, storage.number) for index, storage in placed if storage.place is Place.ARENA]
    for index, offset in in_arena:
        assert offset + graph.tensors[index].size <= plan.arena_bytes
        for other, begin in in_arena:
            if other < index and set(alive[other]) & set(alive[index]):
                assert offset + graph.tensors[index].size <= begin or begin + graph.tensors[other].size <= offset
    assert {index for index, storage in placed if storage.place is Place.INPUT} == set(graph.inputs)
    assert {index for index, storage in placed if storage.place is Place.OUTPUT} == set(graph.outputs)
    assert plan.arena_bytes <= plan.peak_live_bytes
    assert plan.arena_bytes % 4 == 0


def test_peak_counts_inputs_and_outputs() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 100)), builder.tensor((1, 100))
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    compiled = compile_model(builder.build([x], [y]), name="m", symbol="m")
    assert (compiled.arena_bytes, compiled.peak_live_bytes) == (0, 800)
