"""The options that commands share, each in one place: how to build, and what to play to a rune.

A decorator adds the options to a command, which gets them as one value: ``build`` or ``recorded``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from runeflash.cli.output import warn
from runeflash.errors import UsageError

if TYPE_CHECKING:
    from runeflash.boards import Board
    from runeflash.device.recordings import Recordings
    from runeflash.firmware.options import BuildOptions

F = TypeVar("F", bound=Callable[..., Any])

_FILES = click.Path(path_type=Path)

#: Of the commands that build firmware for its user.
profile_option = click.option(
    "--profile", is_flag=True, help="The firmware measures its stages: a `profile` line after each call."
)


@dataclass(frozen=True)
class RecordingChoices:
    """The options that name recordings.

    Attributes:
        sound, accelerometer, image, raw: files; several of a kind are for capabilities with ``source: N``.
        advance: walk on through them, call by call.
    """

    sound: tuple[Path, ...]
    accelerometer: tuple[Path, ...]
    image: tuple[Path, ...]
    raw: tuple[Path, ...]
    advance: bool

    @property
    def files(self) -> Mapping[str, tuple[Path, ...]]:
        """The files by the kind of capability."""
        return {"SOUND": self.sound, "ACCEL": self.accelerometer, "IMAGE": self.image, "RAW": self.raw}

    def given(self) -> str | None:
        """Return the first option that names a file; None where none does."""
        names = ("sound", "accelerometer", "image", "raw")
        return next((f"--{name}" for name in names if getattr(self, name)), None)

    def recordings(self) -> Recordings:
        """Return the recordings, not looked at yet."""
        from runeflash.device.recordings import Recordings

        return Recordings(self.files, self.advance, warn)

    def checked(self) -> Recordings | None:
        """Return the recordings, each looked at, or None where none was given.

        Raises:
            UserError: one cannot be read as what it should be.
            UsageError: ``--advance`` has nothing to walk through.
        """
        from runeflash.device.recordings import Recordings

        if not any(self.files.values()):
            if self.advance:
                raise UsageError("--advance needs a recording to walk through")
            return None
        for kind, paths in self.files.items():
            for number in range(len(paths)):
                Recordings(self.files).provide(kind, number, 0, {})
        return self.recordings()


def recording_options(function: F) -> F:
    """Add the options that name recordings to a command, as ``recorded``."""
    options = [
        click.option("--sound", multiple=True, type=_FILES, help="A WAV file for SOUND."),
        click.option("--accelerometer", "--accel", multiple=True, type=_FILES, help="A CSV file of x, y, z for ACCEL."),
        click.option("--image", multiple=True, type=_FILES, help="A picture for IMAGE."),
        click.option("--raw", multiple=True, type=_FILES, help="A file for RAW."),
        click.option("--advance", is_flag=True, help="Walk on through the recordings instead of starting over."),
    ]
    return cast(F, _with_options(function, options, "recorded", RecordingChoices))


@dataclass(frozen=True)
class BuildChoices:
    """The options of a build, as they were given.

    Attributes:
        engine, toolchain, sensors, interval_ms, budget: as in :class:`~runeflash.firmware.options.BuildOptions`.
        resources: the values of ``--resource``.
        no_passes: passes of the model compiler to leave out.
        lenient: errors that the reference would have let pass are warnings.
    """

    engine: str
    toolchain: str
    sensors: str | None
    interval_ms: int
    budget: int
    resources: tuple[str, ...]
    no_passes: tuple[str, ...]
    lenient: bool

    @property
    def disabled_passes(self) -> tuple[str, ...]:
        """The passes to leave out: see :func:`check_passes`."""
        return check_passes(self.no_passes)

    def check_engine(self) -> None:
        """Check the value of ``--engine``.

        Raises:
            UsageError: there is no such engine.
        """
        from runeflash.firmware.options import ENGINES

        if self.engine not in ENGINES:
            raise UsageError(f"--engine is one of {', '.join(ENGINES)}, not {self.engine!r}")

    def options_for(self, board: Board, *, profile: bool = False) -> BuildOptions:
        """Return the checked options of a build.

        Raises:
            UsageError: a value that there is not, or that this version does not have.
        """
        from runeflash.firmware.options import TOOLCHAINS, BuildOptions

        self.check_engine()
        if self.toolchain not in TOOLCHAINS:
            raise UsageError(f"--toolchain is one of {', '.join(TOOLCHAINS)}, not {self.toolchain!r}")
        sensors = board.sensors[0] if self.sensors is None else self.sensors
        if sensors not in board.sensors:
            if sensors == "onboard":
                raise UsageError(
                    f"--sensors onboard is not part of this version yet for {board.id}",
                    hint="leave it out: the host then plays recordings into the board",
                )
            raise UsageError(f"--sensors is one of {', '.join(board.sensors)} for {board.id}, not {sensors!r}")
        return BuildOptions(
            board,
            sensors,
            self.toolchain,
            self.engine,
            self.interval_ms,
            self.budget,
            self.disabled_passes,
            profile,
        )


def build_options(function: F) -> F:
    """Add the options of a build to a command, as ``build``."""
    from runeflash.firmware.options import DEFAULT_BUDGET, DEFAULT_INTERVAL_MS, LARGEST_BUDGET

    options = [
        click.option("--engine", default="wasm3", help="How the rune is executed: wasm3 or aot (compiled)."),
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
            type=click.IntRange(1_000, LARGEST_BUDGET),
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
    return cast(F, _with_options(function, options, "build", BuildChoices))


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


def _with_options(function: F, options: list[Callable[[Any], Any]], name: str, choices: type) -> Any:
    """Return a command's function with options, whose values it gets as one argument."""
    parts = [item.name for item in fields(choices)]

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        return function(**{name: choices(**{part: given.pop(part) for part in parts})}, **given)

    wrapped: Any = command
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
