"""Outputs in the form of the reference's 0.11.3: sorted keys, no spaces, f32 widened to f64."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from runeflash.device.lines import Output


def canonical_line(output: Output) -> str:
    """Return an output as one line of canonical JSON, without the line's end."""
    if isinstance(output.value, list):
        return f"[{','.join(_tensor(tensor) for tensor in output.value)}]"
    return _tensor(output.value)


def _tensor(tensor: dict[str, Any]) -> str:
    elements = ",".join(_elements(tensor["elements"], tensor["type_name"]))
    dimensions = ",".join(map(str, tensor["dimensions"]))
    return (
        f'{{"channel":{tensor["channel"]},"dimensions":[{dimensions}],"elements":[{elements}],'
        f'"type_name":"{tensor["type_name"]}"}}'
    )


def _elements(elements: list[Any], type_name: str) -> Iterable[str]:
    if type_name == "utf8":
        return map(_text, elements)
    if type_name == "f32":
        return map(_number, _nearest_f32(elements))
    if type_name == "f64":
        return map(_number, elements)
    return map(str, elements)


_text = json.JSONEncoder(ensure_ascii=False).encode


def _number(value: float | None) -> str:
    return "null" if value is None else format_f64(float(value))


def _nearest_f32(values: list[float | None]) -> Sequence[float | None]:
    """Return values as the nearest f32; all at once, for a device prints thousands."""
    try:
        code = f"<{len(values)}f"
        return struct.unpack(code, struct.pack(code, *values))
    except (OverflowError, struct.error):  # out of f32's range, or a null among them
        return [None if value is None else _one_f32(float(value)) for value in values]


def _one_f32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def format_f64(value: float) -> str:
    """Return the shortest decimal that reads back to the same f64, laid out as the reference's printer does.

    Plain between 1e-5 and 1e16 (``0.697278618812561``, ``1.0``), else with an exponent (``1e-7``, ``1.5e20``).
    """
    plain = repr(value)
    if "e" not in plain and "n" not in plain:
        return plain  # most are, and Python then writes them in the same way
    if not math.isfinite(value):
        return "null"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        return f"{sign}0.0"
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(exponent_text or 0) - len(fraction)
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    point = len(stripped) + exponent  # how many digits stand before the point
    if exponent >= 0 and point <= 16:
        return f"{sign}{stripped}{'0' * exponent}.0"
    if 0 < point <= 16:
        return f"{sign}{stripped[:point]}.{stripped[point:]}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{stripped}"
    tail = f".{stripped[1:]}" if len(stripped) > 1 else ""
    return f"{sign}{stripped[0]}{tail}e{point - 1}"
