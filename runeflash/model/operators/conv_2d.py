"""CONV_2D: a filter slides over an image.

Input NHWC, weights [output channels, filter height, filter width, input channels / groups],
bias [output channels] (may be left out), output NHWC.
"""

from __future__ import annotations

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_f32 import Conv2DF32
from runeflash.model.operators.conv_2d_hybrid import Conv2DHybrid
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, DataType, OptionsType

_NEWEST_VERSION = 8


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
    output_channels, filter_height, filter_width, depth = weights.shape
    if input_channels % depth != 0 or output_channels % (input_channels // depth) != 0:
        raise context.wrong(
            f"its weights, {weights}, of shape {list(weights.shape)} do not fit {input_channels} input channels"
        )
    options = context.options(OptionsType.CONV_2D)
    padding = context.padding(options.i8(0))
    rows = Window(
        height,
        filter_height,
        context.positive(options.i32(2), "stride"),
        context.positive(options.i32(5, 1), "dilation"),
        padding,
        context.operator.padding.rows,
    )
    columns = Window(
        width,
        filter_width,
        context.positive(options.i32(1), "stride"),
        context.positive(options.i32(4, 1), "dilation"),
        padding,
        context.operator.padding.columns,
    )
    check_windows(context, source, rows, columns)
    context.check_shape(output, "output", (batches, rows.count, columns.count, output_channels))
    activation = context.activation(options.i8(3), *FLOAT_ACTIVATIONS)
    if weights.type is not DataType.FLOAT32:
        read_integers = _read_hybrid if source.type is DataType.FLOAT32 else _read_i8
        return read_integers(context, (source, weights, output), bias, rows, columns, activation)
    return Conv2DF32(
        *context.layer_fields(source, output),
        kind="CONV_2D",
        batches=batches,
        rows=rows,
        columns=columns,
        input_channels=input_channels,
        output_channels=output_channels,
        groups=input_channels // depth,
        activation=activation,
        weights=context.constant(weights, "weights"),
        bias=float_bias(context, bias, output_channels),
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
    count = weights.shape[0]
    data, offset = quantized.stored_weights(context, weights)
    weight_rows = quantized.split_rows(data, count)
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    return Conv2DI8(
        *context.layer_fields(source, output),
        kind="CONV_2D",
        batches=source.shape[0],
        rows=rows,
        columns=columns,
        input_channels=source.shape[3],
        input_zero_point=input_scaling.zero_point,
        channels=quantized.make_channels(
            quantized.convolution_multipliers(context, input_scaling, weights, count, 0, output_scaling),
            quantized.biases(context, bias, count),
            weight_rows,
            input_scaling.zero_point,
            output_scaling.zero_point,
            folded=True,
            weight_offset=offset,
        ),
        limits=quantized.limits(activation, output_scaling, output.type),
        weight_rows=weight_rows,
        is_unsigned=source.type is DataType.UINT8,
        weight_offset=offset,
        groups=source.shape[3] // weights.shape[3],
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
    count = weights.shape[0]
    weight_rows = quantized.split_rows(context.constant(weights, "weights").cast("b"), count)
    # TensorFlow Lite gives inputs a zero point where weights have a scale per channel.
    is_asymmetric = weights.quantization is not None and len(weights.quantization.scales) > 1
    return Conv2DHybrid(
        *context.layer_fields(source, output),
        kind="CONV_2D",
        batches=source.shape[0],
        rows=rows,
        columns=columns,
        input_channels=source.shape[3],
        channels=read_channels(context, weights, bias, count, 0, weight_rows, is_asymmetric=is_asymmetric),
        activation=activation,
        weight_rows=weight_rows,
        groups=source.shape[3] // weights.shape[3],
    )
