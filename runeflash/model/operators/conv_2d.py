"""CONV_2D: a filter slides over an image.

Input NHWC, weights [output channels, filter height, filter width, input channels / groups],
bias [output channels] (may be left out), output NHWC.
"""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_f32 import Conv2DF32
from runeflash.model.operators.conv_2d_hybrid import Conv2DHybrid
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.convolution import Convolution, read_convolution
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.schema import DataType

_NEWEST_VERSION = 8


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    given = read_convolution(context, is_depthwise=False)
    weights, input_channels, depth = given.weights, given.input_channels, given.weights.shape[3]
    if input_channels % depth != 0 or given.count % (input_channels // depth) != 0:
        raise context.wrong(
            f"its weights, {weights}, of shape {list(weights.shape)} do not fit {input_channels} input channels"
        )
    if weights.type is not DataType.FLOAT32:
        read_integers = _read_hybrid if given.source.type is DataType.FLOAT32 else _read_i8
        return read_integers(context, given)
    return Conv2DF32(
        *context.layer_fields(given.source, given.output),
        kind="CONV_2D",
        batches=given.batches,
        rows=given.rows,
        columns=given.columns,
        input_channels=input_channels,
        output_channels=given.count,
        groups=input_channels // depth,
        activation=given.activation,
        weights=context.constant(weights, "weights"),
        bias=float_bias(context, given.bias, given.count),
    )


def _read_i8(context: OperatorContext, given: Convolution) -> Layer:
    count = given.count
    data, offset = quantized.stored_weights(context, given.weights)
    weight_rows = quantized.split_rows(data, count)
    input_scaling = quantized.per_tensor(context, given.source, "input")
    output_scaling = quantized.per_tensor(context, given.output, "output")
    return Conv2DI8(
        *context.layer_fields(given.source, given.output),
        kind="CONV_2D",
        batches=given.batches,
        rows=given.rows,
        columns=given.columns,
        input_channels=given.input_channels,
        input_zero_point=input_scaling.zero_point,
        channels=quantized.make_channels(
            quantized.convolution_multipliers(context, input_scaling, given.weights, count, given.axis, output_scaling),
            quantized.biases(context, given.bias, count),
            weight_rows,
            input_scaling.zero_point,
            output_scaling.zero_point,
            folded=True,
            weight_offset=offset,
        ),
        limits=quantized.limits(given.activation, output_scaling, given.output.type),
        weight_rows=weight_rows,
        is_unsigned=given.source.type is DataType.UINT8,
        weight_offset=offset,
        groups=given.input_channels // given.weights.shape[3],
    )


def _read_hybrid(context: OperatorContext, given: Convolution) -> Layer:
    count = given.count
    weight_rows = quantized.split_rows(context.constant(given.weights, "weights").cast("b"), count)
    # TensorFlow Lite gives inputs a zero point where weights have a scale per channel.
    is_asymmetric = given.weights.quantization is not None and len(given.weights.quantization.scales) > 1
    return Conv2DHybrid(
        *context.layer_fields(given.source, given.output),
        kind="CONV_2D",
        batches=given.batches,
        rows=given.rows,
        columns=given.columns,
        input_channels=given.input_channels,
        channels=read_channels(
            context, given.weights, given.bias, count, given.axis, weight_rows, is_asymmetric=is_asymmetric
        ),
        activation=given.activation,
        weight_rows=weight_rows,
        groups=given.input_channels // given.weights.shape[3],
    )
