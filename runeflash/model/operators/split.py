"""SPLIT: equal parts along one constant dimension."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy
from runeflash.model.schema import OptionsType

_NEWEST_VERSION = 4


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    count = context.positive(context.options(OptionsType.SPLIT).i32(0), "number of parts")
    context.check_arity((2, 2), count)
    source = context.input(1, "input")
    outputs = [context.output(i) for i in range(count)]
    movement.check_types(context, source, *outputs)
    value = constants.integer(context, context.input(0, "axis"), "axis")
    axis = constants.axis(context, value, len(source.shape))
    if source.shape[axis] % count:
        raise context.wrong(f"the {source.shape[axis]} indices of dimension {axis} do not divide into {count} parts")
    part = source.shape[axis] // count
    shape = (*source.shape[:axis], part, *source.shape[axis + 1 :])
    strides = movement.row_major(source.shape)
    loops, run = movement.loops_of(shape, strides, movement.row_major(shape), movement.element_size(source))
    copies = []
    for i, output in enumerate(outputs):
        context.check_shape(output, "output", shape)
        copies.append(Copy(0, i, i * part * strides[axis], 0, loops, run))
    return movement.layer(context, [source], outputs, copies)
