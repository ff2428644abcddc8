"""The operators that can be compiled, one file each: a function from the file's operator to a checked layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runeflash.model.graph import Layer
from runeflash.model.operators import conv_2d, fully_connected, max_pool_2d, reshape, softmax
from runeflash.model.operators.context import OperatorContext

#: By the operator's name in the file format.
READERS: Mapping[str, Callable[[OperatorContext], Layer]] = {
    "CONV_2D": conv_2d.read,
    "FULLY_CONNECTED": fully_connected.read,
    "MAX_POOL_2D": max_pool_2d.read,
    "RESHAPE": reshape.read,
    "SOFTMAX": softmax.read,
}

__all__ = ["READERS", "OperatorContext"]
