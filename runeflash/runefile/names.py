"""The forms that names have in a Runefile, whatever the dialect."""

from __future__ import annotations

import re

from runeflash.diagnostics import Span
from runeflash.runefile.tree import InputReference

_NAME = re.compile(r"[a-zA-Z_][\w-]*")
_INPUT = re.compile(r"([a-zA-Z_][\w-]*)(?:\.([0-9]+))?")
_RESOURCE = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")

MAXIMUM_NAME_LENGTH = 100


def is_stage_name(text: str) -> bool:
    """Return whether a text can be a stage's name: one that an input can refer to."""
    return len(text) <= MAXIMUM_NAME_LENGTH and _NAME.fullmatch(text) is not None


def is_resource_name(text: str) -> bool:
    """Return whether a text can be a resource's name, without the dollar sign."""
    return len(text) <= MAXIMUM_NAME_LENGTH and _RESOURCE.fullmatch(text) is not None


def parse_input(text: str, span: Span) -> InputReference | None:
    """Return what ``stage`` or ``stage.2`` refers to, or None when the text is neither."""
    match = _INPUT.fullmatch(text)
    if match is None or not is_stage_name(match[1]) or len(match[2] or "") > 9:
        return None
    return InputReference(match[1], int(match[2] or 0), text, span)


def argument_name(text: str) -> str:
    """Return an argument's name in snake_case: ``pixel-format`` and ``pixel_format`` are the same."""
    return text.replace("-", "_")
