"""AVERAGE_POOL_2D: the mean of a window, channel by channel, over the pixels inside the image."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import pool_2d_i8
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType

_NEWEST_VERSION = 3


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    for tensor, role in ((source, "input"), (output, "output")):
        context.check_type(tensor, role, DataType.INT8)
        context.check_rank(tensor, role, 4)
    return pool_2d_i8.read(context, source, output)
