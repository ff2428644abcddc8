"""``runeflash check``: every diagnostic of a Runefile, with its place and a remedy; no toolchain."""

from __future__ import annotations

from pathlib import Path

import click

from runeflash.cli.inputs import DiagnosedError, find_input, parse_resources
from runeflash.cli.output import diagnostics_as_data, print_diagnostics, print_json
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
    """Check RUNEFILE (by default the one in the current folder)."""
    from runeflash.pipeline import load  # after the command line is known to be right

    if strict and lenient:
        raise UsageError("--strict and --lenient contradict each other")
    path = find_input(runefile)
    source, pipeline, diagnostics = load(path, strict=strict, lenient=lenient, resources=parse_resources(resources))
    if board_name is not None and pipeline is not None:
        from runeflash.boards import find_board
        from runeflash.pipeline.board_check import check_board

        board = find_board(board_name)
        check_board(pipeline, board.id, board.capabilities(board.sensors[0]), diagnostics)
    if as_json:
        print_json({"diagnostics": diagnostics_as_data(diagnostics, source), "ok": not diagnostics.has_errors})
        return 1 if diagnostics.has_errors else 0
    print_diagnostics(diagnostics, source)
    if diagnostics.has_errors:
        return DiagnosedError.exit_code
    warnings = diagnostics.warnings
    stages = len(pipeline.stages) if pipeline else 0
    click.echo(
        f"{path}: {_count(stages, 'stage')}, no errors" + (f", {_count(warnings, 'warning')}" if warnings else "")
    )
    return 0


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
