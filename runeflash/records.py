"""Records: dataclasses that nothing assigns to.

``dataclass(frozen=True)`` watches over that at run time, which makes a class take three times as long to define and an
object three times as long to make. ``check`` defines forty and has to start fast, and a hostile file has a hundred
thousand objects; so the type checker alone watches over these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a dataclass that the type checker takes as frozen; objects are equal only to themselves."""
    return dataclass(eq=False)(cls)
