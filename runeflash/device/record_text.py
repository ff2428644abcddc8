"""Records as lines for people."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from runeflash.device.call_profile import CallProfile, read_call_profile
from runeflash.device.canonical import format_f64
from runeflash.device.lines import Output, Record, Status

#: Elements of one tensor that are shown.
_SHOWN = 16
#: Of the lines of a table: below the text of the line with the time of day.
_INDENT = " " * 26


def record_text(record: Record, when: datetime) -> tuple[str, str, str]:
    """Return a record's time of day, what it is (``output``, ``boot``, ``warning``, ...), and its text."""
    clock = when.astimezone().strftime("%H:%M:%S.%f")[:-3]
    if isinstance(record, Output):
        tensors = record.value if isinstance(record.value, list) else [record.value]
        return clock, "output", "   ".join(map(_tensor, tensors))
    if isinstance(record, Status):
        kind, text = _status(record)
        return clock, kind, text
    return clock, "undecodable", repr(record.text)


def _tensor(tensor: dict[str, Any]) -> str:
    """Return ``Ring``, or ``f32[2,3] 0.5 0.25 ...``."""
    elements, type_name = tensor["elements"], tensor["type_name"]
    if type_name == "utf8":
        shown = [_word(element) for element in elements[:_SHOWN]]
    else:
        shown = [_number(element, type_name) for element in elements[:_SHOWN]]
    if len(elements) > _SHOWN:
        shown.append(f"… ({len(elements):,} in all)")
    text = (", " if type_name == "utf8" else " ").join(shown)
    if type_name == "utf8" and len(elements) == 1:
        return text
    return f"{type_name}[{','.join(map(str, tensor['dimensions']))}] {text}".rstrip()


def _word(text: str) -> str:
    """Return a text as it is, unless that would not be one visible word or sentence."""
    return text if text and text.isprintable() and text == text.strip() else json.dumps(text, ensure_ascii=False)


def _number(element: Any, type_name: str) -> str:
    if element is None:
        return "null"
    # As the device has printed it: the shortest text of the f32, not the f64 that the canonical form widens it to.
    return format_f64(float(element)) if type_name in {"f32", "f64"} else str(element)


def _status(status: Status) -> tuple[str, str]:
    fields = status.fields
    if status.kind == "boot":
        known = ("rune", "build", "board", "engine", "reset", "heap")
        rune, build, board, engine, reset, heap = (_printable(fields.get(name, "?")) for name in known)
        return "boot", f"{rune} (build {build}) on {board}: {engine}, {heap} bytes of heap, reset by {reset}"
    if status.kind == "log":
        return _printable(fields.get("level", "log")), _printable(fields.get("message", ""))
    if status.kind == "error":
        stage = f" in the stage {_printable(fields['stage'])}" if fields.get("stage") else ""
        return "error", f"{_printable(fields.get('code', 'unknown'))}{stage}: {_printable(fields.get('message', ''))}"
    profile = read_call_profile(status)
    if profile is not None:
        return "profile", _profile(profile)
    return _printable(status.kind), json.dumps(dict(fields), ensure_ascii=False)


def _profile(profile: CallProfile) -> str:
    """Return a table of its own lines, below the one that says how long the call took."""
    rows = []
    for part in profile.parts:
        name = "the engine" if part.stage is None else _printable(part.stage)
        if part.host_call is not None:
            made = "" if part.calls == 1 else f", {part.calls:,} times"
            name = f"  {_printable(part.host_call)}{made}"
        rows.append((name, f"{part.microseconds:,}"))
    rows.append(("the measuring itself", f"{profile.measuring:,}"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{name.ljust(widths[0])}  {time.rjust(widths[1])}" for name, time in rows]
    return f"call {profile.call:,} took {profile.microseconds:,} µs" + "".join(f"\n{_INDENT}{line}" for line in lines)


def _printable(value: Any) -> str:
    """Return a value of a line as text that does nothing to a terminal."""
    text = str(value)
    return text if text.isprintable() else json.dumps(text)
