"""Pictures of a pipeline: a drawing by our own layered layout (.svg, .png), text for other tools (.dot, Mermaid), and
a compact form for the terminal.

Entry points: :func:`draw` and :func:`runeflash.drawing.terminal.draw_terminal`.
"""

from __future__ import annotations

from runeflash.drawing.diagram import Diagram, diagram_of
from runeflash.errors import UsageError
from runeflash.pipeline.graph import Pipeline

__all__ = ["FORMATS", "Diagram", "diagram_of", "draw"]

#: The suffixes of the files that can be written.
FORMATS = (".svg", ".png", ".dot", ".mmd")


def draw(pipeline: Pipeline, suffix: str) -> bytes:
    """Return the picture of a pipeline as the content of a file; the same pipeline gives the same bytes.

    Args:
        pipeline: what to draw.
        suffix: the kind of file, one of :data:`FORMATS`.

    Raises:
        UsageError: there is no such kind of file.
        UserError: the pipeline is too large for a drawing (never for .dot and .mmd).
    """
    diagram = diagram_of(pipeline)
    if suffix == ".dot":
        from runeflash.drawing.dot import write_dot

        return write_dot(diagram).encode()
    if suffix == ".mmd":
        from runeflash.drawing.mermaid import write_mermaid

        return write_mermaid(diagram).encode()
    if suffix not in FORMATS:
        raise UsageError(
            f"a picture cannot be a {suffix or 'nameless'} file", hint=f"the name ends in one of {', '.join(FORMATS)}"
        )
    from runeflash.drawing.layout import lay_out

    layout = lay_out(diagram)
    if suffix == ".svg":
        from runeflash.drawing.svg import write_svg

        return write_svg(layout).encode()
    from runeflash.drawing.png import write_png

    return write_png(layout)
