"""SVDF: filters that weigh the newest input, remember the results of some steps, and weigh those.

Input [batches, depth], feature weights [filters, depth], time weights [filters, memory], bias [units] (may be left
out), state [batches, memory * filters], a variable; output [batches, units], each the sum of ``rank`` filters.
"""

from __future__ import annotations

import struct

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.hybrid import float_bias, read_channels
from runeflash.model.operators.quantized import Limits
from runeflash.model.operators.svdf_f32 import SvdfF32, SvdfHybrid
from runeflash.model.operators.svdf_i8 import SvdfI8
from runeflash.model.operators.svdf_shape import SvdfShape
from runeflash.model.schema import Activation, DataType, OptionsType

_NEWEST_VERSION = 4


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((5, 5), 1)
    source = context.input(0, "input")
    features = context.input(1, "feature weights")
    time = context.input(2, "time weights")
    bias = context.optional_input(3, "bias")
    state = context.variable(4, "state")
    output = context.output(0)
    _check_types(context, source, features, time, state, output)
    for tensor, role in (
        (source, "input"),
        (features, "feature weights"),
        (time, "time weights"),
        (state, "state"),
        (output, "output"),
    ):
        context.check_rank(tensor, role, 2)
    batches, depth = source.shape
    filters, memory = time.shape
    context.check_shape(features, "feature weights", (filters, depth))
    context.check_shape(state, "state", (batches, memory * filters))
    options = context.options(OptionsType.SVDF)
    rank = context.positive(options.i32(0), "rank")
    if filters % rank != 0:
        raise context.wrong(f"its {filters} filters do not divide into units of rank {rank}")
    shape = SvdfShape(batches, depth, filters // rank, rank, memory)
    context.check_shape(output, "output", (batches, shape.units))
    activation = context.activation(options.i8(1), *FLOAT_ACTIVATIONS)
    tensors = source, features, time, state, output
    if source.type is DataType.INT8:
        return _read_i8(context, shape, tensors, bias)
    if features.type is DataType.FLOAT32:
        return _read_f32(context, shape, tensors, bias, activation)
    return _read_hybrid(context, shape, tensors, bias, activation, is_asymmetric=options.boolean(2))


def _check_types(
    context: OperatorContext, source: Tensor, features: Tensor, time: Tensor, state: Tensor, output: Tensor
) -> None:
    """Check that types go together: floats with features of float or int8, or int8 with a state of int8 or int16."""
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8)
    context.check_type(output, "output", source.type)
    if source.type is DataType.INT8:
        context.check_type(features, "feature weights", DataType.INT8)
        context.check_type(time, "time weights", DataType.INT8, DataType.INT16)
        context.check_type(state, "state", time.type)
    else:
        context.check_type(features, "feature weights", DataType.FLOAT32, DataType.INT8)
        context.check_type(time, "time weights", features.type)
        context.check_type(state, "state", DataType.FLOAT32)


def _read_i8(
    context: OperatorContext,
    shape: SvdfShape,
    tensors: tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
    bias: Tensor | None,
) -> Layer:
    source, features, time, state, output = tensors
    before = quantized.per_tensor(context, source, "input")
    memory = quantized.per_tensor(context, state, "state")
    after = quantized.per_tensor(context, output, "output")
    feature_scale = _scale(context, features, "feature weights")
    time_scale = _scale(context, time, "time weights")
    if state.type is DataType.INT16 and memory.zero_point != 0:
        raise context.unsupported(f"its state, {state}, has the zero point {memory.zero_point}")
    rows = quantized.split_rows(context.constant(features, "feature weights").cast("b"), shape.filters)
    return SvdfI8(
        *context.layer_fields(source, output),
        shape=shape,
        state=state.index,
        state_type=state.element,
        state_zero_point=memory.zero_point,
        feature_rows=rows,
        feature_biases=tuple(quantized.wrap(-before.zero_point * sum(row)) for row in rows),
        feature_multiplier=quantized.multiplier(context, before.scale * feature_scale / memory.scale),
        time=context.constant(time, "time weights"),
        biases=() if bias is None else quantized.biases(context, bias, shape.units),
        multiplier=quantized.multiplier(context, memory.scale * time_scale / after.scale),
        zero_point=after.zero_point,
        # TensorFlow Lite Micro leaves the activation to the output's range.
        limits=Limits(*quantized.STORED_RANGES[output.type]),
    )


def _read_f32(
    context: OperatorContext,
    shape: SvdfShape,
    tensors: tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
    bias: Tensor | None,
    activation: Activation,
) -> Layer:
    source, features, time, state, output = tensors
    return SvdfF32(
        *context.layer_fields(source, output),
        shape=shape,
        state=state.index,
        activation=activation,
        time=bytes(context.constant(time, "time weights")),
        biases=float_bias(context, bias, shape.units),
        features=context.constant(features, "feature weights"),
    )


def _read_hybrid(
    context: OperatorContext,
    shape: SvdfShape,
    tensors: tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
    bias: Tensor | None,
    activation: Activation,
    *,
    is_asymmetric: bool,
) -> Layer:
    source, features, time, state, output = tensors
    rows = quantized.split_rows(context.constant(features, "feature weights").cast("b"), shape.filters)
    scale = _scale(context, time, "time weights")
    # Each is the float32 next to the product.
    reals = [scale * weight for weight in context.constant(time, "time weights").cast("b")]
    return SvdfHybrid(
        *context.layer_fields(source, output),
        shape=shape,
        state=state.index,
        activation=activation,
        time=struct.pack(f"<{len(reals)}f", *reals),
        biases=float_bias(context, bias, shape.units),
        channels=read_channels(context, features, None, shape.filters, 0, rows, is_asymmetric=is_asymmetric),
        feature_rows=rows,
    )


def _scale(context: OperatorContext, weights: Tensor, role: str) -> float:
    """Return the one scale of weights."""
    scaling = quantized.per_tensor(context, weights, role)
    if scaling.zero_point != 0:
        raise context.unsupported(f"its {role}, {weights}, have a zero point other than 0")
    return scaling.scale
