"""Layers that do not depend on each other run in the order that needs the least memory."""

from __future__ import annotations

import random

import numpy as np
from pass_checking import changed, check_pass
from tflite_builder import ModelBuilder, fully_connected_options, softmax_options

from runeflash.model import compile_model
from runeflash.model.lower import lower
from runeflash.model.passes.order_layers import _peak, order_layers
from runeflash.model.read import read_model

PASS = "order"


class Dag:
    """Fully connected layers in any arrangement."""

    def __init__(self) -> None:
        self.builder = ModelBuilder()
        self.generator = np.random.default_rng(0)
        self.widths: dict[int, int] = {}

    def input(self, width: int) -> int:
        tensor = self.builder.tensor((1, width))
        self.widths[tensor] = width
        return tensor

    def layer(self, source: int, width: int) -> int:
        weights = self.generator.uniform(-1, 1, (width, self.widths[source]))
        result = self.input(width)
        constant = self.builder.tensor(weights.shape, weights)
        self.builder.operator("FULLY_CONNECTED", [source, constant, -1], [result], fully_connected_options())
        return result


def wide_branches() -> bytes:
    """Four branches, each wide in its middle; as given all the wide tensors are made first."""
    dag = Dag()
    x = dag.input(4)
    wide = [dag.layer(x, 100) for _ in range(4)]
    return dag.builder.build([x], [dag.layer(tensor, 2) for tensor in wide])


def best_as_it_is() -> bytes:
    dag = Dag()
    x = dag.input(4)
    first = dag.layer(dag.layer(x, 100), 2)
    second = dag.layer(dag.layer(x, 100), 2)
    return dag.builder.build([x], [first, second])


def test_no_byte_changes() -> None:
    compiled = check_pass(PASS, {"wide": wide_branches(), "best": best_as_it_is()})
    assert changed(compiled["best"], PASS) == 0
    # Input, one wide tensor and the four narrow ones, instead of four wide ones and a narrow one.
    assert changed(compiled["wide"], PASS) == 4 * ((4 * 100 + 2) - (100 + 4 * 2))
    without = compile_model(wide_branches(), name="m", symbol="m", disabled={PASS})
    assert compiled["wide"].arena_bytes == 400
    assert without.arena_bytes == 1600


def test_every_order_is_one_in_which_it_can_run() -> None:
    choose = random.Random(0)
    for _ in range(40):
        dag = Dag()
        tensors = [dag.input(choose.randint(1, 8))]
        for _ in range(choose.randint(1, 14)):
            tensors.append(dag.layer(choose.choice(tensors), choose.randint(1, 30)))
        outputs = list({tensors[-1], choose.choice(tensors[1:])})
        graph = lower(read_model(dag.builder.build(tensors[:1], outputs)))
        ordered, saved = order_layers(graph)
        assert sorted(layer.index for layer in ordered.layers) == list(range(len(graph.layers)))
        written = set(graph.inputs)
        for layer in ordered.layers:
            assert written.issuperset(layer.inputs)
            written.update(layer.outputs)
        given = tuple(range(len(graph.layers)))
        assert _peak(ordered, given) == _peak(graph, given) - saved
        assert saved >= 0


def test_many_branches_do_not_take_long() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 4))
    for _ in range(300):
        builder.operator("SOFTMAX", [x], [builder.tensor((1, 4))], softmax_options())
    graph = lower(read_model(builder.build([x], [x])))
    assert len(order_layers(graph)[0].layers) == 300
