"""Operators that only copy are removed, and so is a QUANTIZE that undoes a DEQUANTIZE."""

from __future__ import annotations

from pass_checking import changed, check_pass
from tflite_builder import ModelBuilder, fully_connected_options, reshape_options, scale, softmax_options

from runeflash.model import compile_model
from runeflash.model.schema import DataType

PASS = "copies"


def round_trip(value: float = 0.037, other: float | None = None, *, read_twice: bool = False) -> bytes:
    """int8 to float and back, and then a softmax of int8."""
    builder = ModelBuilder()
    x = builder.tensor((1, 8), type=DataType.INT8, scales=scale(value, -7))
    real = builder.tensor((1, 8))
    back = builder.tensor((1, 8), type=DataType.INT8, scales=scale(other or value, -7))
    y = builder.tensor((1, 8), type=DataType.INT8, scales=scale(1 / 256, -128))
    builder.operator("DEQUANTIZE", [x], [real])
    builder.operator("QUANTIZE", [real], [back])
    builder.operator("SOFTMAX", [back], [y], softmax_options())
    outputs = [y]
    if read_twice:
        z = builder.tensor((1, 8))
        builder.operator("SOFTMAX", [real], [z], softmax_options())
        outputs.append(z)
    return builder.build([x], outputs)


def reshapes() -> bytes:
    builder = ModelBuilder()
    x, a, b, y = (builder.tensor(shape) for shape in ((2, 4), (8,), (1, 8), (1, 3)))
    weights = builder.tensor((3, 8), [0.25] * 24)
    builder.operator("RESHAPE", [x], [a], reshape_options((8,)))
    builder.operator("RESHAPE", [a], [b], reshape_options((1, 8)))
    builder.operator("FULLY_CONNECTED", [b, weights, -1], [y], fully_connected_options())
    return builder.build([x], [y])


def test_no_byte_changes() -> None:
    compiled = check_pass(
        PASS,
        {
            "round_trip": round_trip(),
            "round_trip_read_twice": round_trip(read_twice=True),
            "another_scale": round_trip(0.037, 0.038),
            "reshapes": reshapes(),
        },
    )
    operators = {name: [layer.operator for layer in model.layers] for name, model in compiled.items()}
    assert operators == {
        "round_trip": ["SOFTMAX"],
        "round_trip_read_twice": ["DEQUANTIZE", "SOFTMAX", "SOFTMAX"],
        "another_scale": ["DEQUANTIZE", "QUANTIZE", "SOFTMAX"],
        "reshapes": ["FULLY_CONNECTED"],
    }


def test_a_scale_at_which_values_do_not_come_back() -> None:
    """Their products are infinite."""
    model = compile_model(round_trip(3e38), name="m", symbol="m")
    assert [layer.operator for layer in model.layers] == ["DEQUANTIZE", "QUANTIZE", "SOFTMAX"]
    assert changed(model, PASS) == 0
