"""PAD and PADV2: elements of one value around a tensor, as many as constants say."""

from __future__ import annotations

from collections.abc import Sequence

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import constants, movement, quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy, Fill
from runeflash.model.schema import DataType

_NEWEST_VERSION = 4


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    The value is 0, which is the zero point for quantised tensors, or a third input of one element (PADV2).

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    operands = 3 if context.operator.kind == "PADV2" else 2
    context.check_arity((2, operands), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    paddings = _paddings(context, source)
    shape = tuple(before + size + after for size, (before, after) in zip(source.shape, paddings, strict=True))
    context.check_shape(output, "output", shape)
    strides = movement.row_major(shape)
    size = movement.element_size(source)
    loops, run = movement.loops_of(source.shape, movement.row_major(source.shape), strides, size)
    start = sum(before * stride for (before, _), stride in zip(paddings, strides, strict=True))
    fills = _fills(source.shape, shape, paddings, size)
    value = _value(context, source, output)
    return movement.layer(context, [source], [output], [Copy(0, 0, 0, start, loops, run)], fills, value)


def _paddings(context: OperatorContext, source: Tensor) -> list[tuple[int, int]]:
    """Return how many elements come before and after each dimension."""
    tensor = context.input(1, "paddings")
    numbers = constants.integers(context, tensor, "paddings")
    if tensor.shape != (len(source.shape), 2):
        raise context.wrong(f"its paddings, {tensor}, of shape {list(tensor.shape)} are not 2 for each dimension")
    if any(number < 0 for number in numbers):
        raise context.wrong(f"its paddings, {tensor}, are {list(numbers)}")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _value(context: OperatorContext, source: Tensor, output: Tensor) -> bytes:
    """Return the bytes of one element."""
    size = movement.element_size(source)
    is_quantized = source.type in (DataType.INT8, DataType.UINT8, DataType.INT16) and source.quantization is not None
    if is_quantized and quantized.per_tensor(context, source, "input") != quantized.per_tensor(
        context, output, "output"
    ):
        raise context.unsupported(f"its input and its output, {output}, differ in scale or zero point")
    given = context.optional_input(2, "value")
    if given is not None:
        context.check_type(given, "value", source.type)
        if given.count != 1:
            raise context.wrong(f"its value, {given}, has {given.count} elements instead of one")
        if is_quantized and quantized.per_tensor(context, given, "value") != quantized.per_tensor(
            context, output, "output"
        ):
            raise context.unsupported(f"its value, {given}, and its output, {output}, differ in scale or zero point")
        return bytes(context.constant(given, "value"))
    if is_quantized:
        return quantized.per_tensor(context, output, "output").zero_point.to_bytes(
            size, "little", signed=source.type is not DataType.UINT8
        )
    return bytes(size)


def _fills(
    inner: Sequence[int], whole: Sequence[int], paddings: Sequence[tuple[int, int]], element_size: int
) -> list[Fill]:
    """Return regions that make up all that the input does not fill, none of them twice.

    Those of a dimension lie within the input along the dimensions before it, and reach all the way along the others.
    """
    strides = movement.row_major(whole)
    fills = []
    for i, (before, after) in enumerate(paddings):
        start = sum(paddings[j][0] * strides[j] for j in range(i))
        for size, first in ((before, 0), (after, before + inner[i])):
            if size:
                sizes = (*inner[:i], size, *whole[i + 1 :])
                loops, run = movement.loops_of(sizes, strides, strides, element_size)
                fills.append(Fill(start + first * strides[i], loops, run))
    return fills
