"""Printing: errors and diagnostics to stderr, progress where somebody watches."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from runeflash.diagnostics import Diagnostics, SourceFile, render
from runeflash.errors import RuneflashError


def tell(line: str, *, error: bool = True) -> None:
    """Print a line, on standard error unless told otherwise; at once, so that a closed pipe is noticed here."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(line, file=stream, flush=True)
    except UnicodeEncodeError:  # a file's name that is no text, or a terminal that knows only ASCII
        print(line.encode("ascii", "backslashreplace").decode(), file=stream, flush=True)


def print_error(error: RuneflashError) -> None:
    """Print an exception as a user should see it."""
    tell(f"error: {error.message}")
    if error.hint:
        tell(f"  hint: {error.hint}")


def warn(sentence: str) -> None:
    """Print a warning."""
    tell(f"warning: {sentence}")


def print_diagnostics(diagnostics: Diagnostics, source: SourceFile) -> None:
    """Print every diagnostic in the order of the file, then how many errors there were."""
    for item in diagnostics.in_order():
        tell(render(item, source))
    further = diagnostics.further_errors + diagnostics.further_warnings
    if further:
        tell(f"... and {further:,} more")
    errors = diagnostics.errors
    if errors == 1:
        tell("Error: There was a build error")
    elif errors:
        tell(f"Error: There were {errors} build errors")


def diagnostics_as_data(diagnostics: Diagnostics, source: SourceFile) -> list[dict[str, Any]]:
    """Return diagnostics as JSON-able data."""
    found = []
    for item in diagnostics.in_order():
        place = {}
        if item.span is not None:
            line, column = source.line_column(item.span.start)
            end_line, end_column = source.line_column(item.span.end)
            place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
        found.append(
            {
                "code": item.code,
                "severity": item.severity.value,
                "message": item.message,
                "file": source.path,
                **place,
                "hint": item.hint,
                "notes": list(item.notes),
            }
        )
    return found


def print_json(value: Any) -> None:
    """Print data for programs."""
    import json  # only --json needs it

    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    tell(text, error=False)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows the current step: a spinner where stderr is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console  # slow to import, and only needed on a terminal

    with Console(stderr=True).status("starting") as status:
        yield status.update
