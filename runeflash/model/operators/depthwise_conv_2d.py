"""DEPTHWISE_CONV_2D: each channel of an image has filters of its own.

Input NHWC, weights [1, filter height, filter width, output channels], bias [output channels] (may be left out), output
NHWC. Output channel ``c * multiplier + m`` is made of input channel ``c``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators import depthwise_3x3_i8, quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.depthwise_3x3_i8 import Depthwise3x3I8
from runeflash.model.operators.quantized import Channels, Limits
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import DataType, OptionsType
from runeflash.tensors import ElementType

_NEWEST_VERSION = 7


@dataclass(frozen=True)
class DepthwiseConv2DI8(Layer):
    """DEPTHWISE_CONV_2D of int8 with any filter; ``weights`` in the file's order, biases as in the file."""

    batches: int
    rows: Window
    columns: Window
    input_channels: int
    multiplier: int
    input_zero_point: int
    channels: Channels
    limits: Limits
    weights: bytes

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_conv_2d_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * len(self.weights)

    def _make_constants(self) -> tuple[Constant, ...]:
        return Constant("weights", ElementType.I8, self.weights), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_depthwise_conv_2d_i8_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "input_channels": self.input_channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "multiplier": self.multiplier,
                    "filter_height": self.rows.taps,
                    "filter_width": self.columns.taps,
                    "stride_height": self.rows.stride,
                    "stride_width": self.columns.stride,
                    "dilation_height": self.rows.dilation,
                    "dilation_width": self.columns.dilation,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "input_zero_point": self.input_zero_point,
                    "general": int(self.channels.is_general),
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_depthwise_conv_2d_i8(shape, {constants['weights']}, {constants['channels']}, input, output);",
        ]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 3), 1)
    source = context.input(0, "input")
    weights = context.input(1, "weights")
    bias = context.optional_input(2, "bias")
    output = context.output(0)
    for tensor, role in ((source, "input"), (weights, "weights"), (output, "output")):
        context.check_type(tensor, role, DataType.INT8)
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
    rows = Window(height, filter_height, stride[0], dilation[0], padding)
    columns = Window(width, filter_width, stride[1], dilation[1], padding)
    check_windows(context, source, rows, columns)
    context.check_shape(output, "output", (batches, rows.count, columns.count, output_channels))
    activation = context.activation(options.i8(4), *FLOAT_ACTIVATIONS)
    data = context.constant(weights, "weights").cast("b")
    weight_rows = tuple(memoryview(bytes(data[i::output_channels])).cast("b") for i in range(output_channels))
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    multipliers = quantized.convolution_multipliers(context, input_scaling, weights, output_channels, 3, output_scaling)
    biases = quantized.biases(context, bias, output_channels)
    folded, plain = (
        quantized.make_channels(
            multipliers, biases, weight_rows, input_scaling.zero_point, output_scaling.zero_point, folded=folded
        )
        for folded in (True, False)
    )
    limits = quantized.limits(activation, output_scaling)
    index, name, inputs, outputs = context.operator.index, output.name, (source.index,), (output.index,)
    if depthwise_3x3_i8.is_suitable(rows, columns, folded):
        return Depthwise3x3I8(
            index,
            name,
            inputs,
            outputs,
            kind="DEPTHWISE_CONV_2D",
            batches=batches,
            rows=rows,
            columns=columns,
            input_channels=input_channels,
            input_zero_point=input_scaling.zero_point,
            channels=folded,
            limits=limits,
            weight_rows=weight_rows,
        )
    if input_channels == 1:
        return Conv2DI8(
            index,
            name,
            inputs,
            outputs,
            kind="DEPTHWISE_CONV_2D",
            batches=batches,
            rows=rows,
            columns=columns,
            input_channels=1,
            input_zero_point=input_scaling.zero_point,
            channels=folded,
            limits=limits,
            weight_rows=weight_rows,
        )
    return DepthwiseConv2DI8(
        index,
        name,
        inputs,
        outputs,
        batches=batches,
        rows=rows,
        columns=columns,
        input_channels=input_channels,
        multiplier=output_channels // input_channels,
        input_zero_point=input_scaling.zero_point,
        channels=plain,
        limits=limits,
        weights=bytes(data),
    )
