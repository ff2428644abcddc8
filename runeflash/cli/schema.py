"""``runeflash schema``: the JSON schema of YAML Runefiles, for editors."""

from __future__ import annotations

import click

from runeflash.cli.output import print_json


@click.command("schema")
def command() -> None:
    """Print the JSON schema of YAML Runefiles."""
    from runeflash.pipeline.schema import runefile_schema

    print_json(runefile_schema())
