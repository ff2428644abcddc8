"""CONCATENATION: tensors one behind the other along one dimension."""

from __future__ import annotations

import math

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import constants, fixed_point, movement, quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy
from runeflash.model.operators.quantized import Scaling, round_away, to_float32
from runeflash.model.schema import Activation, DataType, OptionsType

_NEWEST_VERSION = 5


def read(context: OperatorContext) -> Layer:
    """Return the checked layer. Tensors of uint8 may differ in scale, those of int8 may not: so says the reference.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    count = len(context.operator.inputs)
    context.check_arity((max(count, 1), max(count, 1)), 1)
    tensors = [context.input(i, f"input {i}") for i in range(count)]
    output = context.output(0)
    options = context.optional_options(OptionsType.CONCATENATION)
    context.activation(options.i8(1) if options is not None else 0, Activation.NONE)
    axis = constants.axis(context, options.i32(0) if options is not None else 0, len(output.shape))
    movement.check_types(context, tensors[0], output)
    total = 0
    for i, tensor in enumerate(tensors):
        context.check_type(tensor, f"input {i}", output.type)
        others = (*tensor.shape[:axis], *tensor.shape[axis + 1 :])
        if len(tensor.shape) != len(output.shape) or others != (*output.shape[:axis], *output.shape[axis + 1 :]):
            raise context.wrong(
                f"its input {i}, {tensor}, of shape {list(tensor.shape)} does not fit its output's {list(output.shape)}"
            )
        total += tensor.shape[axis]
    context.check_shape(output, "output", (*output.shape[:axis], total, *output.shape[axis + 1 :]))
    inputs = list({tensor.index: tensor for tensor in tensors}.values())
    positions = {tensor.index: i for i, tensor in enumerate(inputs)}
    strides = movement.row_major(output.shape)
    copies = []
    tables: dict[str, bytes] = {}
    start = 0
    for tensor in tensors:
        loops, run = movement.loops_of(
            tensor.shape, movement.row_major(tensor.shape), strides, movement.element_size(tensor)
        )
        position = positions[tensor.index]
        table = _table(context, tensor, output)
        role = f"results_{position}" if table is not None else ""
        if table is not None:
            tables[role] = table
        copies.append(Copy(position, 0, 0, start * strides[axis], loops, run, role))
        start += tensor.shape[axis]
    return movement.layer(context, inputs, [output], copies, tables=tables)


def _table(context: OperatorContext, tensor: Tensor, output: Tensor) -> bytes | None:
    """Return what replaces each value of an input that has another scale than the output; None where it has not."""
    if output.type not in (DataType.INT8, DataType.UINT8) or tensor.quantization == output.quantization:
        return None
    before = quantized.per_tensor(context, tensor, "input")
    after = quantized.per_tensor(context, output, "output")
    if before == after:
        return None
    if output.type is DataType.INT8:
        raise context.unsupported(f"its input, {tensor}, and its output, {output}, differ in scale or zero point")
    if not math.isfinite(to_float32(1 / after.scale)):
        raise context.wrong(f"its output, {output}, has the scale {after.scale}")
    quantized.multiplier(context, before.scale / after.scale)  # refuses what no number stands for
    return bytes(_converted(stored, before, after) for stored in range(256))


def _converted(stored: int, before: Scaling, after: Scaling) -> int:
    """Return a value of uint8 in the output's scale, by a product and a sum of float32."""
    scale = to_float32(before.scale * to_float32(1 / after.scale))
    bias = to_float32(-before.zero_point * scale)
    value = to_float32(to_float32(stored * scale) + bias)
    return fixed_point.clamp(round_away(value) + after.zero_point, 0, 255)
