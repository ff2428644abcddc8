"""``runeflash boards``."""

from __future__ import annotations

from dataclasses import asdict

import click

from runeflash.cli.output import print_json
from runeflash.errors import UsageError


@click.command("boards")
@click.argument("names", nargs=-1, metavar="[BOARD]...")
@click.option("--connected", is_flag=True, help="The boards that are plugged in, and the virtual ones that run.")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(names: tuple[str, ...], connected: bool, as_json: bool) -> None:
    """List the boards, with what they have; or only each BOARD, a name or a file of your own, which is checked."""
    from runeflash.boards import all_boards, find_board

    if connected:
        if names:
            raise UsageError("--connected lists every port, and takes no BOARD")
        _list_connected(as_json)
        return
    boards = [find_board(name) for name in names] or all_boards()
    if as_json:
        print_json([{**asdict(board), "path": str(board.path)} for board in boards])
        return
    for board in boards:
        click.echo(f"{board.id}: {board.name} ({board.mcu})")
        click.echo(f"  flash {board.flash.length:,} bytes, RAM {board.ram.length:,} bytes, serial {board.baud:,} baud")
        drivers = ", ".join(f"{kind} ({driver})" for kind, driver in board.drivers.items())
        click.echo(f"  drivers: {drivers or 'none'}; sensor data: {', '.join(board.sensors)}")
        click.echo(f"  virtual: {'yes' if board.virtual else 'no'}")


def _list_connected(as_json: bool) -> None:
    from runeflash.device.ports import list_connected

    ports = list_connected()
    if as_json:
        print_json([{**asdict(port), "board": port.board_id} for port in ports])
        return
    for port in ports:
        kind = "virtual" if port.virtual is not None else "USB"
        click.echo(f"{port.device}: {port.board_id or 'unknown board'} ({kind}: {port.virtual or port.description})")
    if not ports:
        click.echo("no board is plugged in, and no virtual one runs (runeflash emulate --board BOARD)")
