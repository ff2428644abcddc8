"""An argument's text to its value, as its type and range in ``block.yaml`` say."""

from __future__ import annotations

import math
import re
import struct

from runeflash.blocks.manifest import ArgumentType, ArgumentValue, BlockArgument

_INTEGER = re.compile(r"[-+]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)

EXPECTED = {
    ArgumentType.F32: "a number",
    ArgumentType.I32: "a whole number",
    ArgumentType.U32: "a whole number, not negative",
    ArgumentType.BOOL: "true or false",
    ArgumentType.STRING: "a text",
    ArgumentType.LINES: "a text with one item per line, or a list",
}

INTEGER_RANGES = {
    ArgumentType.I32: (-(1 << 31), (1 << 31) - 1),
    ArgumentType.U32: (0, (1 << 32) - 1),
}


class ArgumentError(ValueError):
    """A text is no value of an argument's type, or is out of its range; the message says what is expected."""


def convert(argument: BlockArgument, value: str | int | float | bool) -> ArgumentValue:
    """Return the value that an argument has.

    Args:
        argument: its declaration.
        value: a text, or the value of a verbatim expression.

    Returns:
        An int for integers and booleans, a float that is exactly an f32, a text, or the lines of a text.

    Raises:
        ArgumentError: with what was expected.
    """
    result = _convert(argument.type, value)
    if isinstance(result, int | float):
        too_low = argument.minimum is not None and result < argument.minimum
        too_high = argument.maximum is not None and result > argument.maximum
        if too_low or too_high:
            raise ArgumentError(f"expected {EXPECTED[argument.type]} {_range(argument)}")
    return result


def parse_number(text: str) -> int | float | None:
    """Return the number that a text is, an int where it has neither point nor exponent, or None."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= 100 and _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return None


def split_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text without the white space around the whole; each line is left as it is."""
    stripped = text.strip()
    return tuple(line.removesuffix("\r") for line in stripped.split("\n")) if stripped else ()


def as_f32(value: float) -> float | None:
    """Return the nearest f32, or None when it is not finite."""
    try:
        rounded = float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return None
    return rounded if math.isfinite(rounded) else None


def _convert(kind: ArgumentType, value: str | int | float | bool) -> ArgumentValue:
    if kind is ArgumentType.STRING:
        return _text(value)
    if kind is ArgumentType.LINES:
        return split_lines(_text(value))
    if kind is ArgumentType.BOOL:
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
        raise ArgumentError(f"expected {EXPECTED[kind]}")
    number = parse_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or number is None:
        raise ArgumentError(f"expected {EXPECTED[kind]}")
    if kind is ArgumentType.F32:
        rounded = as_f32(float(number))
        if rounded is None:
            raise ArgumentError("expected a number that fits in an f32")
        return rounded
    # 1.0 is a whole number: the reference kept a float without a fraction as an integer.
    if isinstance(number, float) and not number.is_integer():
        raise ArgumentError(f"expected {EXPECTED[kind]}")
    low, high = INTEGER_RANGES[kind]
    if not low <= number <= high:
        raise ArgumentError(f"expected {EXPECTED[kind]} from {low} to {high}")
    return int(number)


def _text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _range(argument: BlockArgument) -> str:
    if argument.minimum is None:
        return f"of at most {argument.maximum}"
    if argument.maximum is None:
        return f"of at least {argument.minimum}"
    return f"from {argument.minimum} to {argument.maximum}"
