"""DEPTHWISE_CONV_2D: each channel of an image has filters of its own.

Input NHWC, weights [1, filter height, filter width, output channels], bias [output channels] (may be left out), output
NHWC. Output channel ``c * multiplier + m`` is made of input channel ``c``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
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


@dataclass(frozen=True)
class Depthwise3x3I8(Layer):
    """DEPTHWISE_CONV_2D of int8 with a 3 by 3 filter, one output channel per input channel and a stride of 1 or 2.

    ``channels`` has the input's zero point in its biases; ``weight_rows`` nine weights per channel.
    """

    batches: int
    rows: Window
    columns: Window
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[memoryview, ...]

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_3x3_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * 9 * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """One channel with its border, in int16."""
        return 2 * self._plane_height * self._plane_width

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """A channel is read completely before its first result is written, to where another of its own values was."""
        pixels = self.rows.count * self.columns.count
        return (0,) if self.batches == 1 and pixels <= self.rows.size * self.columns.size else ()

    @property
    def _plane_height(self) -> int:
        return (self.rows.count - 1) * self.rows.stride + 3

    @property
    def _plane_width(self) -> int:
        # Windows are computed in pairs, each of which reads whole words: 4 values, or 6 with a stride of 2.
        pairs = (self.columns.count + 1) // 2
        return (pairs - 1) * 2 * self.columns.stride + (4 if self.columns.stride == 1 else 6)

    def _make_constants(self) -> tuple[Constant, ...]:
        values: list[int] = []
        for row, bias, multiplier, offset in zip(
            self.weight_rows, self.channels.biases, self.channels.multipliers, self.channels.offsets, strict=True
        ):
            w = [2 * weight for weight in row]
            for first in (0, 3, 6):
                values += (_halves(w[first], w[first + 1]), _halves(w[first + 1], w[first + 2]))
            values += (2 * bias, multiplier.fraction, multiplier.shift, offset)
        return (Constant("channels", ElementType.I32, struct.pack(f"<{len(values)}i", *values)),)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_depthwise_3x3_i8_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "channels": len(self.weight_rows),
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "stride": self.rows.stride,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "plane_height": self._plane_height,
                    "plane_width": self._plane_width,
                    "input_zero_point": self.input_zero_point,
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_depthwise_3x3_i8(shape, {constants['channels']}, input, output, (int16_t *)(void *)scratch);",
        ]


def _halves(low: int, high: int) -> int:
    """Return two int16 as one word, signed."""
    return high * 0x10000 + (low & 0xFFFF)


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
    rows = Window(height, filter_height, stride[0], dilation[0], padding, context.operator.padding.rows)
    columns = Window(width, filter_width, stride[1], dilation[1], padding, context.operator.padding.columns)
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
    is_3x3 = (filter_height, filter_width, *dilation) == (3, 3, 1, 1) and stride in ((1, 1), (2, 2))
    if is_3x3 and output_channels == input_channels and not folded.is_general:
        return Depthwise3x3I8(
            index,
            name,
            inputs,
            outputs,
            batches=batches,
            rows=rows,
            columns=columns,
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
