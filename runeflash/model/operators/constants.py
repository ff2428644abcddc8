"""Constant operands that say what an operator does: axes, sizes, positions."""

from __future__ import annotations

import struct

from runeflash.model.graph import Tensor
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType


def integers(context: OperatorContext, tensor: Tensor, role: str) -> tuple[int, ...]:
    """Return the values of a constant INT32 or INT64 tensor, in one row whatever its shape.

    Raises:
        UserError: it is of another type, or computed.
    """
    context.check_type(tensor, role, DataType.INT32, DataType.INT64)
    data = context.constant(tensor, role)
    return struct.unpack(f"<{tensor.count}{'i' if tensor.type is DataType.INT32 else 'q'}", data)


def integer(context: OperatorContext, tensor: Tensor, role: str) -> int:
    """Return the value of a constant INT32 or INT64 tensor of one element.

    Raises:
        UserError: it is of another type or size, or computed.
    """
    if tensor.count != 1:
        raise context.wrong(f"its {role}, {tensor}, has {tensor.count} elements instead of one")
    return integers(context, tensor, role)[0]


def axis(context: OperatorContext, value: int, rank: int, role: str = "axis") -> int:
    """Return a dimension's number from 0 on; negative ones count from the last.

    Raises:
        UserError: there is no such dimension.
    """
    if not -rank <= value < rank:
        raise context.wrong(f"its {role} is {value}, but there are {rank} dimensions")
    return value % rank
