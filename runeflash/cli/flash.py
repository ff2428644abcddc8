"""``runeflash flash``: a build onto a board."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from runeflash.cli.options import RecordingChoices, recording_options
from runeflash.cli.output import progress, warn
from runeflash.errors import UsageError, UserError


@click.command("flash")
@click.argument("build", required=False, type=click.Path(path_type=Path))
@click.option("--port", default=None, help="A serial port, or a virtual board's name (default: the board found).")
@click.option(
    "--board", "board_name", default=None, help="Flash the last build for this board, or say what a .bin is for."
)
@click.option("--monitor", is_flag=True, help="Go on as `monitor` does, from the boot line on.")
@click.option("-v", "--verbose", is_flag=True, help="Show what PlatformIO prints.")
@recording_options
def command(
    build: Path | None,
    port: str | None,
    board_name: str | None,
    monitor: bool,
    verbose: bool,
    recorded: RecordingChoices,
) -> int:
    """Flash BUILD to a board: a build's folder, its report.json, or a .bin (default: the last build here).

    A board that is plugged in is preferred to a virtual one. Recordings are --monitor's, as those of `monitor`.
    """
    from runeflash.boards import find_board
    from runeflash.cli.watching import baud_of, watch
    from runeflash.device.connection import open_port
    from runeflash.device.flash import UploadJob, flash, flash_listening
    from runeflash.device.ports import check_takes_recordings, find_port
    from runeflash.firmware.built import is_build, last_build, project_for_image, read_build

    recordings = recorded.checked()
    if recordings is not None and not monitor:
        raise UsageError("recordings need --monitor, which plays them")
    wanted = find_board(board_name) if board_name is not None else None
    place = build or Path()
    if build is not None and not build.exists():
        raise UserError(f"there is no {build}")
    if place.is_dir() and not is_build(place):
        place = last_build(place, wanted.id if wanted is not None else None)
    if is_build(place):
        built = read_build(place)
        if wanted is not None and wanted.id != built.board.id:
            raise UserError(f"{place} was built for {built.board.id}, not for {wanted.id}")
        if not built.unchanged:
            warn(f"{built.image} is not as the build wrote it, and is flashed as it is")
        target = find_port(port, built.board.id)
        job = UploadJob(built.image, built.project, built.board, target)
    elif place.suffix == ".bin":
        target = find_port(port, wanted.id if wanted is not None else None)
        if wanted is None:
            if target.board is None:
                raise UsageError(f"which board {place} is for cannot be seen", hint="say so with --board")
            wanted = find_board(target.board)
        job = UploadJob(place, project_for_image(wanted), wanted, target)
    else:
        raise UserError(f"{place} is no build", hint="a build's folder, its report.json or a .bin can be flashed")
    if recordings is not None:
        check_takes_recordings(target)
    click.echo(f"flashing {job.image} to {job.board.id} at {target}", err=True)
    if not monitor:
        with progress() as show:
            show("flashing with PlatformIO")
            printed = flash(job)
        _finish(printed, verbose)
        return 0
    with contextlib.closing(open_port(target, baud_of(target, None))) as first:
        with progress() as show:
            show("flashing with PlatformIO")
            printed, serial, received = flash_listening(job, first)
        _finish(printed, verbose)
        return watch(
            target,
            baud=None,
            as_json=False,
            output=None,
            lines=None,
            timeout=None,
            recordings=recordings,
            serial=serial,
            received=received,
        )


def _finish(printed: str, verbose: bool) -> None:
    if verbose:
        click.echo(printed, err=True)
    click.echo("flashed", err=True)
