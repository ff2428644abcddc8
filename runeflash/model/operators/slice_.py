"""SLICE: a part of each dimension, from a constant beginning and of a constant size."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy

_NEWEST_VERSION = 6


def read(context: OperatorContext) -> Layer:
    """Return the checked layer; a size of -1 stands for what is left.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((3, 3), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    begin = constants.integers(context, context.input(1, "beginning"), "beginning")
    sizes = constants.integers(context, context.input(2, "size"), "size")
    if not len(begin) == len(sizes) == len(source.shape):
        raise context.wrong(f"it has {len(begin)} beginnings and {len(sizes)} sizes for {len(source.shape)} dimensions")
    shape = []
    for first, size, whole in zip(begin, sizes, source.shape, strict=True):
        length = whole - first if size == -1 else size
        if not (first >= 0 and 1 <= length <= whole - first):
            raise context.wrong(f"a part of size {size} from index {first} on does not lie in a dimension of {whole}")
        shape.append(length)
    context.check_shape(output, "output", tuple(shape))
    strides = movement.row_major(source.shape)
    loops, run = movement.loops_of(shape, strides, movement.row_major(shape), movement.element_size(source))
    start = sum(first * stride for first, stride in zip(begin, strides, strict=True))
    return movement.layer(context, [source], [output], [Copy(0, 0, start, 0, loops, run)])
