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
from runeflash.model.operators.fully_connected_hybrid import FullyConnectedHybrid
from runeflash.model.operators.fully_connected_i8 import FullyConnectedI8, FullyConnectedU8
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.operators.pack_sums import pack_f32
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


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    source, weights, bias, output = context.weighted_sum()
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
    is_asymmetric = False
    if options is not None:
        activation = context.activation(options.i8(0), *FLOAT_ACTIVATIONS)
        if options.i8(1) != _DEFAULT_WEIGHTS_FORMAT:
            raise context.unsupported(f"the weights format {options.i8(1)} is not supported")
        is_asymmetric = options.boolean(3)
    tensors = source, weights, output
    if source.type is DataType.INT8:
        return _read_i8(context, tensors, bias, activation)
    if source.type is DataType.UINT8:
        return _read_u8(context, tensors, bias, activation)
    if weights.type is not DataType.FLOAT32:
        weight_rows = quantized.split_rows(context.constant(weights, "weights").cast("b"), units)
        return FullyConnectedHybrid(
            *context.layer_fields(source, output),
            batches=batches,
            depth=depth,
            channels=read_channels(context, weights, bias, units, 0, weight_rows, is_asymmetric=is_asymmetric),
            activation=activation,
            weight_rows=weight_rows,
        )
    return FullyConnectedF32(
        *context.layer_fields(source, output),
        batches=batches,
        depth=depth,
        units=units,
        activation=activation,
        weights=context.constant(weights, "weights"),
        bias=float_bias(context, bias, units),
    )


def _read_i8(
    context: OperatorContext, tensors: tuple[Tensor, Tensor, Tensor], bias: Tensor | None, activation: Activation
) -> Layer:
    source, weights, output = tensors
    units, depth = weights.shape
    weight_rows = quantized.split_rows(context.constant(weights, "weights").cast("b"), units)
    input_scaling = quantized.per_tensor(context, source, "input")
    output_scaling = quantized.per_tensor(context, output, "output")
    scales = quantized.symmetric_scales(context, weights, "weights", units, 0)
    if len(scales) == 1:
        # The product of the scales is a float32 here, unlike a convolution's.
        products: list[float] = [quantized.to_float32(input_scaling.scale * scales[0])]
    else:
        products = [input_scaling.scale * scale for scale in scales]
    return FullyConnectedI8(
        *context.layer_fields(source, output),
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


def _read_u8(
    context: OperatorContext, tensors: tuple[Tensor, Tensor, Tensor], bias: Tensor | None, activation: Activation
) -> Layer:
    source, weights, output = tensors
    units, depth = weights.shape
    data, offset = quantized.stored_weights(context, weights)
    weight_rows = quantized.split_rows(data, units)
    input_scaling = quantized.per_tensor(context, source, "input")
    weight_scale = quantized.per_tensor(context, weights, "weights").scale
    output_scaling = quantized.per_tensor(context, output, "output")
    # The kernel reads inputs less 128.
    zero_point = input_scaling.zero_point - 128
    biases = zip(quantized.biases(context, bias, units), weight_rows, strict=True)
    return FullyConnectedU8(
        *context.layer_fields(source, output),
        batches=source.count // depth,
        depth=depth,
        biases=tuple(quantized.wrap(bias - zero_point * (sum(row) + depth * offset)) for bias, row in biases),
        multiplier=quantized.long_multiplier(context, input_scaling.scale * weight_scale / output_scaling.scale),
        zero_point=output_scaling.zero_point,
        limits=quantized.limits(activation, output_scaling, output.type),
        weight_rows=weight_rows,
        weight_offset=offset,
    )
