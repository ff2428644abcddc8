"""Element types and tensor types: the words that every step of the way shares."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class ElementType(enum.Enum):
    """An element type by its name in a Runefile; integers are little-endian two's complement."""

    U8 = "u8"
    I8 = "i8"
    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    U64 = "u64"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    UTF8 = "utf8"

    @property
    def size(self) -> int:
        """Bytes of one element in linear memory; a utf8 element is {u32 offset, u32 length}."""
        return _SIZES[self]

    @property
    def alignment(self) -> int:
        """Alignment in linear memory, in bytes."""
        return 4 if self is ElementType.UTF8 else self.size

    @property
    def is_float(self) -> bool:
        """Whether the elements are IEEE 754 numbers."""
        return self in {ElementType.F32, ElementType.F64}

    @property
    def is_numeric(self) -> bool:
        """Whether the elements are numbers."""
        return self is not ElementType.UTF8


_SIZES = {
    ElementType.U8: 1,
    ElementType.I8: 1,
    ElementType.U16: 2,
    ElementType.I16: 2,
    ElementType.U32: 4,
    ElementType.I32: 4,
    ElementType.U64: 8,
    ElementType.I64: 8,
    ElementType.F32: 4,
    ElementType.F64: 8,
    ElementType.UTF8: 8,
}


@dataclass(frozen=True)
class TensorType:
    """An element type and dimensions, row-major; no dimensions is a scalar."""

    element: ElementType
    dimensions: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.dimensions)

    @property
    def size(self) -> int:
        """Bytes in linear memory, without the text that utf8 elements point to."""
        return self.count * self.element.size

    def __str__(self) -> str:
        if not self.dimensions:
            return self.element.value
        return f"{self.element.value}[{', '.join(map(str, self.dimensions))}]"
