"""``runeflash blocks``: the built-in proc blocks, and what each takes and gives."""

from __future__ import annotations

from pathlib import Path

import click

from runeflash.cli.output import print_json
from runeflash.errors import UserError


@click.command("blocks")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(name: str | None, as_json: bool) -> None:
    """List the built-in proc blocks, or describe NAME: one of them, or ./FOLDER of your own."""
    from runeflash.blocks import library, resolve
    from runeflash.blocks.describe import block_as_data, describe_block

    if name is None:
        blocks = [library.load(each) for each in library.names()]
        if as_json:
            print_json([block_as_data(block) for block in blocks])
            return
        width = max(len(block.name) for block in blocks)
        for block in blocks:
            click.echo(f"{block.name:<{width}}  {block.summary}")
        return
    found = resolve(name, Path())
    if found.block is None:
        raise UserError(found.message, hint=found.hint)
    if as_json:
        print_json(block_as_data(found.block))
        return
    for line in describe_block(found.block):
        click.echo(line)
