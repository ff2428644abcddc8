"""Passes change the graph, never the result."""

from __future__ import annotations

import numpy as np
import pytest
from native_models import NativeModel, load_models
from tflite_builder import ModelBuilder, fully_connected_options, reshape_options, softmax_options

from runeflash.model import CompiledModel, compile_model
from runeflash.model.schema import DataType

ROW = np.array([1, 2, 3, 4], np.float32)


def softmax(value: np.ndarray) -> np.ndarray:
    raised = np.exp(value - value.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def reshape_then_softmax() -> bytes:
    builder = ModelBuilder()
    x, flat, y = builder.tensor((2, 2)), builder.tensor((1, 4)), builder.tensor((1, 4))
    builder.operator("RESHAPE", [x], [flat], reshape_options((1, 4)))
    builder.operator("SOFTMAX", [flat], [y], softmax_options())
    return builder.build([x], [y])


def softmax_then_reshape() -> bytes:
    builder = ModelBuilder()
    x, hidden, y = builder.tensor((1, 4)), builder.tensor((1, 4)), builder.tensor((2, 2))
    builder.operator("SOFTMAX", [x], [hidden], softmax_options())
    builder.operator("RESHAPE", [hidden], [y], reshape_options((2, 2)))
    return builder.build([x], [y])


def chain_of_reshapes() -> bytes:
    builder = ModelBuilder()
    x, hidden = builder.tensor((1, 4)), builder.tensor((1, 4))
    a, b, y = builder.tensor((4,)), builder.tensor((2, 2)), builder.tensor((4, 1))
    builder.operator("SOFTMAX", [x], [hidden], softmax_options())
    builder.operator("RESHAPE", [hidden], [a], reshape_options((4,)))
    builder.operator("RESHAPE", [a], [b], reshape_options((2, 2)))
    builder.operator("RESHAPE", [b], [y], reshape_options((4, 1)))
    return builder.build([x], [y])


def both_ends_are_outputs() -> bytes:
    builder = ModelBuilder()
    x, hidden, y = builder.tensor((1, 4)), builder.tensor((1, 4)), builder.tensor((2, 2))
    builder.operator("SOFTMAX", [x], [hidden], softmax_options())
    builder.operator("RESHAPE", [hidden], [y], reshape_options((2, 2)))
    return builder.build([x], [hidden, y])


def input_to_output() -> bytes:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 4)), builder.tensor((2, 2))
    builder.operator("RESHAPE", [x], [y], reshape_options((2, 2)))
    return builder.build([x], [y])


def output_that_is_read_again() -> bytes:
    builder = ModelBuilder()
    x, first, flat, second = (builder.tensor((1, 4)) for _ in range(4))
    builder.operator("SOFTMAX", [x], [first], softmax_options())
    builder.operator("RESHAPE", [first], [flat], reshape_options((1, 4)))
    builder.operator("SOFTMAX", [flat], [second], softmax_options())
    return builder.build([x], [second, first])


def two_reshapes_of_one_tensor() -> bytes:
    builder = ModelBuilder()
    x, hidden = builder.tensor((1, 4)), builder.tensor((1, 4))
    y, z = builder.tensor((2, 2)), builder.tensor((4,))
    builder.operator("SOFTMAX", [x], [hidden], softmax_options())
    builder.operator("RESHAPE", [hidden], [y], reshape_options((2, 2)))
    builder.operator("RESHAPE", [hidden], [z], reshape_options((4,)))
    return builder.build([x], [y, z])


def unused_layers() -> bytes:
    builder = ModelBuilder()
    x, y, dead, deader = (builder.tensor((1, 4)) for _ in range(4))
    builder.operator("SOFTMAX", [x], [dead], softmax_options())
    builder.operator("SOFTMAX", [dead], [deader], softmax_options())
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    return builder.build([x], [y])


def nothing_but_copies() -> bytes:
    builder = ModelBuilder()
    x = builder.tensor((1, 4))
    fixed = builder.tensor((3,), [5, -6, 7], type=DataType.INT32)
    return builder.build([x], [x, fixed, x])


def output_listed_twice() -> bytes:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 4)), builder.tensor((1, 4))
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    return builder.build([x], [y, y])


def constant_activation() -> bytes:
    builder = ModelBuilder()
    fixed = builder.tensor((1, 4), ROW)
    flat, y = builder.tensor((4,)), builder.tensor((1, 4))
    z = builder.tensor((2, 2))
    builder.operator("RESHAPE", [fixed], [flat], reshape_options((4,)))
    builder.operator("SOFTMAX", [fixed], [y], softmax_options())
    builder.operator("RESHAPE", [flat], [z], reshape_options((2, 2)))
    return builder.build([], [y, z])


S = softmax(ROW[None])
MODELS = {
    "reshape_then_softmax": (reshape_then_softmax(), [S], ["SOFTMAX"]),
    "softmax_then_reshape": (softmax_then_reshape(), [S.reshape(2, 2)], ["SOFTMAX"]),
    "chain_of_reshapes": (chain_of_reshapes(), [S.reshape(4, 1)], ["SOFTMAX"]),
    "both_ends_are_outputs": (both_ends_are_outputs(), [S, S.reshape(2, 2)], ["SOFTMAX", "RESHAPE"]),
    "input_to_output": (input_to_output(), [ROW.reshape(2, 2)], ["RESHAPE"]),
    "output_that_is_read_again": (output_that_is_read_again(), [softmax(S), S], ["SOFTMAX", "SOFTMAX"]),
    "two_reshapes_of_one_tensor": (
        two_reshapes_of_one_tensor(),
        [S.reshape(2, 2), S.reshape(4)],
        ["SOFTMAX", "RESHAPE"],
    ),
    "unused_layers": (unused_layers(), [S], ["SOFTMAX"]),
    "nothing_but_copies": (nothing_but_copies(), [ROW[None], np.array([5, -6, 7]), ROW[None]], []),
    "output_listed_twice": (output_listed_twice(), [S, S], ["SOFTMAX"]),
    "constant_activation": (constant_activation(), [S, ROW.reshape(2, 2)], ["SOFTMAX", "RESHAPE"]),
}


@pytest.fixture(scope="module")
def natives() -> dict[str, NativeModel]:
    models = [compile_model(data, name=name, symbol=name) for name, (data, _, _) in MODELS.items()]
    return {native.compiled.name: native for native in load_models(models)}


@pytest.mark.parametrize("name", MODELS)
def test_result_and_remaining_layers(name: str, natives: dict[str, NativeModel]) -> None:
    _, expected, layers = MODELS[name]
    native = natives[name]
    results = native.run(*([ROW] if native.compiled.inputs else []))
    for found, value in zip(results, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-6)
        assert found.shape == value.shape
    assert [layer.operator for layer in native.compiled.layers] == layers


def test_a_single_layer_needs_no_arena(natives: dict[str, NativeModel]) -> None:
    assert natives["softmax_then_reshape"].compiled.arena_bytes == 0
    assert natives["softmax_then_reshape"].compiled.peak_live_bytes == 32


def shared_weights() -> CompiledModel:
    builder = ModelBuilder()
    x, hidden, y = (builder.tensor((1, 4)) for _ in range(3))
    weights, bias = builder.tensor((4, 4), np.arange(16)), builder.tensor((4,), ROW)
    builder.operator("FULLY_CONNECTED", [x, weights, bias], [hidden], fully_connected_options())
    builder.operator("FULLY_CONNECTED", [hidden, weights, bias], [y], fully_connected_options())
    return compile_model(builder.build([x], [y]), name="shared", symbol="shared_weights")


def test_equal_constants_are_in_flash_once() -> None:
    compiled = shared_weights()
    assert compiled.weight_bytes == 4 * 16 + 4 * 4
    (native,) = load_models([compiled])
    matrix = np.arange(16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_array_equal(native.run(ROW)[0], [matrix @ (matrix @ ROW + ROW) + ROW])
