"""ADD: the sum of two tensors, element by element, with broadcasting."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import binary
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import OptionsType

_NEWEST_VERSION = 5


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    return binary.read(context, OptionsType.ADD, _NEWEST_VERSION)
