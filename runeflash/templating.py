"""Jinja templates and the C text that goes into them. Templates hold no logic: Python decides, Jinja prints."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import jinja2

from runeflash.resources import folder


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, **context: Any) -> str:
    """Return a template of ``templates/`` filled with a context; a name that is missing is an error."""
    return _environment().get_template(template).render(**context)


def c_string(text: str | bytes) -> str:
    """Return a C string literal with these bytes (text as UTF-8): printable ASCII as it is, the rest in octal."""
    data = text.encode() if isinstance(text, str) else text
    out = []
    for byte in data:
        character = chr(byte)
        if character in '"\\?':  # ? for the sake of trigraphs
            out.append("\\" + character)
        elif 0x20 <= byte < 0x7F:
            out.append(character)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def c_comment(text: str) -> str:
    """Return text that may stand inside a C comment."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")


def c_bytes(data: bytes, per_line: int = 16) -> Iterable[str]:
    """Yield the lines of an array initialiser of bytes."""
    for start in range(0, len(data), per_line):
        yield ", ".join(f"0x{byte:02x}" for byte in data[start : start + per_line]) + ","


def c_float(value: float) -> str:
    """Return a C literal of type float with exactly this value; infinities and NaN without math.h."""
    if math.isnan(value):
        return '__builtin_nanf("")'
    if value in {float("inf"), float("-inf")}:
        return f"{'-' if value < 0 else ''}__builtin_inff()"
    return f"{value.hex()}f"
