"""What an operator refuses names the operator, its number and the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tflite_builder import (
    ModelBuilder,
    Options,
    Scales,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    mean_options,
    pool_2d_options,
    reshape_options,
    scale,
    softmax_options,
    svdf_options,
)

from runeflash.errors import UserError
from runeflash.model import compile_model
from runeflash.model.schema import Activation, DataType, OptionsType, Padding


def refusal(
    kind: str,
    inputs: list[dict[str, Any] | None],
    output: tuple[int, ...],
    options: Options | None,
    version: int = 1,
    **output_arguments: Any,
) -> str:
    """Return the message for a model of one operator; the first input is the model's."""
    builder = ModelBuilder()
    indices = [-1 if given is None else builder.tensor(**given) for given in inputs]
    y = builder.tensor(output, name="y", **output_arguments)
    builder.operator(kind, indices, [y], options, version=version)
    with pytest.raises(UserError) as caught:
        compile_model(builder.build([i for i in indices[:1] if i >= 0], [y]), name="m", symbol="m")
    return caught.value.message


def x(*shape: int, **more: Any) -> dict[str, Any]:
    return {"shape": shape, "name": "x", **more}


def constant(*shape: int, **more: Any) -> dict[str, Any]:
    size = 4
    for dimension in shape:
        size *= dimension
    return {"shape": shape, "data": bytes(size), "name": "w", **more}


def axes(*numbers: int) -> dict[str, Any]:
    return {"shape": (len(numbers),), "data": numbers, "type": DataType.INT32, "name": "axes"}


def svdf(**more: dict[str, Any] | None) -> list[dict[str, Any] | None]:
    """Return the inputs of an SVDF of two filters over four inputs and three steps, some of them replaced."""
    given: dict[str, dict[str, Any] | None] = {
        "source": x(1, 4),
        "features": constant(2, 4),
        "time": constant(2, 3),
        "bias": constant(2),
        "state": x(1, 6, variable=True),
    }
    return list((given | more).values())


CONV = conv_2d_options()
FC = fully_connected_options()


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (
            '(CONV_2D): its input, tensor 0 ("x"), is of type INT16; supported is FLOAT32 or INT8 or UINT8',
            ("CONV_2D", [x(1, 4, 4, 1, type=DataType.INT16), constant(1, 1, 1, 1)], (1, 4, 4, 1), CONV),
        ),
        (
            'its weights, tensor 1 ("w"), is of type FLOAT32; supported is UINT8',
            ("CONV_2D", [x(1, 4, 4, 1, type=DataType.UINT8), constant(1, 1, 1, 1)], (1, 4, 4, 1), CONV),
        ),
        ("not 4 dimensions", ("CONV_2D", [x(4, 4, 1), constant(1, 1, 1, 1)], (4, 4, 1), CONV)),
        ("do not fit 3 input channels", ("CONV_2D", [x(1, 4, 4, 3), constant(1, 1, 1, 2)], (1, 4, 4, 1), CONV)),
        (
            'its output, tensor 2 ("y"), is declared as [1, 4, 4, 1], but must be [1, 3, 3, 1]',
            ("CONV_2D", [x(1, 4, 4, 1), constant(1, 2, 2, 1)], (1, 4, 4, 1), CONV),
        ),
        ("its filter is larger", ("CONV_2D", [x(1, 2, 2, 1), constant(1, 3, 1, 1)], (1, 1, 2, 1), CONV)),
        ("its options are missing", ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1)], (1, 2, 2, 1), None)),
        (
            "its stride is 0",
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1)], (1, 2, 2, 1), conv_2d_options(stride=(0, 1))),
        ),
        (
            "its filter spans 4294967293 pixels",
            (
                "CONV_2D",
                [x(1, 2, 2, 1), constant(1, 1, 3, 1)],
                (1, 2, 2, 1),
                conv_2d_options(Padding.SAME, dilation=(1, (1 << 31) - 2)),
            ),
        ),
        (
            "its filter spans 1 pixels with a stride of 2147483647",
            ("MAX_POOL_2D", [x(1, 2, 2, 1)], (1, 1, 2, 1), pool_2d_options((1, 1), ((1 << 31) - 1, 1))),
        ),
        (
            "its dilation is -1",
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1)], (1, 2, 2, 1), conv_2d_options(dilation=(1, -1))),
        ),
        (
            "the activation TANH is not supported",
            (
                "CONV_2D",
                [x(1, 2, 2, 1), constant(1, 1, 1, 1)],
                (1, 2, 2, 1),
                conv_2d_options(activation=Activation.TANH),
            ),
        ),
        (
            "its padding has the unknown number 7",
            (
                "CONV_2D",
                [x(1, 2, 2, 1), constant(1, 1, 1, 1)],
                (1, 2, 2, 1),
                Options(OptionsType.CONV_2D, ((0, "i8", 7), (1, "i32", 1), (2, "i32", 1))),
            ),
        ),
        (
            'its weights, tensor 1 ("w"), is computed',
            ("CONV_2D", [x(1, 2, 2, 1), {"shape": (1, 1, 1, 1), "name": "w"}], (1, 2, 2, 1), CONV),
        ),
        (
            "has not 1 elements",
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1), constant(2)], (1, 2, 2, 1), CONV),
        ),
        (
            "version 9 is not supported",
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1)], (1, 2, 2, 1), CONV, 9),
        ),
        (
            'its weights, tensor 1 ("w"), is a variable',
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1, variable=True)], (1, 2, 2, 1), CONV),
        ),
        (
            'its weights, tensor 1 ("w"), is sparse',
            ("CONV_2D", [x(1, 2, 2, 1), constant(1, 1, 1, 1, sparse=True)], (1, 2, 2, 1), CONV),
        ),
        (
            "does not divide into rows of 3",
            ("FULLY_CONNECTED", [x(1, 4), constant(2, 3)], (1, 2), FC),
        ),
        (
            "is declared as [2, 1], but must be [1, 2]",
            ("FULLY_CONNECTED", [x(1, 3), constant(2, 3)], (2, 1), FC),
        ),
        (
            "the weights format 1 is not supported",
            ("FULLY_CONNECTED", [x(1, 3), constant(2, 3)], (1, 2), fully_connected_options(weights_format=1)),
        ),
        ("its weights is missing", ("FULLY_CONNECTED", [x(1, 3), None], (1, 2), FC)),
        ("it has 1 inputs", ("FULLY_CONNECTED", [x(1, 3)], (1, 2), FC)),
        (
            'its weights, tensor 1 ("w"), is of type INT32',
            ("FULLY_CONNECTED", [x(1, 3), constant(2, 3, type=DataType.INT32)], (1, 2), FC),
        ),
        (
            'its weights, tensor 1 ("w"), have no scale',
            ("FULLY_CONNECTED", [x(1, 3), constant(2, 3, data=bytes(6), type=DataType.INT8)], (1, 2), FC),
        ),
        ("it has 2 inputs", ("MAX_POOL_2D", [x(1, 2, 2, 1), constant(1)], (1, 2, 2, 1), pool_2d_options((1, 1)))),
        ("its filter height is 0", ("MAX_POOL_2D", [x(1, 2, 2, 1)], (1, 2, 2, 1), pool_2d_options((0, 1)))),
        (
            "but must be [1, 2, 2, 1]",
            ("MAX_POOL_2D", [x(1, 4, 4, 1)], (1, 2, 3, 1), pool_2d_options((2, 2), (2, 2), Padding.SAME)),
        ),
        ("its new shape is missing", ("RESHAPE", [x(4)], (2, 2), None)),
        ("4 elements cannot have the shape [3, -1]", ("RESHAPE", [x(4)], (3, 1), reshape_options((3, -1)))),
        ("4 elements cannot have the shape [-1, -1]", ("RESHAPE", [x(4)], (2, 2), reshape_options((-1, -1)))),
        ("4 elements cannot have the shape [0, 4]", ("RESHAPE", [x(4)], (4,), reshape_options((0, 4)))),
        ("but must be [2, 2]", ("RESHAPE", [x(4)], (4, 1), reshape_options((2, 2)))),
        ("only constant shape can be compiled", ("RESHAPE", [x(4), x(2, type=DataType.INT32)], (2, 2), None)),
        (
            "its input is of type FLOAT32, its output of type INT32",
            ("RESHAPE", [x(4)], (2, 2), reshape_options((2, 2)), 1, DataType.INT32),
        ),
        ("but must be [1, 4]", ("SOFTMAX", [x(1, 4)], (4, 1), softmax_options())),
        ("its beta is inf", ("SOFTMAX", [x(1, 4)], (1, 4), softmax_options(float("inf")))),
        ("has no dimensions", ("SOFTMAX", [x()], (), softmax_options())),
        ("its axis 2 is none of its input", ("MEAN", [x(4, 3), axes(2)], (4,), mean_options())),
        ("its axis -3 is none of its input", ("MEAN", [x(4, 3), axes(-3)], (4,), mean_options())),
        ("but must be [4, 1]", ("MEAN", [x(4, 3), axes(1)], (4,), mean_options(keep_dims=True))),
        ("only constant axes can be compiled", ("MEAN", [x(4, 3), x(1, type=DataType.INT32)], (4,), mean_options())),
        ('its axes, tensor 1 ("w"), is of type FLOAT32', ("MEAN", [x(4, 3), constant(1)], (4,), mean_options())),
        ("its state is missing", ("SVDF", svdf(state=None), (1, 2), svdf_options())),
        ("is no variable", ("SVDF", svdf(state=x(1, 6)), (1, 2), svdf_options())),
        (
            "has a value at the beginning",
            ("SVDF", svdf(state=constant(1, 6, data=bytes([1] * 24), variable=True)), (1, 2), svdf_options()),
        ),
        ("its state, tensor 4", ("SVDF", svdf(state=x(1, 5, variable=True)), (1, 2), svdf_options())),
        ("its rank is 0", ("SVDF", svdf(), (1, 2), svdf_options(0))),
        ("its 2 filters do not divide into units of rank 3", ("SVDF", svdf(), (1, 2), svdf_options(3))),
        ("its options are missing", ("SVDF", svdf(), (1, 2), None)),
        (
            "is declared as [2, 3], but must be [2, 4]",
            ("SVDF", svdf(features=constant(2, 3)), (1, 2), svdf_options()),
        ),
        (
            'its time weights, tensor 2 ("w"), is of type INT8; supported is FLOAT32',
            ("SVDF", svdf(time=constant(2, 3, data=bytes(6), type=DataType.INT8)), (1, 2), svdf_options()),
        ),
        (
            "the shape [1, 0] of its state",
            ("SVDF", svdf(state=x(1, 0, variable=True)), (1, 2), svdf_options()),
        ),
        (
            'operator 0 of the model (LSTM): this operator is not supported (it computes tensor 1 ("y"))',
            ("LSTM", [x(1, 4)], (1, 4), None),
        ),
    ],
)
def test_refusals(message: str, arguments: tuple[Any, ...]) -> None:
    more = {"type": arguments[5]} if len(arguments) > 5 else {}
    found = refusal(*arguments[:5], **more)
    assert message in found
    assert arguments[0] in found
    assert "operator 0" in found


I8 = {"type": DataType.INT8, "scales": scale(0.1)}


def int8_constant(*shape: int, scales: Scales | None) -> dict[str, Any]:
    return {"shape": shape, "data": bytes(int(np.prod(shape))), "name": "w", "type": DataType.INT8, "scales": scales}


@pytest.mark.parametrize(
    ("message", "kind", "inputs", "output", "options", "more"),
    [
        (
            'its input, tensor 0 ("x"), has no scale',
            "FULLY_CONNECTED",
            [x(1, 3, type=DataType.INT8), int8_constant(2, 3, scales=scale(1.0))],
            (1, 2),
            FC,
            I8,
        ),
        (
            'its weights, tensor 1 ("w"), have no scale',
            "FULLY_CONNECTED",
            [x(1, 3, **I8), int8_constant(2, 3, scales=None)],
            (1, 2),
            FC,
            I8,
        ),
        (
            'its weights, tensor 1 ("w"), have 3 scales for 2 channels',
            "CONV_2D",
            [x(1, 1, 1, 3, **I8), int8_constant(2, 1, 1, 3, scales=Scales((1.0, 1.0, 1.0)))],
            (1, 1, 1, 2),
            CONV,
            I8,
        ),
        (
            'its weights, tensor 1 ("w"), have a zero point other than 0',
            "CONV_2D",
            [x(1, 1, 1, 3, **I8), int8_constant(2, 1, 1, 3, scales=scale(1.0, 4))],
            (1, 1, 1, 2),
            CONV,
            I8,
        ),
        (
            'its weights, tensor 1 ("w"), have scales along dimension 0',
            "DEPTHWISE_CONV_2D",
            [x(1, 1, 1, 2, **I8), int8_constant(1, 1, 1, 2, scales=Scales((1.0, 1.0)))],
            (1, 1, 1, 2),
            depthwise_conv_2d_options(),
            I8,
        ),
        (
            'its weights, tensor 1 ("w"), of shape [1, 1, 1, 3] do not fit 2 input channels',
            "DEPTHWISE_CONV_2D",
            [x(1, 1, 1, 2, **I8), int8_constant(1, 1, 1, 3, scales=scale(1.0))],
            (1, 1, 1, 3),
            depthwise_conv_2d_options(),
            I8,
        ),
        (
            'its input, tensor 0 ("x"), has the scale nan',
            "DEQUANTIZE",
            [x(4, type=DataType.INT8, scales=scale(float("nan")))],
            (4,),
            None,
            {},
        ),
        (
            'its input, tensor 0 ("x"), has the zero point 128',
            "DEQUANTIZE",
            [x(4, type=DataType.INT8, scales=scale(0.1, 128))],
            (4,),
            None,
            {},
        ),
        (
            'its input, tensor 0 ("x"), has the zero point -1',
            "AVERAGE_POOL_2D",
            [x(1, 1, 1, 2, type=DataType.UINT8, scales=scale(0.1, -1))],
            (1, 1, 1, 2),
            pool_2d_options((1, 1)),
            {"type": DataType.UINT8, "scales": scale(0.1, 3)},
        ),
        (
            'its weights, tensor 1 ("w"), has 2 scales; supported is 1',
            "FULLY_CONNECTED",
            [
                x(1, 3, type=DataType.UINT8, scales=scale(0.1)),
                int8_constant(2, 3, scales=Scales((1.0, 1.0))) | {"type": DataType.UINT8},
            ],
            (1, 2),
            FC,
            {"type": DataType.UINT8, "scales": scale(0.1)},
        ),
        (
            'its output, tensor 1 ("y"), has the scale 0.1',
            "SOFTMAX",
            [x(1, 4, **I8)],
            (1, 4),
            softmax_options(),
            I8,
        ),
        (
            'its input and its output, tensor 1 ("y"), differ in scale or zero point',
            "AVERAGE_POOL_2D",
            [x(1, 1, 1, 2, **I8)],
            (1, 1, 1, 2),
            pool_2d_options((1, 1)),
            {"type": DataType.INT8, "scales": scale(0.2)},
        ),
    ],
)
def test_refusals_of_int8(
    message: str,
    kind: str,
    inputs: list[dict[str, Any] | None],
    output: tuple[int, ...],
    options: Options | None,
    more: dict[str, Any],
) -> None:
    found = refusal(kind, inputs, output, options, **more)
    assert message in found
    assert f"operator 0 of the model ({kind})" in found
