"""``runeflash run``: a rune on this computer, or its firmware on a board, virtual or at a port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runeflash.cli.inputs import find_input, load_rune
from runeflash.cli.options import BuildChoices, RecordingChoices, build_options, profile_option, recording_options
from runeflash.cli.output import progress, warn
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from runeflash.device.ports import Port
    from runeflash.device.session import RunSession


@click.command("run")
@click.argument("runefile", required=False, type=click.Path(path_type=Path))
@click.option("--board", "board_name", default=None, help="Run the firmware on this virtual board.")
@click.option(
    "--emulator",
    type=click.Choice(["unicorn", "qemu"]),
    default="unicorn",
    show_default=True,
    help="What the virtual board runs on.",
)
@click.option("--port", default=None, help="Flash the firmware to the board at this port, and run it there.")
@recording_options
@click.option("--random", "seed", type=click.IntRange(0, 2**64 - 1), default=None, help="The seed of RAND.")
@click.option("-r", "--repeats", type=click.IntRange(1), default=1, show_default=True, help="How many calls.")
@click.option("--count", is_flag=True, help="Print executed instructions on standard error (virtual boards).")
@profile_option
@build_options
def command(
    runefile: Path | None,
    board_name: str | None,
    emulator: str,
    port: str | None,
    recorded: RecordingChoices,
    seed: int | None,
    repeats: int,
    count: bool,
    profile: bool,
    build: BuildChoices,
) -> None:
    """Run RUNEFILE, a Runefile or a .rune file, and print one line of JSON per output and call."""
    from runeflash.device.session import RunSession

    target = None if port is None else _target(port, board_name, emulator, seed, count)
    board_name = board_name or (target.board if target is not None else None)
    if count and board_name is None:
        raise UsageError("--count needs --board: only virtual boards count instructions")
    if emulator == "qemu" and board_name is None:
        raise UsageError("--emulator needs --board")
    if emulator == "qemu" and count:
        raise UsageError("--count is not for --emulator qemu: it counts no instructions")
    build.check_engine()
    disabled_passes = build.disabled_passes
    path = find_input(runefile)
    recordings = recorded.recordings()
    with progress() as show:
        show("compiling the rune")
        rune = load_rune(path, build.resources, recordings.check, lenient=build.lenient)
        if emulator == "qemu" and "RAND" in rune.capability_kinds:
            raise UserError("QEMU's board has no random number generator, and the rune asks for RAND")
        click.echo(f"Running rune: {rune.name}.rune", err=True)
        session = RunSession(
            recordings,
            lines_per_call=rune.output_count,
            repeats=repeats,
            emit=click.echo,
            warn=warn,
            profiled=profile,
        )
        if board_name is None:
            from runeflash.device.computer import run_program
            from runeflash.firmware.host import host_program

            show("building for this computer")
            program = host_program(
                rune, engine=build.engine, budget=build.budget, disabled_passes=disabled_passes, profile=profile
            )
        else:
            from runeflash.boards import find_board
            from runeflash.firmware.cached import cached_firmware

            options = build.options_for(find_board(board_name), profile=profile)
            firmware = cached_firmware(rune, options, path, progress=show)
    if target is not None:
        from runeflash.device.flash import UploadJob
        from runeflash.device.port_run import run_on_port

        run_on_port(UploadJob(firmware.image, firmware.folder / "project", options.board, target), session)
    elif board_name is None:
        run_program(program, session, seed=seed, calls=repeats)
    elif emulator == "qemu":
        from runeflash.device.qemu_run import run_qemu

        run_qemu(options.board, firmware.image.read_bytes(), session)
    else:
        from runeflash.device.virtual_run import format_counts, run_virtual

        counts = run_virtual(options.board, firmware.image.read_bytes(), session, seed=seed)
        if count:
            click.echo(format_counts(counts), err=True)
    if session.profiles:
        where = "this computer" if board_name is None else options.board.id
        _show_profile(session, f"{rune.name} on {where}, {build.engine}")
    if session.failure is not None:
        raise session.failure


def _show_profile(session: RunSession, title: str) -> None:
    from runeflash.device.call_profile import mean_profile
    from runeflash.profile import format_profile

    click.echo(format_profile(mean_profile(title, session.profiles)), err=True)


def _target(port: str, board_name: str | None, emulator: str, seed: int | None, count: bool) -> Port:
    """Return the port of ``--port``, having refused what goes with a virtual board of the command's own only.

    Raises:
        UsageError: another option does not go with a port, or the board cannot be known.
        DeviceError: there is no such port, or another board is there.
    """
    from runeflash.boards import find_board
    from runeflash.device.ports import find_port
    from runeflash.device.upload import check_board

    for given, option in ((emulator == "qemu", "--emulator"), (seed is not None, "--random"), (count, "--count")):
        if given:
            raise UsageError(f"{option} is for --board without --port", hint="`emulate` has options of its own")
    target = find_port(port)
    if board_name is not None:
        check_board(target, find_board(board_name))
    elif target.board is None:
        raise UsageError(f"which board is at {port} cannot be seen", hint="say so with --board")
    return target
