"""What commands share: finding the Runefile, loading it, choosing the board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runeflash.cli.output import print_diagnostics, warn
from runeflash.cli.runefiles import DiagnosedError as DiagnosedError  # noqa: PLC0414  (commands take both from here)
from runeflash.cli.runefiles import find_input as find_input  # noqa: PLC0414
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from runeflash.boards import Board
    from runeflash.rune import Rune


def load_rune(
    path: Path,
    resources: tuple[str, ...],
    check_source: Callable[[str, int], None] = lambda kind, source: None,
    *,
    lenient: bool = False,
) -> Rune:
    """Return the rune of a Runefile, or the one in a .rune file, printing the Runefile's diagnostics.

    Args:
        path: the file.
        resources: the values of ``--resource``.
        check_source: called with kind and source of every capability whose data the host gives, before anything is
            compiled.
        lenient: errors that the reference would have let pass are warnings.

    Raises:
        DiagnosedError: the Runefile has errors; they have been printed.
        UserError: the file cannot be read, or is damaged.
    """
    from runeflash.rune import build_rune, read_rune  # only what a command needs

    overrides = parse_resources(resources)
    if path.suffix == ".rune":
        if overrides:
            raise UsageError("--resource cannot change a .rune file: it was built with its resources")
        try:
            rune = read_rune(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror})") from error
        for kind, number in rune.streamed_sources():
            check_source(kind, number)
        return rune
    from runeflash.pipeline import load

    source, pipeline, diagnostics = load(path, lenient=lenient, for_build=True, resources=overrides)
    print_diagnostics(diagnostics, source)
    if pipeline is None or diagnostics.has_errors:
        raise DiagnosedError("the Runefile has errors")
    for stage in pipeline.capabilities:
        if stage.kind.name != "RAND":
            check_source(stage.kind.name, int(stage.parameters.get("source", 0)))
    return build_rune(pipeline, warn)


def parse_resources(values: tuple[str, ...]) -> dict[str, bytes]:
    """Return the resources of ``--resource NAME=TEXT`` and ``NAME=@FILE``.

    Raises:
        UsageError: a value has another form.
        UserError: a file cannot be read.
    """
    found = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not equals or not name:
            raise UsageError(f"--resource wants NAME=TEXT or NAME=@FILE, not {value!r}")
        if content.startswith("@"):
            try:
                found[name] = Path(content[1:]).read_bytes()
            except OSError as error:
                raise UserError(f'Unable to read "{content[1:]}" for "{name}": {error.strerror}') from error
        else:
            found[name] = content.encode()
    return found


def build_folder(path: Path) -> Path:
    """Return ``build`` beside a Runefile."""
    return path.absolute().parent / "build"


def choose_board(given: str | None, path: Path) -> Board:
    """Return the board of ``--board``, or the one last built beside the Runefile.

    Raises:
        UserError: no such board, or its file is wrong.
        UsageError: none was named, and none built.
    """
    from runeflash.boards import all_boards, built_for, find_board

    if given is not None:
        return find_board(given)
    reports = sorted(build_folder(path).glob("*/report.json"), key=lambda report: report.stat().st_mtime)
    if reports:
        return built_for(reports[-1])
    raise UsageError(
        "no board was named, and none has been built here yet",
        hint=f"add --board with one of {', '.join(board.id for board in all_boards())}, or ./YOURS.json",
    )
