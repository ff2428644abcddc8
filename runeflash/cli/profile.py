"""``runeflash profile``: what each layer of a model and each part of a rune costs, counted on a virtual board, or
measured by a board at a port.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runeflash.cli.inputs import choose_board, find_input, load_rune
from runeflash.cli.options import BuildChoices, RecordingChoices, build_options, recording_options
from runeflash.cli.output import print_json, progress, warn
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runeflash.boards import Board
    from runeflash.device.recordings import Recordings
    from runeflash.firmware.options import BuildOptions
    from runeflash.profile import Profile
    from runeflash.rune import Rune

_LARGEST_MODEL = 1 << 30
#: What goes with --port; the rest is about a build, or about a virtual board of the command's own.
_WITH_PORT = frozenset({"port", "baud", "calls", "as_json", "sound", "accelerometer", "image", "raw", "advance"})
_DEFAULT_CALLS = 10


@click.command("profile")
@click.argument("program", required=False, type=click.Path(path_type=Path))
@click.option("--board", "board_name", default=None, help="The virtual board (default: the last one built here).")
@click.option("--port", default=None, help="Listen to the board at this port, with firmware of build --profile.")
@click.option("--baud", type=click.IntRange(1), default=None, help="The port's speed (default: the board's).")
@click.option(
    "-n",
    "--calls",
    type=click.IntRange(1, 1_000_000),
    default=None,
    help=f"With --port: the mean of so many calls (default: {_DEFAULT_CALLS}).",
)
@click.option("--random", "seed", type=click.IntRange(0, 2**64 - 1), default=0, help="The seed of RAND.")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
@recording_options
@build_options
@click.pass_context
def command(
    context: click.Context,
    program: Path | None,
    board_name: str | None,
    port: str | None,
    baud: int | None,
    calls: int | None,
    recorded: RecordingChoices,
    seed: int,
    as_json: bool,
    build: BuildChoices,
) -> None:
    """Show what the parts of PROGRAM cost: a Runefile, a .rune file, or a .tflite file alone.

    Instructions are counted on a virtual board. Of a rune the real firmware image makes one call; a model alone makes
    one inference of noise on the board's core.

    With --port a board tells the microseconds that its firmware takes, by its own clock: it must have been built with
    --profile. Capabilities without a recording get noise.
    """
    from runeflash.profile import as_data, format_profile

    if port is not None:
        _check_goes_with_port(context)
        profile = _profile_port(port, baud, calls or _DEFAULT_CALLS, recorded)
    else:
        for option, given in (("--baud", baud), ("--calls", calls), ("--advance", recorded.advance or None)):
            if given is not None:
                raise UsageError(f"{option} is for --port: on a virtual board one call is counted")
        profile = _profile_program(program, board_name, recorded, seed, build)
    if as_json:
        print_json(as_data(profile))
    else:
        click.echo(format_profile(profile))


def _check_goes_with_port(context: click.Context) -> None:
    """Refuse what has no meaning for firmware that is on a board already.

    Raises:
        UsageError: something else was given.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and name not in _WITH_PORT:
            shown = "PROGRAM" if name == "program" else max(parameter.opts, key=len)
            raise UsageError(
                f"{shown} does not go with --port, which listens to the firmware that is on the board",
                hint="`runeflash run --port PORT --profile` builds and flashes too",
            )


def _profile_port(name: str, baud: int | None, calls: int, recorded: RecordingChoices) -> Profile:
    from runeflash.cli.watching import baud_of
    from runeflash.device.call_profile import mean_profile
    from runeflash.device.noise import NoiseWhereNothingIsRecorded
    from runeflash.device.port_profile import profile_port
    from runeflash.device.ports import check_takes_recordings, find_port, takes_recordings

    recorded.checked()
    port = find_port(name)
    if recorded.given() is not None:
        check_takes_recordings(port)
    data = NoiseWhereNothingIsRecorded(recorded.recordings()) if takes_recordings(port) else None
    with progress() as show:
        show(f"listening to {port}")
        measured, boot = profile_port(
            port,
            baud_of(port, baud),
            calls,
            data=data,
            on_call=lambda number: show(f"listening to {port}: {number} of {calls} calls"),
            on_notice=lambda sentence: click.echo(f"-- {sentence}", err=True),
        )
    what = f"{boot['rune']}, {boot['engine']}," if {"rune", "engine"} <= boot.keys() else "the firmware"
    return mean_profile(f"{what} at {port}", measured)


def _profile_program(
    program: Path | None, board_name: str | None, recorded: RecordingChoices, seed: int, build: BuildChoices
) -> Profile:
    path = find_input(program)
    board = choose_board(board_name, path)
    options = build.options_for(board)
    if path.suffix == ".tflite":
        if recorded.given() is not None:
            raise UsageError(f"{recorded.given()} is for a Runefile: a model alone is given noise")
        with progress() as show:
            show("compiling and running the model")
            return _profile_model(path, board, options)
    with progress() as show:
        show("compiling the rune")
        rune = load_rune(path, build.resources, lenient=build.lenient)
        return _profile_rune(rune, path, options, recorded.recordings(), seed, show)


def _profile_model(path: Path, board: Board, options: BuildOptions) -> Profile:
    from runeflash.firmware.model_profile import profile_model

    try:
        if path.stat().st_size > _LARGEST_MODEL:
            raise UserError(f"{path} is larger than any TensorFlow Lite model")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    try:
        return profile_model(
            data,
            name=path.name,
            toolchain=options.toolchain,
            cpu=board.cpu,
            fpu=board.fpu,
            disabled=options.disabled_passes,
        )
    except UserError as error:
        raise UserError(f"{path}: {error.message}", hint=error.hint) from error


def _profile_rune(
    rune: Rune, path: Path, options: BuildOptions, recordings: Recordings, seed: int, show: Callable[[str], None]
) -> Profile:
    from runeflash.device.noise import NoiseWhereNothingIsRecorded
    from runeflash.device.session import RunSession
    from runeflash.device.virtual_run import Word, trace_virtual
    from runeflash.firmware.cached import cached_firmware
    from runeflash.firmware.generate import compile_models
    from runeflash.firmware.model_profile import model_addresses
    from runeflash.firmware.rune_profile import rune_addresses, rune_rows
    from runeflash.profile import Profile

    if rune.output_count == 0:
        raise UserError(f"{rune.name} has no output, so that nothing shows when a call of it has ended")
    firmware = cached_firmware(rune, options, path, progress=show)
    show("running the firmware")
    elf = firmware.folder / "firmware.elf"
    models = [(model, model_addresses(elf, model)) for model in compile_models(rune, options.disabled_passes)]
    # The last output's line is sent before the call ends: one call more.
    session = RunSession(
        NoiseWhereNothingIsRecorded(recordings),
        lines_per_call=rune.output_count,
        repeats=2,
        emit=lambda line: None,
        warn=warn,
    )
    addresses = rune_addresses(elf)
    trace = trace_virtual(
        options.board,
        firmware.image.read_bytes(),
        session,
        seed=seed,
        watch=[*addresses.host_calls, *(address for _, where in models for address in where.all)],
        word=Word(addresses.stage, addresses.stage_is_pointer),
    )
    if session.failure is not None:
        raise session.failure
    rows = rune_rows(trace.marks, trace.passages, trace.writes, models, addresses, rune.stage_names, elf)
    title = f"{rune.name} on the virtual {options.board.id}, {options.engine}"
    return Profile(title, firmware.toolchain, tuple(rows))
