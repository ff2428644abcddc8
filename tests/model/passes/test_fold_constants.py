"""What does not depend on the inputs is computed while compiling."""

from __future__ import annotations

import numpy as np
from pass_checking import changed, check_pass
from tflite_builder import ModelBuilder, Options, fully_connected_options, reshape_options, scale, softmax_options

from runeflash.model import compile_model
from runeflash.model.lower import lower
from runeflash.model.passes.fold_constants import fold_constants
from runeflash.model.read import read_model
from runeflash.model.schema import DataType

PASS = "constant-folding"
ROW = np.array([[1, -2, 3.5, 0.25]], np.float32)


def reshaped_constant() -> bytes:
    """Both can be compiled: the copy is folded into the layer that reads it."""
    builder = ModelBuilder()
    x, y, z = builder.tensor((2, 2)), builder.tensor((2, 2)), builder.tensor((2, 2))
    fixed, flat = builder.tensor((4,), ROW), builder.tensor((2, 2))
    builder.operator("RESHAPE", [fixed], [flat], reshape_options((2, 2)))
    builder.operator("SOFTMAX", [flat], [y], softmax_options())
    builder.operator("SOFTMAX", [x], [z], softmax_options())
    return builder.build([x], [y, z])


def dequantized_constant() -> bytes:
    builder = ModelBuilder()
    x, y, z = builder.tensor((1, 4)), builder.tensor((1, 4)), builder.tensor((1, 4))
    stored = builder.tensor((1, 4), [-128, -7, 0, 127], type=DataType.INT8, scales=scale(0.037, -11))
    real = builder.tensor((1, 4))
    builder.operator("DEQUANTIZE", [stored], [real])
    builder.operator("SOFTMAX", [real], [y], softmax_options())
    builder.operator("SOFTMAX", [x], [z], softmax_options())
    return builder.build([x], [y, z])


def test_no_byte_changes() -> None:
    compiled = check_pass(PASS, {"reshaped": reshaped_constant(), "dequantized": dequantized_constant()})
    assert {name: changed(model, PASS) for name, model in compiled.items()} == {"reshaped": 1, "dequantized": 1}


def half_weights() -> bytes:
    """A model whose weights are float16, as converters write it: it cannot be compiled without the pass."""
    builder = ModelBuilder()
    x, y = builder.tensor((1, 4)), builder.tensor((1, 2))
    half = np.array([[0.1, 65504, 6e-8, -0.0], [1, 2, np.inf, -1]], np.float16)
    weights = builder.tensor((2, 4), half.tobytes(), type=DataType.FLOAT16)
    wide = builder.tensor((2, 4))
    builder.operator("DEQUANTIZE", [weights], [wide])
    builder.operator("FULLY_CONNECTED", [x, wide, -1], [y], fully_connected_options())
    return builder.build([x], [y])


def test_half_weights_become_weights() -> None:
    model = compile_model(half_weights(), name="m", symbol="m")
    assert [layer.operator for layer in model.layers] == ["FULLY_CONNECTED"]
    folded, count = fold_constants(read_model(half_weights()))
    assert count == 1
    (layer,) = lower(folded).layers
    expected = np.array([[0.1, 65504, 6e-8, -0.0], [1, 2, np.inf, -1]], np.float16).astype(np.float32)
    assert bytes(layer.weights) == expected.tobytes()  # type: ignore[attr-defined]


def test_a_shape_that_is_computed() -> None:
    """What exporters write for a batch of any size: SHAPE, STRIDED_SLICE, PACK, RESHAPE."""
    builder = ModelBuilder()
    x, y = builder.tensor((3, 2, 2)), builder.tensor((3, 4))
    shape = builder.tensor((3,), type=DataType.INT32)
    batch = builder.tensor((), type=DataType.INT32)
    first, second, one = (builder.tensor((1,), [n], type=DataType.INT32) for n in (0, 1, 1))
    four = builder.tensor((), [4], type=DataType.INT32)
    wanted = builder.tensor((2,), type=DataType.INT32)
    builder.operator("SHAPE", [x], [shape])
    shrink = Options(32, ((0, "i32", 0), (1, "i32", 0), (2, "i32", 0), (3, "i32", 0), (4, "i32", 1)))
    builder.operator("STRIDED_SLICE", [shape, first, second, one], [batch], shrink)
    builder.operator("PACK", [batch, four], [wanted], Options(59, ((0, "i32", 2), (1, "i32", 0))))
    flat = builder.tensor((3, 4))
    builder.operator("RESHAPE", [x, wanted], [flat])
    builder.operator("SOFTMAX", [flat], [y], softmax_options())
    model = compile_model(builder.build([x], [y]), name="m", symbol="m")
    assert changed(model, PASS) == 3
    assert [layer.operator for layer in model.layers] == ["SOFTMAX"]


def test_integers_that_do_not_fit_are_left() -> None:
    builder = ModelBuilder()
    a, b = (builder.tensor((2,), [1 << 30, 5], type=DataType.INT32) for _ in range(2))
    for kind, count in (("ADD", 0), ("SUB", 1)):
        y = builder.tensor((2,), type=DataType.INT32)
        builder.operator(kind, [a, b], [y])
        z = builder.tensor((2, 1), type=DataType.INT32)
        builder.operator("RESHAPE", [y], [z], reshape_options((2, 1)))
        model, folded = fold_constants(read_model(builder.build([], [z])))
        assert folded == count
    assert model.tensors[y].data is not None
    assert bytes(model.tensors[y].data) == bytes(8)


def test_results_are_bounded() -> None:
    """A large constant that many operators copy does not become many large constants."""
    builder = ModelBuilder()
    large = builder.tensor((1 << 20,), bytes(1 << 20), type=DataType.INT8)
    outputs = []
    for _ in range(40):
        copy = builder.tensor((1, 1 << 20), type=DataType.INT8)
        builder.operator("RESHAPE", [large], [copy], reshape_options((1, 1 << 20)))
        outputs.append(copy)
    end = builder.tensor((1,), type=DataType.INT8)
    model, folded = fold_constants(read_model(builder.build([end], [end])))
    assert folded == 16
    assert len(model.operators) == 24
