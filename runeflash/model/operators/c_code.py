"""Lines of C that operators print."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash.templating import c_float


def shape_struct(type_name: str, fields: Mapping[str, int | str]) -> list[str]:
    """Return the definition of a constant called ``shape``, one field a line."""
    lines = [f"const {type_name} shape = {{"]
    lines += [f"    .{name} = {value}," for name, value in fields.items()]
    return [*lines, "};"]


def float_literal(value: float) -> str:
    """Return the literal of type float with exactly this value, which must be a float32's."""
    literal = c_float(value)
    mantissa, exponent_mark, exponent = literal.partition("p")
    if not exponent_mark:
        return literal  # infinite or no number
    # Of the 13 hexadecimal digits of a double's fraction a float needs at most 6.
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}"
