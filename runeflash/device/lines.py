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

#: Integer types, with the least and the greatest value.
_INTEGERS = {
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
_FLOATS = frozenset({"f32", "f64"})
_FLOAT_ELEMENTS = frozenset({int, float, type(None)})
#: How a boot line begins. Inside a text its quotes would be escaped.
BOOT_LINE = b'{"runeflash":"boot"'
_TENSOR_KEYS = {"channel", "dimensions", "elements", "type_name"}


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
            if record is None:
                continue
            records.append(record)
            if isinstance(record, Undecodable):
                self.undecodable += 1
                boot = None if too_long else _boot_in(whole)
                if boot is not None:
                    records.append(boot)
        self._pending += rest
        if len(self._pending) > MAX_LINE_BYTES:
            del self._pending[200:]
            self._too_long = True
        return records

    def flush(self) -> Undecodable | None:
        """Return what stands of a line whose end will not come, and forget it; None where nothing does."""
        rest, self._pending, self._too_long = bytes(self._pending), bytearray(), False
        if not rest.strip():
            return None
        self.undecodable += 1
        return Undecodable(_excerpt(rest))


def decode_line(line: bytes) -> Record | None:
    """Return the record of one line without its end; None for an empty line."""
    text = line.removesuffix(b"\r")
    if not text.strip():
        return None
    try:
        value = json.loads(text.decode(), parse_constant=_refuse)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (UnicodeDecodeError, ValueError, RecursionError):
        return Undecodable(_excerpt(line))
    if isinstance(value, dict) and "runeflash" in value:
        kind = value.pop("runeflash")
        return Status(kind, value) if isinstance(kind, str) else Undecodable(_excerpt(line))
    tensors = value if isinstance(value, list) else [value]
    if tensors and all(_is_tensor(tensor) for tensor in tensors):
        return Output(value)
    return Undecodable(_excerpt(line))


def _boot_in(line: bytes) -> Status | None:
    """Return the boot line at the end of a line that is none: a board that is reset does not end what it prints."""
    start = line.rfind(BOOT_LINE)
    if start <= 0:
        return None
    record = decode_line(line[start:])
    return record if isinstance(record, Status) and record.kind == "boot" else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _excerpt(line: bytes) -> str:
    return line[:200].decode("utf-8", "replace")


def _is_tensor(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != _TENSOR_KEYS:
        return False
    elements, dimensions, type_name = value["elements"], value["dimensions"], value["type_name"]
    if not isinstance(elements, list) or not isinstance(dimensions, list) or not isinstance(type_name, str):
        return False
    count = 1
    for dimension in dimensions:
        if type(dimension) is not int or dimension < 0:
            return False
        count *= dimension
    if type(value["channel"]) is not int or count != len(elements):
        return False
    kinds = set(map(type, elements))
    if type_name == "utf8":
        return kinds <= {str}
    if type_name in _FLOATS:
        return kinds <= _FLOAT_ELEMENTS and (int not in kinds or _all_fit_f64(elements))
    if type_name not in _INTEGERS or not kinds <= {int}:
        return False
    least, greatest = _INTEGERS[type_name]
    return not elements or (least <= min(elements) and max(elements) <= greatest)


def _all_fit_f64(elements: list[Any]) -> bool:
    """Whether the integers among some numbers have a float: damage can make them longer than any."""
    return all(type(element) is not int or abs(element) < 2**1023 for element in elements)
