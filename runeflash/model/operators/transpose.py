"""TRANSPOSE: the dimensions in another order, given by a constant permutation."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy

_NEWEST_VERSION = 7


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 2), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    rank = len(source.shape)
    given = constants.integers(context, context.input(1, "permutation"), "permutation")
    order = [constants.axis(context, value, rank, "permutation's dimension") for value in given]
    if sorted(order) != list(range(rank)):
        raise context.wrong(f"{list(given)} is not a permutation of {rank} dimensions")
    context.check_shape(output, "output", tuple(source.shape[i] for i in order))
    strides = movement.row_major(source.shape)
    loops, run = movement.loops_of(
        output.shape, [strides[i] for i in order], movement.row_major(output.shape), movement.element_size(source)
    )
    return movement.layer(context, [source], [output], [Copy(0, 0, 0, 0, loops, run)])
