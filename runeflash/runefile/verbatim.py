"""Verbatim values: what stands after the ``@`` of an argument.

In the reference this is any Rust expression. Here it is arithmetic (:mod:`runeflash.expressions`) or a qualified name
such as ``PixelFormat::RGB``; nothing is ever executed.
"""

from __future__ import annotations

import re

from runeflash import expressions
from runeflash.records import record

ALLOWED = f"{expressions.ALLOWED} and PixelFormat::RGB, PixelFormat::BGR, PixelFormat::GrayScale"

_QUALIFIED = r"(?a:\s*([A-Za-z_]\w*)\s*::\s*([A-Za-z_]\w*)\s*)"


@record
class QualifiedName:
    """``TYPE::NAME``, as written."""

    type: str
    name: str


def evaluate(text: str) -> int | float | QualifiedName:
    """Return the value of a verbatim argument, given without its ``@``.

    Raises:
        expressions.ExpressionError: it is not one of what is allowed, or overflows.
    """
    qualified = re.fullmatch(_QUALIFIED, text) if len(text) <= expressions.MAXIMUM_LENGTH else None
    if qualified is not None:
        return QualifiedName(qualified[1], qualified[2])
    return expressions.parse(text).evaluate()
