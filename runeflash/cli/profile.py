"""``runeflash profile``: what each layer of a model and each part of a rune costs, counted on a virtual board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runeflash.cli.inputs import build_options, check_passes, choose_board, find_input, load_rune, options_for
from runeflash.cli.output import print_json, progress, warn
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runeflash.boards import Board
    from runeflash.firmware.options import BuildOptions
    from runeflash.profile import Profile
    from runeflash.rune import Rune

_FILES = click.Path(path_type=Path)
_LARGEST_MODEL = 1 << 30


@click.command("profile")
@click.argument("program", required=False, type=_FILES)
@click.option("--board", "board_name", default=None, help="The virtual board (default: the last one built here).")
@click.option("--sound", multiple=True, type=_FILES, help="A WAV file for SOUND.")
@click.option("--accelerometer", "--accel", multiple=True, type=_FILES, help="A CSV file of x, y, z for ACCEL.")
@click.option("--image", multiple=True, type=_FILES, help="A picture for IMAGE.")
@click.option("--raw", multiple=True, type=_FILES, help="A file for RAW.")
@click.option("--random", "seed", type=click.IntRange(0, 2**64 - 1), default=0, help="The seed of RAND.")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
@build_options
def command(
    program: Path | None,
    board_name: str | None,
    sound: tuple[Path, ...],
    accelerometer: tuple[Path, ...],
    image: tuple[Path, ...],
    raw: tuple[Path, ...],
    seed: int,
    as_json: bool,
    engine: str,
    toolchain: str,
    sensors: str | None,
    interval_ms: int,
    budget: int,
    resources: tuple[str, ...],
    no_passes: tuple[str, ...],
    lenient: bool,
) -> None:
    """Count the instructions of PROGRAM's parts: a Runefile, a .rune file, or a .tflite file alone.

    Of a rune the real firmware image makes one call; capabilities without a recording get noise. A model alone makes
    one inference of noise on the board's core.
    """
    from runeflash.profile import as_data, format_profile

    path = find_input(program)
    board = choose_board(board_name, path)
    options = options_for(
        board,
        engine=engine,
        toolchain=toolchain,
        sensors=sensors,
        interval_ms=interval_ms,
        budget=budget,
        no_passes=no_passes,
    )
    if path.suffix == ".tflite":
        given = {"--sound": sound, "--accelerometer": accelerometer, "--image": image, "--raw": raw}
        for option, named in given.items():
            if named:
                raise UsageError(f"{option} is for a Runefile: a model alone is given noise")
        with progress() as show:
            show("compiling and running the model")
            profile = _profile_model(path, board, options, no_passes)
    else:
        from runeflash.device.recordings import Recordings

        files = {"SOUND": sound, "ACCEL": accelerometer, "IMAGE": image, "RAW": raw}
        with progress() as show:
            show("compiling the rune")
            rune = load_rune(path, resources, lenient=lenient)
            profile = _profile_rune(rune, path, options, Recordings(files, warn=warn), seed, show)
    if as_json:
        print_json(as_data(profile))
    else:
        click.echo(format_profile(profile))


def _profile_model(path: Path, board: Board, options: BuildOptions, no_passes: tuple[str, ...]) -> Profile:
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
            disabled=check_passes(no_passes),
        )
    except UserError as error:
        raise UserError(f"{path}: {error.message}", hint=error.hint) from error


def _profile_rune(
    rune: Rune, path: Path, options: BuildOptions, recordings: Any, seed: int, show: Callable[[str], None]
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
