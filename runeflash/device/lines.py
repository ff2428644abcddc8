"""The device's lines: bytes to records.

Entry point: :class:`LineDecoder`. It takes any cuts of the byte stream and never fails: a line that
is not valid becomes an :class:`Undecodable` record, and the next good one is decoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Longer lines are not kept: a device that has lost its mind must not fill the host's memory.
MAX_LINE_BYTES = 1 << 20

ELEMENT_TYPES = frozenset({"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "utf8"})


@dataclass(frozen=True)
class Output:
    """An output of the rune: one tensor object, or several in an array."""

    value: dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True)
class Status:
    """A line about the firmware; ``kind`` is ``boot``, ``log``, ``error``, ``need``, ``ack`` or a later one's."""

    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Undecodable:
    """A line that is neither; at most the first 200 characters are kept."""

    text: str


Record = Output | Status | Undecodable


class LineDecoder:
    """Collects bytes and gives the records of the lines that are complete."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._too_long = False
        self.undecodable = 0

    def feed(self, data: bytes) -> list[Record]:
        """Take more bytes; return the records that they complete."""
        records: list[Record] = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._pending += line
            whole, self._pending = bytes(self._pending), bytearray()
            too_long, self._too_long = self._too_long or len(whole) > MAX_LINE_BYTES, False
            record = Undecodable(_excerpt(whole)) if too_long else decode_line(whole)
            if record is not None:
                self.undecodable += isinstance(record, Undecodable)
                records.append(record)
        self._pending += rest
        if len(self._pending) > MAX_LINE_BYTES:
            del self._pending[200:]
            self._too_long = True
        return records


def decode_line(line: bytes) -> Record | None:
    """Return the record of one line without its end; None for an empty line."""
    text = line.removesuffix(b"\r")
    if not text.strip():
        return None
    try:
        value = json.loads(text.decode(), parse_constant=_refuse)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return Undecodable(_excerpt(line))
    if isinstance(value, dict) and "runeflash" in value:
        kind = value.pop("runeflash")
        return Status(kind, value) if isinstance(kind, str) else Undecodable(_excerpt(line))
    tensors = value if isinstance(value, list) else [value]
    if tensors and all(_is_tensor(tensor) for tensor in tensors):
        return Output(value)
    return Undecodable(_excerpt(line))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _excerpt(line: bytes) -> str:
    return line[:200].decode("utf-8", "replace")


def _is_tensor(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"channel", "dimensions", "elements", "type_name"}:
        return False
    elements, dimensions, type_name = value["elements"], value["dimensions"], value["type_name"]
    if not isinstance(elements, list) or not isinstance(dimensions, list) or type_name not in ELEMENT_TYPES:
        return False
    count = 1
    for dimension in dimensions:
        if type(dimension) is not int or dimension < 0:
            return False
        count *= dimension
    if type(value["channel"]) is not int or count != len(elements):
        return False
    if type_name == "utf8":
        return all(isinstance(element, str) for element in elements)
    if type_name in {"f32", "f64"}:
        return all(element is None or type(element) in {int, float} for element in elements)
    return all(type(element) is int for element in elements)
