"""``runeflash version``."""

from __future__ import annotations

import platform

import click

import runeflash
from runeflash.cli.output import print_json


@click.command("version")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(as_json: bool) -> None:
    """Show the version of runeflash and of the tools that shape its output."""
    from runeflash.toolchain import versions

    if as_json:
        print_json({"runeflash": runeflash.__version__, "python": platform.python_version(), **versions.pinned()})
        return
    click.echo(f"runeflash {runeflash.__version__}")
    for name, version in versions.pinned().items():
        click.echo(f"  {name} {version}")
