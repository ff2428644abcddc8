"""What commands share: finding the Runefile, loading it, choosing the board, the options of a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runeflash.cli.output import print_diagnostics, warn
from runeflash.cli.runefiles import DiagnosedError as DiagnosedError  # noqa: PLC0414  (commands take both from here)
from runeflash.cli.runefiles import find_input as find_input  # noqa: PLC0414
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from runeflash.boards import Board
    from runeflash.device.recordings import Recordings
    from runeflash.firmware.options import BuildOptions
    from runeflash.rune import Rune

F = TypeVar("F", bound=Callable[..., Any])


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


def recording_options(function: F) -> F:
    """Add the options that name recordings to a command, as ``sound``, ``accelerometer``, ``image`` and ``raw``."""
    file = click.Path(path_type=Path)
    options = [
        click.option("--sound", multiple=True, type=file, help="A WAV file for SOUND."),
        click.option("--accelerometer", "--accel", multiple=True, type=file, help="A CSV file of x, y, z for ACCEL."),
        click.option("--image", multiple=True, type=file, help="A picture for IMAGE."),
        click.option("--raw", multiple=True, type=file, help="A file for RAW."),
        click.option("--advance", is_flag=True, help="Walk on through the recordings instead of starting over."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def check_recordings(files: Mapping[str, Sequence[Path]], advance: bool) -> Recordings | None:
    """Return the recordings of the options, each looked at, or None where none was given.

    Raises:
        UserError: one cannot be read as what it should be.
    """
    from runeflash.device.recordings import Recordings

    if not any(files.values()):
        if advance:
            raise UsageError("--advance needs a recording to walk through")
        return None
    for kind, paths in files.items():
        for number in range(len(paths)):
            Recordings(files).provide(kind, number, 0, {})
    return Recordings(files, advance, warn)


def build_options(function: F) -> F:
    """Add the options that ``build`` and ``run`` share to a command."""
    from runeflash.firmware.options import DEFAULT_BUDGET, DEFAULT_INTERVAL_MS

    options = [
        click.option(
            "--engine",
            default="wasm3",
            help="How the rune is executed: wasm3 or aot (compiled).",
        ),
        click.option("--toolchain", default="auto", help="The firmware's compiler: auto, gcc or zig."),
        click.option("--sensors", default=None, help="Where sensor data comes from: stream (the host)."),
        click.option(
            "--interval-ms",
            type=click.IntRange(1, 3_600_000),
            default=DEFAULT_INTERVAL_MS,
            show_default=True,
            help="Time between calls of a pipeline without a timed sensor.",
        ),
        click.option(
            "--budget",
            type=click.IntRange(1_000, 2**31 - 1),
            default=DEFAULT_BUDGET,
            show_default=True,
            help="Instructions of the rune in one call: what needs more is stopped, and started anew.",
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
    budget: int,
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
    return BuildOptions(board, chosen, toolchain, engine, interval_ms, budget, check_passes(no_passes))


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

    if engine not in ENGINES:
        raise UsageError(f"--engine is one of {', '.join(ENGINES)}, not {engine!r}")
