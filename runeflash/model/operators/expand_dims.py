"""EXPAND_DIMS: the same elements with a further dimension of size 1, at a constant place."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.reshape import Reshape

_NEWEST_VERSION = 1


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 2), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    value = constants.integer(context, context.input(1, "axis"), "axis")
    axis = constants.axis(context, value, len(source.shape) + 1)
    context.check_shape(output, "output", (*source.shape[:axis], 1, *source.shape[axis:]))
    return Reshape(*context.layer_fields(source, output), size=source.size, kind="EXPAND_DIMS")
