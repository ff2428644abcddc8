"""``runeflash check``: every diagnostic of a Runefile, with its place and a remedy; no toolchain."""

from __future__ import annotations

from pathlib import Path

import click

from runeflash.cli.inputs import parse_resources
from runeflash.errors import UsageError


@click.command("check")
@click.argument("runefile", required=False, type=click.Path(path_type=Path))
@click.option("--board", "board_name", default=None, help="Also say what this board lacks.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--lenient", is_flag=True, help="Errors that the reference would have let pass are warnings.")
@click.option("--resource", "resources", multiple=True, metavar="NAME=@FILE|TEXT", help="Data of a resource.")
@click.option("--json", "as_json", is_flag=True, help="Print the diagnostics as data on standard output.")
def command(
    runefile: Path | None,
    board_name: str | None,
    strict: bool,
    lenient: bool,
    resources: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check RUNEFILE (- is standard input; by default the one in the current folder)."""
    if strict and lenient:
        raise UsageError("--strict and --lenient contradict each other")
    from runeflash.cli.checking import check  # after the command line is known to be right

    return check(
        runefile,
        board_name=board_name,
        strict=strict,
        lenient=lenient,
        resources=parse_resources(resources),
        as_json=as_json,
    )
