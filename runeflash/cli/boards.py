"""``runeflash boards``."""

from __future__ import annotations

from dataclasses import asdict

import click

from runeflash.cli.output import print_json
from runeflash.errors import UsageError


@click.command("boards")
@click.argument("names", nargs=-1, metavar="[BOARD]...")
@click.option("--connected", is_flag=True, help="Only boards that are plugged in (not in this version yet).")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(names: tuple[str, ...], connected: bool, as_json: bool) -> None:
    """List the boards, with what they have; or only each BOARD, a name or a file of your own, which is checked."""
    from runeflash.boards import all_boards, find_board

    if connected:
        raise UsageError("--connected is not part of this version yet")
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
