"""FULLY_CONNECTED: every output unit is the weighted sum of all inputs.

Input [..., depth] with batches * depth elements, weights [units, depth], bias [units] (may be left
out), output [batches, units] or the input's shape with ``units`` last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS, c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.pack_sums import pack_f32
from runeflash.model.operators.quantized import Channels, Limits, pack_rows
from runeflash.model.schema import Activation, DataType, OptionsType
from runeflash.tensors import ElementType

_NEWEST_VERSION = 12
_DEFAULT_WEIGHTS_FORMAT = 0


@dataclass(frozen=True)
class FullyConnectedF32(Layer):
    """FULLY_CONNECTED of float32; weights and bias are little-endian bytes in the file's order."""

    batches: int
    depth: int
    units: int
    activation: Activation
    weights: memoryview
    bias: memoryview | None

    operator = "FULLY_CONNECTED"
    headers = ("kernels/fully_connected_f32.h",)

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.depth * self.units

    def _make_constants(self) -> tuple[Constant, ...]:
        weights = Constant("weights", ElementType.F32, pack_f32(self.weights, self.units))
        if self.bias is None:
            return (weights,)
        return weights, Constant("bias", ElementType.F32, bytes(self.bias))

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_fully_connected_shape",
                {
                    "batches": self.batches,
                    "depth": self.depth,
                    "units": self.units,
                    "activation": c_name(self.activation),
                },
            ),
            f"rune_fully_connected_f32(shape, {constants['weights']}, {constants.get('bias', '0')}, input, output);",
        ]


@dataclass(frozen=True)
class FullyConnectedI8(Layer):
    """FULLY_CONNECTED of int8; ``weight_rows`` has the weights of each unit."""

    batches: int
    depth: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[memoryview, ...]

    operator = "FULLY_CONNECTED"
    headers = ("kernels/fully_connected_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.depth * len(self.weight_rows)

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_rows(self.weight_rows, (4, 1))
        return Constant("weights", ElementType.I8, packed, alignment=4), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_fully_connected_i8_shape",
                {
                    "batches": self.batches,
                    "depth": self.depth,
                    "units": len(self.weight_rows),
                    "general": int(self.channels.is_general),
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_fully_connected_i8(shape, {constants['weights']}, {constants['channels']}, input, output);",
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
    for tensor, role in ((weights, "weights"), (output, "output")):
        context.check_type(tensor, role, source.type)
    context.check_rank(weights, "weights", 2)
    units, depth = weights.shape
    if source.count % depth != 0:
        raise context.wrong(
            f"its input, {source}, of shape {list(source.shape)} does not divide into rows of {depth}, as its"
            f" weights {list(weights.shape)} require"
        )
    batches = source.count // depth
    # keep_num_dims asks for the second form, but files without it have been seen to declare that too.
    context.check_shape(output, "output", (batches, units), (*source.shape[:-1], units))
    if output.count != batches * units:
        raise context.wrong(f"its output, {output}, of shape {list(output.shape)} has not {batches * units} elements")
    options = context.optional_options(OptionsType.FULLY_CONNECTED)
    activation = Activation.NONE
    if options is not None:
        activation = context.activation(options.i8(0), *FLOAT_ACTIVATIONS)
        if options.i8(1) != _DEFAULT_WEIGHTS_FORMAT:
            raise context.unsupported(f"the weights format {options.i8(1)} is not supported")
    if source.type is DataType.INT8:
        return _read_i8(context, (source, weights, output), bias, activation)
    if bias is not None:
        context.check_type(bias, "bias", DataType.FLOAT32)
        if bias.count != units:
            raise context.wrong(f"its bias, {bias}, of shape {list(bias.shape)} has not {units} elements")
    return FullyConnectedF32(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        batches=batches,
        depth=depth,
        units=units,
        activation=activation,
        weights=context.constant(weights, "weights"),
        bias=None if bias is None else context.constant(bias, "bias"),
    )


def _read_i8(
    context: OperatorContext, tensors: tuple[Tensor, Tensor, Tensor], bias: Tensor | None, activation: Activation
) -> Layer:
    source, weights, output = tensors
    units, depth = weights.shape
    data = context.constant(weights, "weights").cast("b")
    weight_rows = tuple(data[i * depth : (i + 1) * depth] for i in range(units))
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    scales = quantized.symmetric_scales(context, weights, "weights", units, 0)
    if len(scales) == 1:
        # The product of the scales is a float32 here, unlike a convolution's.
        products: list[float] = [quantized.to_float32(input_scaling.scale * scales[0])]
    else:
        products = [input_scaling.scale * scale for scale in scales]
    return FullyConnectedI8(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        batches=source.count // depth,
        depth=depth,
        channels=quantized.make_channels(
            [quantized.multiplier(context, product / output_scaling.scale) for product in products],
            quantized.biases(context, bias, units),
            weight_rows,
            input_scaling.zero_point,
            output_scaling.zero_point,
            folded=True,
        ),
        limits=quantized.limits(activation, output_scaling),
        weight_rows=weight_rows,
    )
