"""Tensor types as a Runefile writes them: names of element types, limits of dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runeflash.tensors import ElementType

MAXIMUM_RANK = 8
MAXIMUM_ELEMENTS = 1 << 31

_ELEMENT_TYPES = {element.value: element for element in ElementType}

ELEMENT_TYPE_NAMES = tuple(_ELEMENT_TYPES)


def element_type(text: str) -> ElementType | None:
    """Return the element type of that name, in any case, or None."""
    return _ELEMENT_TYPES.get(text.lower())


def dimension_problem(dimensions: Sequence[int]) -> str | None:
    """Return what is wrong with dimensions, or None."""
    if any(dimension < 1 for dimension in dimensions):
        return "A dimension is at least 1"
    if len(dimensions) > MAXIMUM_RANK:
        return f"A tensor has at most {MAXIMUM_RANK} dimensions"
    if math.prod(dimensions) > MAXIMUM_ELEMENTS:
        return f"A tensor has at most {MAXIMUM_ELEMENTS:,} elements"
    return None
