"""Diagnostics: what is wrong with a source text, as values that passes collect.

Entry points: :class:`Diagnostic`, the list that passes append to
(:class:`Diagnostics`), :func:`render`, which prints one with the offending
line and a caret, :func:`as_json` for programs, and :func:`did_you_mean`.
"""

from __future__ import annotations

import bisect
import enum
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from runeflash.records import record

_MAXIMUM_EXCERPT = 160

#: More findings are only counted: nobody reads them, and a hostile file would have hundreds of thousands.
MAXIMUM_FINDINGS = 1000


class Severity(enum.Enum):
    """How bad it is: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Span(NamedTuple):
    """A stretch of a source text, as character offsets; ``end`` is exclusive."""

    start: int
    end: int


@record
class SourceFile:
    """A text and the name under which messages quote it."""

    path: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return starts

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of a character offset."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """Return the text of a 1-based line, without its end."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    Attributes:
        code: stable identifier, ``RF`` and three digits.
        severity: error or warning.
        message: what is wrong, one sentence.
        span: where, or None when no place in the file is to blame.
        hint: what to do about it.
        notes: further sentences that belong to the message.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Diagnostics:
    """The findings of all passes over one file.

    Attributes:
        items: the findings, at most :data:`MAXIMUM_FINDINGS`.
        further_errors: how many errors there were beyond those.
        further_warnings: how many warnings there were beyond those.
    """

    items: list[Diagnostic] = field(default_factory=list)
    further_errors: int = 0
    further_warnings: int = 0

    def add(self, item: Diagnostic) -> None:
        """Add a finding."""
        if len(self.items) < MAXIMUM_FINDINGS:
            self.items.append(item)
        elif item.severity is Severity.ERROR:
            self.further_errors += 1
        else:
            self.further_warnings += 1

    def error(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add an error."""
        self.add(Diagnostic(code, Severity.ERROR, message, span, hint, notes))

    def warning(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add a warning."""
        self.add(Diagnostic(code, Severity.WARNING, message, span, hint, notes))

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return self.further_errors > 0 or any(item.severity is Severity.ERROR for item in self.items)

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return self.further_errors + self.count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return self.further_warnings + self.count(Severity.WARNING)

    def count(self, severity: Severity) -> int:
        """Return how many of the findings that were kept are of a severity."""
        return sum(item.severity is severity for item in self.items)

    def promote_warnings(self) -> None:
        """Turn every warning into an error, as ``--strict`` asks."""
        self.items[:] = [replace(item, severity=Severity.ERROR) for item in self.items]
        self.further_errors += self.further_warnings
        self.further_warnings = 0

    def in_order(self) -> list[Diagnostic]:
        """Return the findings in the order of the file; those without a place come last."""
        return sorted(self.items, key=lambda item: (item.span is None, item.span.start if item.span else 0))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)


def render(diagnostic: Diagnostic, source: SourceFile | None) -> str:
    """Return a finding as text: header, place, the line with a caret, notes, hint."""
    lines = [f"{diagnostic.severity.value}: {_printable(diagnostic.message)} [{diagnostic.code}]"]
    if source is not None and diagnostic.span is not None:
        line, column = source.line_column(diagnostic.span.start)
        text = source.line_text(line)
        first = column - 1
        last = min(first + max(diagnostic.span.end - diagnostic.span.start, 1), max(len(text), first + 1))
        text, first, last = _window(text, first, last)
        gutter = " " * len(str(line))
        lines.append(f"{gutter}--> {source.path}:{line}:{column}")
        lines.append(f"{gutter} |")
        lines.append(f"{line} | {_printable(text)}")
        lines.append(f"{gutter} | {_blank(text[:first])}{'^' * max(_width(text[first:last]), 1)}")
    elif source is not None:
        lines.append(f" --> {source.path}")
    lines.extend(f"  = {_printable(note)}" for note in diagnostic.notes)
    if diagnostic.hint is not None:
        lines.append(f"  hint: {_printable(diagnostic.hint)}")
    return "\n".join(lines)


def _window(text: str, first: int, last: int) -> tuple[str, int, int]:
    """Cut a long line to what is around the stretch from first to last."""
    if len(text) <= _MAXIMUM_EXCERPT:
        return text, first, last
    start = max(first - _MAXIMUM_EXCERPT // 2, 0)
    end = min(start + _MAXIMUM_EXCERPT, len(text))
    before, after = "..." if start else "", "..." if end < len(text) else ""
    shift = len(before) - start
    return before + text[start:end] + after, first + shift, max(min(last, end), first + 1) + shift


def as_json(diagnostic: Diagnostic, source: SourceFile | None) -> dict[str, object]:
    """Return a finding as a JSON object; line and column are 1-based, the end is exclusive."""
    place: dict[str, object] | None = None
    if source is not None and diagnostic.span is not None:
        line, column = source.line_column(diagnostic.span.start)
        end_line, end_column = source.line_column(diagnostic.span.end)
        place = {
            "file": source.path,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
        }
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "place": place,
        "hint": diagnostic.hint,
        "notes": list(diagnostic.notes),
    }


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return a hint with the candidate that looks most like a name, or None.

    At most 100 candidates of at most 100 characters are compared: a hint is worth no more time.
    """
    import difflib  # only a wrong name needs it

    short = [c for c, _ in zip((c for c in candidates if len(c) <= 100), range(100), strict=False)]
    close = difflib.get_close_matches(name[:100], short, n=1)
    if not close:
        # A name in another case is the likeliest slip of all, and the matcher may miss it when it is short.
        close = [c for c in short if c.casefold() == name.casefold()]
    return f'did you mean "{close[0]}"?' if close else None


def _printable(text: str) -> str:
    """Replace what a terminal would act on, keeping the width that :func:`_width` counts."""
    return "".join(
        "    " if c == "\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in {"Cc", "Cf"} else c
        for c in text
    )


def _width(text: str) -> int:
    """Return how many terminal cells a text takes after :func:`_printable`."""
    return sum(
        4 if c == "\t" else 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _blank(text: str) -> str:
    return " " * _width(text)
