"""What ``check`` does; without click, so that its plain form starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runeflash.cli.output import diagnostics_as_data, print_diagnostics, print_json, tell
from runeflash.cli.runefiles import DiagnosedError, find_input
from runeflash.pipeline import load


def check(
    runefile: Path | None,
    *,
    board_name: str | None = None,
    strict: bool = False,
    lenient: bool = False,
    resources: Mapping[str, bytes] | None = None,
    as_json: bool = False,
) -> int:
    """Print what is wrong with a Runefile and return the exit code.

    Args:
        runefile: a file, a folder, or None for the current folder.
        board_name: also say what this board lacks.
        strict: warnings are errors.
        lenient: errors that the reference would have let pass are warnings.
        resources: data by resource name.
        as_json: print the diagnostics as data.

    Raises:
        UserError: the file cannot be read, or there is no such board.
    """
    path = find_input(runefile)
    source, pipeline, diagnostics = load(path, strict=strict, lenient=lenient, resources=resources)
    if board_name is not None and pipeline is not None:
        from runeflash.boards import find_board
        from runeflash.pipeline.board_check import check_board

        board = find_board(board_name)
        check_board(pipeline, board.id, board.capabilities(board.sensors[0]), diagnostics)
    if as_json:
        print_json({"diagnostics": diagnostics_as_data(diagnostics, source), "ok": not diagnostics.has_errors})
        return DiagnosedError.exit_code if diagnostics.has_errors else 0
    print_diagnostics(diagnostics, source)
    if diagnostics.has_errors:
        return DiagnosedError.exit_code
    warnings = diagnostics.warnings
    stages = len(pipeline.stages) if pipeline else 0
    tell(
        f"{path}: {_count(stages, 'stage')}, no errors" + (f", {_count(warnings, 'warning')}" if warnings else ""),
        error=False,
    )
    return 0


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
