"""DEPTHWISE_CONV_2D: each channel of an image has filters of its own.

Input NHWC, weights [1, filter height, filter width, output channels], bias [output channels] (may be left out), output
NHWC. Output channel ``c * multiplier + m`` is made of input channel ``c``.
"""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import depthwise_3x3_i8, depthwise_rows_i8, quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_f32 import Conv2DF32
from runeflash.model.operators.conv_2d_hybrid import Conv2DHybrid
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.convolution import Convolution, read_convolution
from runeflash.model.operators.depthwise_3x3_i8 import Depthwise3x3I8
from runeflash.model.operators.depthwise_conv_2d_f32 import DepthwiseConv2DF32
from runeflash.model.operators.depthwise_conv_2d_i8 import DepthwiseConv2DHybrid, DepthwiseConv2DI8
from runeflash.model.operators.depthwise_planes_i8 import DepthwisePlanesI8
from runeflash.model.operators.depthwise_rows_i8 import DepthwiseRowsI8
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.schema import DataType

_NEWEST_VERSION = 7


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    given = read_convolution(context, is_depthwise=True)
    weights, input_channels = given.weights, given.input_channels
    if weights.shape[0] != 1 or given.count % input_channels != 0:
        raise context.wrong(
            f"its weights, {weights}, of shape {list(weights.shape)} do not fit {input_channels} input channels"
        )
    if weights.type is DataType.FLOAT32:
        return _read_f32(context, given)
    return _read_hybrid(context, given) if given.source.type is DataType.FLOAT32 else _read_i8(context, given)


def _read_f32(context: OperatorContext, given: Convolution) -> Layer:
    input_channels, output_channels = given.input_channels, given.count
    data = context.constant(given.weights, "weights")
    biases = float_bias(context, given.bias, output_channels)
    if input_channels == output_channels > 1:
        return DepthwiseConv2DF32(
            *context.layer_fields(given.source, given.output),
            given.batches,
            given.rows,
            given.columns,
            input_channels,
            given.activation,
            data,
            biases,
        )
    bits = data.cast("I")  # as bits: a copy that changes no NaN
    by_channel = b"".join(bytes(bits[i::output_channels]) for i in range(output_channels))
    return Conv2DF32(
        *context.layer_fields(given.source, given.output),
        kind="DEPTHWISE_CONV_2D",
        batches=given.batches,
        rows=given.rows,
        columns=given.columns,
        input_channels=input_channels,
        output_channels=output_channels,
        groups=input_channels,
        activation=given.activation,
        weights=memoryview(by_channel),
        bias=biases,
    )


def _read_hybrid(context: OperatorContext, given: Convolution) -> Layer:
    input_channels, count = given.input_channels, given.count
    data = context.constant(given.weights, "weights").cast("b")
    weight_rows = tuple(memoryview(bytes(data[i::count])).cast("b") for i in range(count))
    if count > input_channels or count == 1:
        return Conv2DHybrid(
            *context.layer_fields(given.source, given.output),
            kind="DEPTHWISE_CONV_2D",
            batches=given.batches,
            rows=given.rows,
            columns=given.columns,
            input_channels=input_channels,
            channels=read_channels(
                context, given.weights, given.bias, count, given.axis, weight_rows, is_asymmetric=True
            ),
            activation=given.activation,
            weight_rows=weight_rows,
            groups=input_channels,
        )
    channels = read_channels(context, given.weights, given.bias, count, given.axis, (), is_asymmetric=True)
    return DepthwiseConv2DHybrid(
        *context.layer_fields(given.source, given.output),
        given.batches,
        given.rows,
        given.columns,
        channels,
        given.activation,
        tuple(data),
    )


def _read_i8(context: OperatorContext, given: Convolution) -> Layer:
    input_channels, count = given.input_channels, given.count
    is_unsigned = given.source.type is DataType.UINT8
    data, offset = quantized.stored_weights(context, given.weights)
    stored_rows = tuple(memoryview(bytes(data[i::count])).cast("b") for i in range(count))
    input_scaling = quantized.per_tensor(context, given.source, "input")
    output_scaling = quantized.per_tensor(context, given.output, "output")
    multipliers = quantized.convolution_multipliers(
        context, input_scaling, given.weights, count, given.axis, output_scaling
    )
    biases = quantized.biases(context, given.bias, count)
    folded, plain = (
        quantized.make_channels(
            multipliers,
            biases,
            stored_rows,
            input_scaling.zero_point,
            output_scaling.zero_point,
            folded=is_folded,
            weight_offset=offset,
        )
        for is_folded in (True, False)
    )
    limits = quantized.limits(given.activation, output_scaling, given.output.type)
    if depthwise_3x3_i8.is_suitable(given.rows, given.columns, folded):
        planes: type[DepthwisePlanesI8] | None = Depthwise3x3I8
    elif depthwise_rows_i8.is_suitable(given.rows, given.columns, folded, input_channels):
        planes = DepthwiseRowsI8
    else:
        planes = None
    if planes is not None:
        return planes(
            *context.layer_fields(given.source, given.output),
            batches=given.batches,
            rows=given.rows,
            columns=given.columns,
            input_channels=input_channels,
            input_zero_point=input_scaling.zero_point,
            channels=folded,
            limits=limits,
            weight_rows=tuple(tuple(weight + offset for weight in row) for row in stored_rows),
            is_unsigned=is_unsigned,
        )
    if count > input_channels or count == 1:
        # An image of one channel is filtered as any other is; several channels for each are groups of one channel.
        return Conv2DI8(
            *context.layer_fields(given.source, given.output),
            kind="DEPTHWISE_CONV_2D",
            batches=given.batches,
            rows=given.rows,
            columns=given.columns,
            input_channels=input_channels,
            input_zero_point=input_scaling.zero_point,
            channels=folded,
            limits=limits,
            weight_rows=stored_rows,
            is_unsigned=is_unsigned,
            weight_offset=offset,
            groups=input_channels,
        )
    return DepthwiseConv2DI8(
        *context.layer_fields(given.source, given.output),
        batches=given.batches,
        rows=given.rows,
        columns=given.columns,
        input_zero_point=input_scaling.zero_point,
        channels=plain,
        limits=limits,
        weights=tuple(weight + offset for weight in data),
        is_unsigned=is_unsigned,
    )
