"""A reader of FlatBuffers that trusts nothing: every offset is checked before it is followed.

Entry point: :meth:`FlatBuffer.root`. Source: the FlatBuffers internals document ("Binary format").
A table is reached through a 32-bit offset; it begins with the signed distance to its vtable, which
gives for each field number the field's place in the table, 0 when it has its default.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from runeflash.errors import UserError

#: A well-formed file is read about once. One whose offsets lead to the same bytes over and over could
#: otherwise make a small file take forever.
_READ_FACTOR = 4
_READ_ALLOWANCE = 1 << 16

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_SCALARS = {code: struct.Struct(f"<{code}") for code in "bBiIqQf?"}


class FlatBuffer:
    """The bytes of a file, and how much of them may still be read.

    Attributes:
        data: the whole file.
    """

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self._allowance = len(data) * _READ_FACTOR + _READ_ALLOWANCE

    def root(self, identifier: bytes, what: str) -> Table:
        """Return the root table; ``what`` is the name by which messages call it.

        Raises:
            UserError: the file is too short, or has another file identifier.
        """
        if len(self.data) < 8:
            raise damaged(f"it is only {len(self.data)} bytes long")
        found = bytes(self.data[4:8])
        if found != identifier:
            raise UserError(
                f"this is not a TensorFlow Lite model: bytes 4 to 7 are {found!r}, not {identifier!r}",
                hint="export the model with TFLiteConverter and name the .tflite file",
            )
        return Table(self, self.offset_target(0, what), what)

    def offset_target(self, position: int, what: str) -> int:
        """Return where the unsigned offset at ``position`` leads to; the target has room for 4 bytes."""
        self.need(position, 4, what)
        target = position + _U32.unpack_from(self.data, position)[0]
        self.need(target, 4, what)
        return int(target)

    def need(self, position: int, size: int, what: str) -> None:
        """Check that ``size`` bytes at ``position`` are in the file."""
        if position < 0 or position + size > len(self.data):
            raise damaged(f"{what} should lie at byte {position}, but the file has {len(self.data)} bytes")

    def spend(self, count: int) -> None:
        """Note that ``count`` bytes are read."""
        self._allowance -= count
        if self._allowance < 0:
            raise damaged("its offsets lead to the same bytes over and over")


class Table:
    """A table, with typed access to its fields by number.

    Attributes:
        what: the name by which messages call the table: ``tensor 3``.
    """

    __slots__ = ("_buffer", "_position", "_size", "_vtable", "_vtable_size", "what")

    def __init__(self, buffer: FlatBuffer, position: int, what: str) -> None:
        self._buffer = buffer
        self._position = position
        self.what = what
        data = buffer.data
        buffer.spend(4)
        vtable = position - _I32.unpack_from(data, position)[0]
        buffer.need(vtable, 4, f"the vtable of {what}")
        self._vtable = vtable
        self._vtable_size: int = _U16.unpack_from(data, vtable)[0]
        self._size: int = _U16.unpack_from(data, vtable + 2)[0]
        if self._vtable_size < 4 or self._vtable_size % 2 != 0 or self._size < 4:
            raise damaged(f"the vtable of {what}, at byte {vtable}, is malformed")
        buffer.need(vtable, self._vtable_size, f"the vtable of {what}")
        buffer.need(position, self._size, what)

    def _field(self, number: int, size: int) -> int | None:
        """Return the position of a field's ``size`` bytes, or None when it has its default."""
        entry = 4 + 2 * number
        if entry + 2 > self._vtable_size:
            return None
        offset = _U16.unpack_from(self._buffer.data, self._vtable + entry)[0]
        if offset == 0:
            return None
        if offset < 4 or offset + size > self._size:
            raise damaged(f"field {number} of {self.what} lies outside it")
        return int(self._position + offset)

    def _scalar(self, number: int, code: str, default: float) -> float:
        form = _SCALARS[code]
        position = self._field(number, form.size)
        if position is None:
            return default
        return form.unpack_from(self._buffer.data, position)[0]  # type: ignore[no-any-return]

    def i8(self, number: int, default: int = 0) -> int:
        """Return a field of type byte."""
        return int(self._scalar(number, "b", default))

    def u8(self, number: int, default: int = 0) -> int:
        """Return a field of type ubyte, such as the type of a union."""
        return int(self._scalar(number, "B", default))

    def i32(self, number: int, default: int = 0) -> int:
        """Return a field of type int."""
        return int(self._scalar(number, "i", default))

    def u32(self, number: int, default: int = 0) -> int:
        """Return a field of type uint."""
        return int(self._scalar(number, "I", default))

    def u64(self, number: int, default: int = 0) -> int:
        """Return a field of type ulong."""
        return int(self._scalar(number, "Q", default))

    def f32(self, number: int, default: float = 0.0) -> float:
        """Return a field of type float."""
        return self._scalar(number, "f", default)

    def boolean(self, number: int, default: bool = False) -> bool:
        """Return a field of type bool."""
        return self._scalar(number, "B", default) != 0

    def has(self, number: int) -> bool:
        """Return whether a field that holds an offset is there."""
        return self._field(number, 4) is not None

    def table(self, number: int, what: str) -> Table | None:
        """Return a field that is a table, or None."""
        position = self._field(number, 4)
        if position is None:
            return None
        return Table(self._buffer, self._buffer.offset_target(position, what), what)

    def _vector(self, number: int, element_size: int, what: str) -> tuple[int, int] | None:
        """Return the position of a vector's first element and its length."""
        field = self._field(number, 4)
        if field is None:
            return None
        position = self._buffer.offset_target(field, what)
        count: int = _U32.unpack_from(self._buffer.data, position)[0]
        self._buffer.need(position + 4, count * element_size, f"the end of {what}")
        return position + 4, count

    def tables(self, number: int, what: str, name: str, limit: int) -> list[Table]:
        """Return a field that is a vector of tables, each called ``name`` and its number; empty when absent."""
        found = self._vector(number, 4, what)
        if found is None:
            return []
        first, count = found
        if count > limit:
            raise UserError(f"the model has {count} {name}s; at most {limit} are supported")
        self._buffer.spend(4 * count)
        out = []
        for i in range(count):
            label = f"{name} {i}"
            out.append(Table(self._buffer, self._buffer.offset_target(first + 4 * i, label), label))
        return out

    def numbers(self, number: int, code: str, what: str) -> Sequence[int | float] | None:
        """Return a field that is a vector of scalars, or None; ``code`` is struct's: i, q, f."""
        size = _SCALARS[code].size
        found = self._vector(number, size, what)
        if found is None:
            return None
        first, count = found
        self._buffer.spend(size * count)
        return struct.unpack_from(f"<{count}{code}", self._buffer.data, first)

    def integers(self, number: int, what: str) -> tuple[int, ...] | None:
        """Return a field that is a vector of int, or None."""
        values = self.numbers(number, "i", what)
        return None if values is None else tuple(int(value) for value in values)

    def content(self, number: int, what: str) -> memoryview | None:
        """Return a field that is a vector of bytes, not copied, or None."""
        found = self._vector(number, 1, what)
        return None if found is None else self._buffer.data[found[0] : found[0] + found[1]]

    def string(self, number: int, what: str) -> str:
        """Return a field that is a string, with U+FFFD for what is not UTF-8; empty when absent."""
        content = self.content(number, what)
        if content is None:
            return ""
        self._buffer.spend(len(content))
        return bytes(content).decode("utf-8", "replace")


def damaged(detail: str) -> UserError:
    """Return the error for a file that no converter would write."""
    return UserError(f"the model file is damaged: {detail}", hint="export the model again, or copy it again")
