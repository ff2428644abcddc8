"""Activations that become the end of the layer before."""

from __future__ import annotations

import numpy as np
from pass_checking import changed, check_pass
from tflite_builder import (
    ModelBuilder,
    Scales,
    binary_options,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    pool_2d_options,
    scale,
)

from runeflash.model.passes.fuse_activations import fuse_activations
from runeflash.model.read import read_model
from runeflash.model.schema import Activation, DataType

PASS = "fuse-activations"
I8, F32 = DataType.INT8, DataType.FLOAT32


def model(
    kind: str,
    activation: str = "RELU",
    data_type: DataType = I8,
    *,
    own: Activation = Activation.NONE,
    other_scale: bool = False,
    is_output: bool = False,
    again: str | None = None,
) -> bytes:
    """A layer over an image of 4 by 4 by 4, and one or two activations behind it."""
    builder = ModelBuilder()
    generator = np.random.default_rng(5)

    def scales(value: float = 0.05, point: int = -10) -> Scales | None:
        return None if data_type is F32 else scale(value, point)

    def constant(shape: tuple[int, ...], axis: int) -> list[int]:
        count = shape[axis]
        if data_type is F32:
            w = builder.tensor(shape, generator.uniform(-1, 1, shape))
            return [w, builder.tensor((count,), generator.uniform(-1, 1, count))]
        per_channel = Scales(tuple([0.004] * count), (), axis)
        w = builder.tensor(shape, generator.integers(-127, 128, shape), type=I8, scales=per_channel)
        return [w, builder.tensor((count,), generator.integers(-500, 500, count), type=DataType.INT32)]

    shape = (1, 4, 4, 4)
    x = builder.tensor(shape, type=data_type, scales=scales())
    middle = builder.tensor((16, 4) if kind == "FULLY_CONNECTED" else shape, type=data_type, scales=scales())
    options = {
        "CONV_2D": conv_2d_options(activation=own),
        "DEPTHWISE_CONV_2D": depthwise_conv_2d_options(activation=own),
        "FULLY_CONNECTED": fully_connected_options(own),
        "AVERAGE_POOL_2D": pool_2d_options((1, 1), activation=own),
        "MAX_POOL_2D": pool_2d_options((1, 1), activation=own),
        "ADD": binary_options("ADD", own),
        "SUB": binary_options("SUB", own),
        "MUL": binary_options("MUL", own),
    }[kind]
    more = {
        "CONV_2D": lambda: constant((4, 1, 1, 4), 0),
        "DEPTHWISE_CONV_2D": lambda: constant((1, 1, 1, 4), 3),
        "FULLY_CONNECTED": lambda: constant((4, 4), 0),
        "ADD": lambda: [x],
        "SUB": lambda: [builder.tensor((4,), [1, 2, 3, 4], type=data_type, scales=scales())],
        "MUL": lambda: [builder.tensor((4,), [1, -2, 3, -40], type=data_type, scales=scales(0.5))],
    }.get(kind, list)()
    builder.operator(kind, [x, *more], [middle], options)
    end_shape = (16, 4) if kind == "FULLY_CONNECTED" else shape
    y = builder.tensor(end_shape, type=data_type, scales=scales(0.04) if other_scale else scales())
    builder.operator(activation, [middle], [y])
    if again is not None:
        last = builder.tensor(end_shape, type=data_type, scales=scales())
        builder.operator(again, [y], [last])
        y = last
    return builder.build([x], [y, middle] if is_output else [y])


KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "ADD", "SUB", "MUL")
FUSED = {f"{kind.lower()}_i8": model(kind) for kind in KINDS}
FUSED |= {f"{kind.lower()}_i8_6": model(kind, "RELU6") for kind in KINDS}
FUSED |= {f"{kind.lower()}_f32": model(kind, "RELU6", F32) for kind in KINDS}
FUSED["twice"] = model("CONV_2D", "RELU6", again="RELU")
LEFT = {
    "own": model("CONV_2D", own=Activation.RELU_N1_TO_1),
    "other_scale": model("CONV_2D", other_scale=True),
    "needed_by_others": model("CONV_2D", is_output=True),
}


def test_no_byte_changes() -> None:
    compiled = check_pass(PASS, {**FUSED, **LEFT})
    for name, found in compiled.items():
        assert changed(found, PASS) == (name in FUSED), name
        remaining = [layer.operator for layer in found.layers if layer.operator.startswith("RELU")]
        assert len(remaining) == (name in LEFT or name == "twice"), name


def test_which_are_joined() -> None:
    """Seen in the operators, whether or not an activation can be compiled."""
    for name, data in {**FUSED, **LEFT}.items():
        given = read_model(data)
        found, fused = fuse_activations(given)
        assert fused == (name in FUSED), name
        assert len(found.operators) == len(given.operators) - fused
        if fused:
            assert found.operators[0].activation is (
                Activation.RELU6 if name.endswith(("_6", "_f32")) or name == "twice" else Activation.RELU
            )
            assert found.operators[0].outputs == given.operators[1].outputs
