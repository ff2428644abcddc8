"""``runeflash graph``: the picture of a pipeline, in a file or in the terminal."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runeflash.cli.inputs import DiagnosedError, find_input
from runeflash.cli.output import print_diagnostics, warn
from runeflash.errors import UsageError, UserError

if TYPE_CHECKING:
    from runeflash.drawing import Diagram

# Widest drawing where the output is no terminal, and so has no width.
_WIDTH = 120


@click.command("graph")
@click.argument("runefile", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    help="The file to write: x.svg, x.png, x.dot (Graphviz) or x.mmd (Mermaid).",
)
def command(runefile: Path | None, output: Path | None) -> int:
    """Draw the pipeline of RUNEFILE; without -o, in the terminal."""
    from runeflash.drawing import FORMATS, diagram_of, draw
    from runeflash.pipeline import load

    if output is not None and output.suffix.lower() not in FORMATS:
        raise UsageError(f"{output} cannot be written: its name ends in none of {', '.join(FORMATS)}")
    path = find_input(runefile)
    if path.suffix == ".rune":
        raise UsageError("runeflash graph draws a Runefile, not a .rune file", hint=f"runeflash inspect {path}")
    source, pipeline, diagnostics = load(path)
    print_diagnostics(diagnostics, source)
    if pipeline is None:
        return DiagnosedError.exit_code
    if output is None:
        _print(diagram_of(pipeline))
        return 0
    content = draw(pipeline, output.suffix.lower())
    if output.suffix.lower() == ".png":
        from runeflash.drawing.png import without_glyph

        missing = without_glyph(diagram_of(pipeline))
        if missing:
            warn(f"the font of .png files does not have {''.join(missing[:20])}: write an .svg file to see them")
    try:
        output.write_bytes(content)
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror})") from error
    return 0


def _print(diagram: Diagram) -> None:
    from runeflash.drawing.diagram import NodeKind
    from runeflash.drawing.terminal import ASCII, UNICODE, draw_terminal

    colours = {
        NodeKind.CAPABILITY: "green",
        NodeKind.PROC_BLOCK: "yellow",
        NodeKind.MODEL: "magenta",
        NodeKind.OUT: "red",
    }
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
    encoding = sys.stdout.encoding or "ascii"
    is_unicode = encoding.lower().replace("-", "") == "utf8"
    for row in draw_terminal(diagram, width, UNICODE if is_unicode else ASCII):
        words = (
            click.style(row.words, fg=colours[row.kind], bold=True) if row.kind else click.style(row.words, dim=True)
        )
        line = f"{row.rails}  {words}{row.rest}"
        click.echo(line if is_unicode else line.encode(encoding, "replace").decode(encoding))
