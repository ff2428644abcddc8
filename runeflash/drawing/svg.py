"""A layout to SVG text: no fonts embedded, no script, and each text held to its width by ``textLength``."""

from __future__ import annotations

from html import escape

from runeflash.drawing.diagram import NodeKind
from runeflash.drawing.layout import ARROW_LENGTH, Layout, Piece, PlacedEdge, PlacedNode, PlacedText
from runeflash.drawing.style import BACKGROUND, COLOURS, FRAME, LINE, NAME, TEXT, corners

_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
#: From the middle of a line of text down to where its letters stand, times the font size.
_BASELINE = 0.35


def write_svg(layout: Layout) -> str:
    """Return the text of an .svg file."""
    width, height = _number(layout.width), _number(layout.height)
    name = _text(layout.diagram.name)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" font-family="{_FONTS}" text-anchor="middle">',
        f"<title>The pipeline {name}</title>",
        f'<rect x="0.5" y="0.5" width="{_number(layout.width - 1)}" height="{_number(layout.height - 1)}" rx="8"'
        f' fill="{BACKGROUND}" stroke="{FRAME}"/>',
        f'<g fill="none" stroke="{LINE}" stroke-width="1.5">',
        *(_line(edge) for edge in layout.edges),
        "</g>",
        f'<g fill="{LINE}">',
        *(_arrow(edge) for edge in layout.edges if not edge.edge.is_resource),
        "</g>",
        *(_box(node) for node in layout.nodes),
        *(_words(label.text) for label in layout.labels),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _line(edge: PlacedEdge) -> str:
    dashes = ' stroke-dasharray="4 3"' if edge.edge.is_resource else ""
    return f'<path d="{" ".join(map(_piece, edge.pieces))}"{dashes}/>'


def _piece(piece: Piece) -> str:
    start = f"M{_point(piece.start)}"
    if piece.start[0] == piece.end[0]:
        return f"{start} V{_number(piece.end[1])}"
    first, second = piece.controls()
    curve = f"C{_point(first)} {_point(second)} {_point((piece.end[0], piece.bend_end))}"
    return f"{start} V{_number(piece.bend_start)} {curve} V{_number(piece.end[1])}"


def _arrow(edge: PlacedEdge) -> str:
    x, y = edge.tip
    left, right = (x - ARROW_LENGTH / 2, y - ARROW_LENGTH), (x + ARROW_LENGTH / 2, y - ARROW_LENGTH)
    return f'<path d="M{_point(edge.tip)} L{_point(left)} L{_point(right)} Z"/>'


def _box(placed: PlacedNode) -> str:
    node, area = placed.node, placed.area
    colours = COLOURS[node.kind]
    paint = f'fill="{colours.fill}" stroke="{colours.outline}" stroke-width="1.5"'
    if node.kind in {NodeKind.CAPABILITY, NodeKind.PROC_BLOCK}:
        radius = area.height / 2 if node.kind is NodeKind.CAPABILITY else 2
        place = f'x="{_number(area.left)}" y="{_number(area.top)}" rx="{_number(radius)}"'
        outline = f'<rect {place} width="{_number(area.width)}" height="{_number(area.height)}" {paint}/>'
    else:
        points = " ".join(_point(corner) for corner in corners(node.kind, area))
        outline = f'<polygon points="{points}" {paint}/>'
    title = _text(f"{node.name}: {node.kind.value} {node.qualifier}" + (f", {node.details}" if node.details else ""))
    return "\n".join(["<g>", f"<title>{title}</title>", outline, *map(_words, placed.texts), "</g>"])


def _words(text: PlacedText) -> str:
    middle = text.area.top + text.area.height / 2 + _BASELINE * text.size
    look = f'fill="{NAME}" font-weight="600"' if text.is_name else f'fill="{TEXT}"'
    return (
        f'<text x="{_number(text.area.middle)}" y="{_number(middle)}" font-size="{_number(text.size)}" {look}'
        f' textLength="{_number(text.area.width)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">'
        f"{_text(text.text)}</text>"
    )


def _text(text: str) -> str:
    """Return a text for XML, without the characters that XML cannot have."""
    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text))


def _point(point: tuple[float, float]) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    """Return a coordinate, rounded to a tenth so that the same picture is the same text everywhere."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
