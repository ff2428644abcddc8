"""``runeflash emulate``: virtual boards in the background."""

from __future__ import annotations

from dataclasses import asdict

import click

from runeflash.cli.options import RecordingChoices, recording_options
from runeflash.cli.output import print_json
from runeflash.errors import UsageError


@click.command("emulate")
@click.option("--board", "board_name", default=None, help="The board to start.")
@click.option("--list", "list_them", is_flag=True, help="List the virtual boards that run.")
@click.option(
    "--stop",
    "stop_one",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[ID]",
    help="Stop one; all without an ID.",
)
@click.option("--reset", "reset_one", default=None, metavar="ID", help="Press the reset button of one.")
@click.option("--name", default=None, help="The virtual board's id (default: the board's, with a number if need be).")
@click.option(
    "--emulator", type=click.Choice(["unicorn", "qemu"]), default="unicorn", show_default=True, help="What it runs on."
)
@click.option(
    "--tcp",
    is_flag=False,
    flag_value=0,
    default=None,
    type=click.IntRange(0, 65535),
    metavar="[PORT]",
    help="Offer a TCP port on this computer too.",
)
@click.option("--random", "seed", type=click.IntRange(0, 2**64 - 1), default=None, help="The seed of RAND.")
@click.option("--erase", is_flag=True, help="Start with erased flash instead of what was flashed last.")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
@recording_options
def command(
    board_name: str | None,
    list_them: bool,
    stop_one: str | None,
    reset_one: str | None,
    name: str | None,
    emulator: str,
    tcp: int | None,
    seed: int | None,
    erase: bool,
    as_json: bool,
    recorded: RecordingChoices,
) -> None:
    """Start a virtual board with a serial port; `flash` and `monitor` take it for a real one.

    Recordings are played into its stream port; without any, that is left to `monitor`. The board runs until --stop.
    """
    from runeflash.device import emulator as emulators

    if sum((board_name is not None, list_them, stop_one is not None, reset_one is not None)) != 1:
        raise UsageError("say one of --board BOARD, --list, --stop [ID] and --reset ID")
    if reset_one is not None:
        emulators.reset(emulators.find_running(reset_one))
        return
    if list_them:
        boards = [_facts(board) for board in emulators.running_boards()]
        if as_json:
            print_json(boards)
        elif not boards:
            click.echo("no virtual boards run")
        else:
            for facts in boards:
                click.echo(_line(facts))
        return
    if stop_one is not None:
        stopped = [emulators.find_running(stop_one)] if stop_one else emulators.running_boards()
        for board in stopped:
            emulators.stop(board)
            click.echo(f"stopped {board.id}")
        if not stopped:
            click.echo("no virtual boards run")
        return
    from runeflash.boards import find_board

    assert board_name is not None
    recorded.checked()
    board = emulators.start(
        find_board(board_name),
        name=name,
        emulator=emulator,
        tcp=tcp,
        seed=seed,
        files=recorded.files,
        advance=recorded.advance,
        erase=erase,
    )
    if as_json:
        print_json(_facts(board))
    else:
        click.echo(_line(_facts(board)))


def _facts(board: object) -> dict[str, object]:
    """Return what is to be known of a virtual board, with how it fares."""
    from runeflash.device import emulator as emulators
    from runeflash.errors import DeviceError

    assert isinstance(board, emulators.RunningBoard)
    facts: dict[str, object] = asdict(board)
    try:
        state = emulators.status(board)
    except DeviceError as error:
        return {**facts, "state": error.message}
    if state.erased:
        return {**facts, "state": "erased"}
    return {**facts, "state": state.fault or state.recordings_ended or "running"}


def _line(facts: dict[str, object]) -> str:
    tcp = f", socket://localhost:{facts['tcp']}" if facts["tcp"] is not None else ""
    return f"{facts['id']}: {facts['port']}{tcp} (pid {facts['pid']}, {facts['emulator']}, {facts['state']})"
