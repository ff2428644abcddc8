"""What ran on which board, in lines for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from runeflash.device.canonical import canonical_line
from runeflash.device.lines import Output, Record, Status

_OUTCOMES = ("passed", "failed", "error", "skipped")


def summary_lines(seen: Iterable[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Return a line for each board, and below it one for each build that ran there.

    Args:
        seen: outcome (``passed``, ``failed``, ``error``, ``skipped``) and properties of each test.
    """
    boards: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    undecodable: Counter[tuple[str, str]] = Counter()
    for outcome, properties in seen:
        place = properties["board"], properties["port"]
        boards.setdefault(place, {}).setdefault(_build(properties), Counter())[outcome] += 1
        undecodable[place] += int(properties.get("undecodable", "0"))
    lines = []
    for (board, port), builds in sorted(boards.items()):
        total: Counter[str] = sum(builds.values(), Counter())
        lost = undecodable[board, port]
        lines.append(f"{board}, {port}: {_counts(total)}" + (f"; undecodable lines: {lost}" if lost else ""))
        lines += [f"  {build}: {_counts(counts)}" for build, counts in sorted(builds.items())]
    return lines


def _build(properties: Mapping[str, str]) -> str:
    name = properties.get("rune", "no rune")
    if "build" not in properties:
        return f"{name}, not built"
    return f"{name}, build {properties['build']} ({properties['engine']}, {properties['toolchain']})"


def _counts(counts: Mapping[str, int]) -> str:
    parts = []
    for outcome in _OUTCOMES:
        count = counts.get(outcome, 0)
        if count:
            parts.append(f"{count} {outcome}{'s' if outcome == 'error' and count != 1 else ''}")
    return ", ".join(parts)


def record_line(record: Record) -> str:
    """Return a record as one line."""
    if isinstance(record, Output):
        return canonical_line(record)
    if isinstance(record, Status):
        return f"{record.kind}: {json.dumps(dict(record.fields), ensure_ascii=False)}"
    return f"undecodable: {record.text!r}"
