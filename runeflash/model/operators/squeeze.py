"""SQUEEZE: the same elements without dimensions of size 1."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.reshape import Reshape
from runeflash.model.schema import OptionsType

_NEWEST_VERSION = 2


def read(context: OperatorContext) -> Layer:
    """Return the checked layer; without dimensions in the options, all of size 1 are dropped.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    options = context.optional_options(OptionsType.SQUEEZE)
    given = (options.integers(0, f"the dimensions of {context}") or ()) if options is not None else ()
    rank = len(source.shape)
    dropped = {constants.axis(context, value, rank, "dimension") for value in given}
    for i in dropped:
        if source.shape[i] != 1:
            raise context.wrong(f"dimension {i} of its input, {source}, of shape {list(source.shape)} is not 1")
    if not given:
        dropped = {i for i, size in enumerate(source.shape) if size == 1}
    context.check_shape(output, "output", tuple(size for i, size in enumerate(source.shape) if i not in dropped))
    return Reshape(*context.layer_fields(source, output), size=source.size, kind="SQUEEZE")
