"""CONV_2D: a filter slides over an image.

Input NHWC, weights [output channels, filter height, filter width, input channels / groups],
bias [output channels] (may be left out), output NHWC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS, c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.conv_2d_i8 import Conv2DI8
from runeflash.model.operators.pack_sums import pack_f32
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, DataType, OptionsType
from runeflash.tensors import ElementType

_NEWEST_VERSION = 8


@dataclass(frozen=True)
class Conv2DF32(Layer):
    """CONV_2D of float32; weights and bias are little-endian bytes in the file's order."""

    batches: int
    rows: Window
    columns: Window
    input_channels: int
    output_channels: int
    groups: int
    activation: Activation
    weights: memoryview
    bias: memoryview | None

    operator = "CONV_2D"
    headers = ("kernels/conv_2d_f32.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        pixels = self.batches * self.rows.count * self.columns.count
        taps = self.rows.taps * self.columns.taps * self.input_channels // self.groups
        return pixels * taps * self.output_channels

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_f32(self.weights, self.output_channels, self.groups)
        weights = Constant("weights", ElementType.F32, packed)
        if self.bias is None:
            return (weights,)
        return weights, Constant("bias", ElementType.F32, bytes(self.bias))

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_conv_2d_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "input_channels": self.input_channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "output_channels": self.output_channels,
                    "filter_height": self.rows.taps,
                    "filter_width": self.columns.taps,
                    "stride_height": self.rows.stride,
                    "stride_width": self.columns.stride,
                    "dilation_height": self.rows.dilation,
                    "dilation_width": self.columns.dilation,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "groups": self.groups,
                    "clipped": int(self.rows.is_clipped or self.columns.is_clipped),
                    "activation": c_name(self.activation),
                },
            ),
            f"rune_conv_2d_f32(shape, {constants['weights']}, {constants.get('bias', '0')}, input, output);",
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
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8)
    for tensor, role in ((source, "input"), (weights, "weights"), (output, "output")):
        context.check_type(tensor, role, source.type)
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
    if source.type is DataType.INT8:
        if depth != input_channels:
            raise context.unsupported("groups of channels are not supported for INT8")
        return _read_i8(context, (source, weights, output), bias, rows, columns, activation)
    if bias is not None:
        context.check_type(bias, "bias", DataType.FLOAT32)
        if bias.count != output_channels:
            raise context.wrong(f"its bias, {bias}, of shape {list(bias.shape)} has not {output_channels} elements")
    return Conv2DF32(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        batches=batches,
        rows=rows,
        columns=columns,
        input_channels=input_channels,
        output_channels=output_channels,
        groups=input_channels // depth,
        activation=activation,
        weights=context.constant(weights, "weights"),
        bias=None if bias is None else context.constant(bias, "bias"),
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
    data = context.constant(weights, "weights").cast("b")
    depth = len(data) // count
    weight_rows = tuple(data[i * depth : (i + 1) * depth] for i in range(count))
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    return Conv2DI8(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
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
        ),
        limits=quantized.limits(activation, output_scaling),
        weight_rows=weight_rows,
    )
