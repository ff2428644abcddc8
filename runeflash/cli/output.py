"""Printing: errors and diagnostics to stderr, progress where somebody watches."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from runeflash.diagnostics import Diagnostics, SourceFile, render
from runeflash.errors import RuneflashError


def print_error(error: RuneflashError) -> None:
    """Print an exception as a user should see it."""
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)


def warn(sentence: str) -> None:
    """Print a warning."""
    click.echo(f"warning: {sentence}", err=True)


def print_diagnostics(diagnostics: Diagnostics, source: SourceFile) -> None:
    """Print every diagnostic in the order of the file, then how many errors there were."""
    for item in diagnostics.in_order():
        click.echo(render(item, source), err=True)
    further = diagnostics.further_errors + diagnostics.further_warnings
    if further:
        click.echo(f"... and {further:,} more", err=True)
    errors = diagnostics.errors
    if errors == 1:
        click.echo("Error: There was a build error", err=True)
    elif errors:
        click.echo(f"Error: There were {errors} build errors", err=True)


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
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows the current step: a spinner where stderr is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console  # slow to import, and only needed on a terminal

    with Console(stderr=True).status("starting") as status:
        yield status.update
