"""``runeflash new``: a folder with a project that works."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from runeflash.errors import UsageError

_DEFAULT = "gesture"


@click.command("new")
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--template", "template_name", default=None, help="gesture, sine or empty (default: by NAME, or gesture)."
)
@click.option("--dialect", "dialect_name", default="yaml", help="How the Runefile is written: yaml or dockerfile.")
def command(name: Path, template_name: str | None, dialect_name: str) -> None:
    """Make the folder NAME with a project to start from."""
    from runeflash.boards import all_boards
    from runeflash.projects import TEMPLATES, Dialect, create_project

    chosen = template_name or (name.name if name.name in TEMPLATES else _DEFAULT)
    if chosen not in TEMPLATES:
        raise UsageError(f"--template is one of {', '.join(TEMPLATES)}, not {chosen!r}")
    dialects = {dialect.value: dialect for dialect in Dialect}
    if dialect_name not in dialects:
        raise UsageError(f"--dialect is one of {', '.join(dialects)}, not {dialect_name!r}")
    template = TEMPLATES[chosen]
    files = create_project(name, template, dialects[dialect_name])
    click.echo(f"{name}: {template.summary} ({', '.join(files)})")
    click.echo("next:")
    if name.resolve() != Path.cwd():
        click.echo(f"  cd {shlex.quote(str(name))}")
    click.echo("  runeflash check")
    click.echo(f"  runeflash run {template.inputs}")
    board = next(board for board in all_boards() if board.virtual is not None)
    click.echo(f"  runeflash build --board {board.id}")
