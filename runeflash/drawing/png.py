"""A layout to the bytes of a .png file, drawn with Pillow and the font that it brings along."""

from __future__ import annotations

import io
import itertools
from functools import cache
from typing import TYPE_CHECKING

from runeflash.drawing.diagram import Diagram, NodeKind
from runeflash.drawing.layout import ARROW_LENGTH, Layout, PlacedEdge, PlacedText
from runeflash.drawing.style import BACKGROUND, COLOURS, FRAME, LINE, NAME, TEXT, corners
from runeflash.errors import UserError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

#: Pixels of the file per CSS pixel, for screens that show twice as many.
SCALE = 2
#: Drawn this much larger and then reduced, which makes lines smooth.
_SMOOTH = 2
_LARGEST_SIDE = 16_000
_LARGEST_AREA = 40_000_000


def write_png(layout: Layout) -> bytes:
    """Return the bytes of a .png file.

    Raises:
        UserError: the picture would be too large for the programs that show such files.
    """
    from PIL import Image, ImageDraw

    scale = SCALE
    while scale and not _fits(layout, scale):
        scale -= 1
    if not scale:
        raise UserError("the picture is too large for a .png file", hint="write an .svg file instead")
    fine = scale * _SMOOTH
    size = (round(layout.width * scale), round(layout.height * scale))
    image = Image.new("RGB", (size[0] * _SMOOTH, size[1] * _SMOOTH), BACKGROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=FRAME, width=fine)
    for edge in layout.edges:
        _line(pen, edge, fine)
    for placed in layout.nodes:
        area, colours = placed.area, COLOURS[placed.node.kind]
        width = round(1.5 * fine)
        if placed.node.kind is NodeKind.CAPABILITY:
            box = (area.left * fine, area.top * fine, area.right * fine, area.bottom * fine)
            pen.rounded_rectangle(box, area.height * fine / 2, colours.fill, colours.outline, width)
        else:
            points = [(x * fine, y * fine) for x, y in corners(placed.node.kind, area)]
            pen.polygon(points, colours.fill)
            pen.line([*points, *points[:2]], colours.outline, width, "curve")
    image = image.resize(size, Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    for placed in layout.nodes:
        for text in placed.texts:
            _words(pen, text, scale)
    for label in layout.labels:
        _words(pen, label.text, scale)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True, dpi=(72 * scale, 72 * scale))
    return out.getvalue()


def fitting_font(text: str, size: float, width: float) -> FreeTypeFont:
    """Return the font of that size, or of the largest smaller one in which a text is not wider than ``width``."""
    while True:
        font = _font(size)
        if font.getlength(text) <= width + 0.01 or size <= 1:
            return font
        size -= 0.5


def without_glyph(diagram: Diagram) -> tuple[str, ...]:
    """Return the characters of a diagram, in order, that the font of .png files does not have."""
    characters = {c for node in diagram.nodes for line in node.lines for c in line if not c.isascii()}
    if not characters:
        return ()
    font = _font(20.0)
    nothing = bytes(font.getmask("\U0010ffff"))  # what stands for a character that is not there
    return tuple(sorted(c for c in characters if bytes(font.getmask(c)) == nothing))


def _fits(layout: Layout, scale: int) -> bool:
    width, height = layout.width * scale, layout.height * scale
    return max(width, height) <= _LARGEST_SIDE and width * height <= _LARGEST_AREA


@cache
def _font(size: float) -> FreeTypeFont:
    from PIL import ImageFont
    from PIL.ImageFont import FreeTypeFont

    font = ImageFont.load_default(size)
    if not isinstance(font, FreeTypeFont):
        raise UserError("this Pillow has no font to draw with", hint="write an .svg file instead")
    return font


def _line(pen: ImageDraw, edge: PlacedEdge, fine: int) -> None:
    width = round(1.5 * fine)
    for piece in edge.pieces:
        points = [(x * fine, y * fine) for x, y in piece.points()]
        if edge.edge.is_resource:
            _dashes(pen, points, width, (4.0 * fine, 3.0 * fine))
        else:
            pen.line(points, LINE, width, "curve")
    if not edge.edge.is_resource:
        x, y = edge.tip[0] * fine, edge.tip[1] * fine
        half, length = ARROW_LENGTH / 2 * fine, ARROW_LENGTH * fine
        pen.polygon([(x, y), (x - half, y - length), (x + half, y - length)], LINE)


def _dashes(pen: ImageDraw, points: list[tuple[float, float]], width: int, pattern: tuple[float, float]) -> None:
    """Draw a chain of points as dashes and gaps of those lengths."""
    drawing, left = True, pattern[0]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        done = 0.0
        while done < length:
            step = min(left, length - done)
            a, b = done / length, (done + step) / length
            if drawing:
                start, end = (x0 + a * (x1 - x0), y0 + a * (y1 - y0)), (x0 + b * (x1 - x0), y0 + b * (y1 - y0))
                pen.line([start, end], LINE, width)
            done += step
            left -= step
            if left <= 1e-9:
                drawing = not drawing
                left = pattern[0] if drawing else pattern[1]


def _words(pen: ImageDraw, text: PlacedText, scale: int) -> None:
    font = fitting_font(text.text, text.size * scale, text.area.width * scale)
    place = (text.area.middle * scale, (text.area.top + text.area.height / 2) * scale)
    pen.text(place, text.text, NAME if text.is_name else TEXT, font, "mm")
