"""DEPTHWISE_CONV_2D: each channel of an image has filters of its own.

Input NHWC, weights [1, filter height, filter width, output channels], bias [output channels] (may be left out), output
NHWC. Output channel ``c * multiplier + m`` is made of input channel ``c``.
"""

from __future__ import annotations

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import depthwise_3x3_i8, depthwise_rows_i8, quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_f32 import Conv2DF32
from runeflash.model.operators.conv_2d_hybrid import Conv2DHybrid
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.depthwise_3x3_i8 import Depthwise3x3I8
from runeflash.model.operators.depthwise_conv_2d_f32 import DepthwiseConv2DF32
from runeflash.model.operators.depthwise_conv_2d_i8 import DepthwiseConv2DHybrid, DepthwiseConv2DI8
from runeflash.model.operators.depthwise_planes_i8 import DepthwisePlanesI8
from runeflash.model.operators.depthwise_rows_i8 import DepthwiseRowsI8
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, DataType, OptionsType

_NEWEST_VERSION = 7


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    source, weights, bias, output = context.weighted_sum()
    for tensor, role in ((source, "input"), (weights, "weights"), (output, "output")):
        context.check_rank(tensor, role, 4)
    batches, height, width, input_channels = source.shape
    one, filter_height, filter_width, output_channels = weights.shape
    if one != 1 or output_channels % input_channels != 0:
        raise context.wrong(
            f"its weights, {weights}, of shape {list(weights.shape)} do not fit {input_channels} input channels"
        )
    options = context.options(OptionsType.DEPTHWISE_CONV_2D)
    padding = context.padding(options.i8(0))
    stride = context.positive(options.i32(2), "stride"), context.positive(options.i32(1), "stride")
    dilation = context.positive(options.i32(6, 1), "dilation"), context.positive(options.i32(5, 1), "dilation")
    rows = Window(height, filter_height, stride[0], dilation[0], padding, context.operator.padding.rows)
    columns = Window(width, filter_width, stride[1], dilation[1], padding, context.operator.padding.columns)
    check_windows(context, source, rows, columns)
    context.check_shape(output, "output", (batches, rows.count, columns.count, output_channels))
    activation = context.activation(options.i8(4), *FLOAT_ACTIVATIONS)
    tensors = source, weights, output
    if weights.type is DataType.FLOAT32:
        return _read_f32(context, tensors, bias, rows, columns, activation)
    if source.type is DataType.FLOAT32:
        return _read_hybrid(context, tensors, bias, rows, columns, activation)
    return _read_i8(context, tensors, bias, rows, columns, activation)


def _read_f32(
    context: OperatorContext,
    tensors: tuple[Tensor, Tensor, Tensor],
    bias: Tensor | None,
    rows: Window,
    columns: Window,
    activation: Activation,
) -> Layer:
    source, weights, output = tensors
    batches, _, _, input_channels = source.shape
    output_channels = output.shape[3]
    data = context.constant(weights, "weights")
    biases = float_bias(context, bias, output_channels)
    if input_channels == output_channels > 1:
        return DepthwiseConv2DF32(
            *context.layer_fields(source, output), batches, rows, columns, input_channels, activation, data, biases
        )
    bits = data.cast("I")  # as bits: a copy that changes no NaN
    by_channel = b"".join(bytes(bits[i::output_channels]) for i in range(output_channels))
    return Conv2DF32(
        *context.layer_fields(source, output),
        kind="DEPTHWISE_CONV_2D",
        batches=batches,
        rows=rows,
        columns=columns,
        input_channels=input_channels,
        output_channels=output_channels,
        groups=input_channels,
        activation=activation,
        weights=memoryview(by_channel),
        bias=biases,
    )


def _read_hybrid(
    context: OperatorContext,
    tensors: tuple[Tensor, Tensor, Tensor],
    bias: Tensor | None,
    rows: Window,
    columns: Window,
    activation: Activation,
) -> Layer:
    source, weights, output = tensors
    batches, _, _, input_channels = source.shape
    count = output.shape[3]
    data = context.constant(weights, "weights").cast("b")
    weight_rows = tuple(memoryview(bytes(data[i::count])).cast("b") for i in range(count))
    if count > input_channels or count == 1:
        return Conv2DHybrid(
            *context.layer_fields(source, output),
            kind="DEPTHWISE_CONV_2D",
            batches=batches,
            rows=rows,
            columns=columns,
            input_channels=input_channels,
            channels=read_channels(context, weights, bias, count, 3, weight_rows, is_asymmetric=True),
            activation=activation,
            weight_rows=weight_rows,
            groups=input_channels,
        )
    channels = read_channels(context, weights, bias, count, 3, (), is_asymmetric=True)
    return DepthwiseConv2DHybrid(
        *context.layer_fields(source, output),
        batches,
        rows,
        columns,
        channels,
        activation,
        tuple(data),
    )


def _read_i8(
    context: OperatorContext,
    tensors: tuple[Tensor, Tensor, Tensor],
    bias: Tensor | None,
    rows: Window,
    columns: Window,
    activation: Activation,
) -> Layer:
    source, weights, output = tensors
    batches, _, _, input_channels = source.shape
    count = output.shape[3]
    is_unsigned = source.type is DataType.UINT8
    data, offset = quantized.stored_weights(context, weights)
    stored_rows = tuple(memoryview(bytes(data[i::count])).cast("b") for i in range(count))
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    multipliers = quantized.convolution_multipliers(context, input_scaling, weights, count, 3, output_scaling)
    biases = quantized.biases(context, bias, count)
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
    limits = quantized.limits(activation, output_scaling, output.type)
    if depthwise_3x3_i8.is_suitable(rows, columns, folded):
        planes: type[DepthwisePlanesI8] | None = Depthwise3x3I8
    elif depthwise_rows_i8.is_suitable(rows, columns, folded, input_channels):
        planes = DepthwiseRowsI8
    else:
        planes = None
    if planes is not None:
        return planes(
            *context.layer_fields(source, output),
            batches=batches,
            rows=rows,
            columns=columns,
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
            *context.layer_fields(source, output),
            kind="DEPTHWISE_CONV_2D",
            batches=batches,
            rows=rows,
            columns=columns,
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
        *context.layer_fields(source, output),
        batches=batches,
        rows=rows,
        columns=columns,
        input_zero_point=input_scaling.zero_point,
        channels=plain,
        limits=limits,
        weights=tuple(weight + offset for weight in data),
        is_unsigned=is_unsigned,
    )
