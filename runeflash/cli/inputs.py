"""What commands share: finding the Runefile, loading it, choosing the board, the options of a build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runeflash.cli.output import print_diagnostics
from runeflash.errors import RuneflashError, UsageError, UserError

if TYPE_CHECKING:
    from runeflash.boards import Board
    from runeflash.firmware.options import BuildOptions
    from runeflash.rune import Rune

RUNEFILE_NAMES = ("Runefile.yml", "Runefile.yaml", "Runefile")

F = TypeVar("F", bound=Callable[..., Any])


class DiagnosedError(RuneflashError):
    """The Runefile has errors, which have been printed."""

    exit_code = 1


def find_input(given: Path | None) -> Path:
    """Return the Runefile (or .rune file) that a command works on.

    Args:
        given: what the user typed: a file, a folder, or nothing for the current folder.

    Raises:
        UserError: there is none.
    """
    if given is not None and not given.is_dir():
        if not given.exists():
            raise UserError(f"there is no file {given}")
        return given
    place = given or Path()
    for name in RUNEFILE_NAMES:
        if (place / name).is_file():
            return place / name
    raise UserError(
        f"there is no Runefile in {place.absolute()}", hint=f"it is called one of {', '.join(RUNEFILE_NAMES)}"
    )


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
    return build_rune(pipeline)


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
        UserError: no such board.
        UsageError: none was named, and none built.
    """
    from runeflash.boards import all_boards, find_board

    if given is not None:
        return find_board(given)
    reports = sorted(build_folder(path).glob("*/report.json"), key=lambda report: report.stat().st_mtime)
    if reports:
        return find_board(reports[-1].parent.name)
    raise UsageError(
        "no board was named, and none has been built here yet",
        hint=f"add --board with one of: {', '.join(board.id for board in all_boards())}",
    )


def build_options(function: F) -> F:
    """Add the options that ``build`` and ``run`` share to a command."""
    from runeflash.firmware.options import DEFAULT_INTERVAL_MS

    options = [
        click.option("--engine", default="wasm3", help="How the rune is executed (wasm3)."),
        click.option("--toolchain", default="auto", help="The firmware's compiler: auto, gcc or zig."),
        click.option("--sensors", default=None, help="Where sensor data comes from: stream (the host)."),
        click.option(
            "--interval-ms",
            type=click.IntRange(1, 3_600_000),
            default=DEFAULT_INTERVAL_MS,
            show_default=True,
            help="Time between calls of a pipeline without a timed sensor.",
        ),
        click.option("--resource", "resources", multiple=True, metavar="NAME=@FILE|TEXT", help="Data of a resource."),
        click.option(
            "--no-pass", "no_passes", multiple=True, metavar="PASS", help="Leave out a pass of the model compiler."
        ),
        click.option("--lenient", is_flag=True, help="Errors that the reference would have let pass are warnings."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def options_for(
    board: Board,
    *,
    engine: str,
    toolchain: str,
    sensors: str | None,
    interval_ms: int,
    no_passes: tuple[str, ...] = (),
) -> BuildOptions:
    """Return the checked options of a build.

    Raises:
        UsageError: a value that there is not, or that this version does not have.
    """
    from runeflash.firmware.options import TOOLCHAINS, BuildOptions

    check_engine(engine)
    if toolchain not in TOOLCHAINS:
        raise UsageError(f"--toolchain is one of {', '.join(TOOLCHAINS)}, not {toolchain!r}")
    chosen = board.sensors[0] if sensors is None else sensors
    if chosen not in board.sensors:
        if chosen == "onboard":
            raise UsageError(
                f"--sensors onboard is not part of this version yet for {board.id}",
                hint="leave it out: the host then plays recordings into the board",
            )
        raise UsageError(f"--sensors is one of {', '.join(board.sensors)} for {board.id}, not {chosen!r}")
    return BuildOptions(board, chosen, toolchain, engine, interval_ms, check_passes(no_passes))


def check_passes(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of ``--no-pass``, each once and sorted.

    Raises:
        UsageError: there is no such pass.
    """
    if not names:
        return ()
    from runeflash.model.passes import PASS_NAMES

    for name in names:
        if name not in PASS_NAMES:
            raise UsageError(f"--no-pass is one of {', '.join(PASS_NAMES)}, not {name!r}")
    return tuple(sorted(set(names)))


def check_engine(engine: str) -> None:
    """Check the value of ``--engine``."""
    from runeflash.firmware.options import ENGINES

    if engine == "aot":
        raise UsageError("--engine aot is not part of this version yet", hint="leave it out: wasm3 is the default")
    if engine not in ENGINES:
        raise UsageError(f"--engine is one of {', '.join(ENGINES)}, not {engine!r}")
