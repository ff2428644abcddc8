"""AVERAGE_POOL_2D: the mean of a window, channel by channel, over the pixels inside the image."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import pool_2d
from runeflash.model.operators.context import OperatorContext

_NEWEST_VERSION = 3


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    return pool_2d.read(context, _NEWEST_VERSION)
