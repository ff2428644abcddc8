"""The look of each kind of box: colours that differ in lightness too, and an outline of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.drawing.diagram import NodeKind
from runeflash.drawing.layout import SLANT, Rectangle

#: The picture brings its own background, so it reads the same on a light page and a dark one.
BACKGROUND = "#fbfaf7"
FRAME = "#d8d4ca"
LINE = "#4a4a4a"
NAME = "#1a1a1a"
TEXT = "#3a3a3a"


@dataclass(frozen=True)
class Colours:
    """Of a box."""

    fill: str
    outline: str


COLOURS: Mapping[NodeKind, Colours] = {
    NodeKind.CAPABILITY: Colours("#cdebc8", "#2c7a35"),
    NodeKind.PROC_BLOCK: Colours("#ffe0b5", "#a86410"),
    NodeKind.MODEL: Colours("#e3d3f6", "#6a3aa5"),
    NodeKind.OUT: Colours("#f9cdca", "#b03028"),
    NodeKind.RESOURCE: Colours("#e6ebf0", "#64748b"),
}


def corners(kind: NodeKind, area: Rectangle) -> list[tuple[float, float]]:
    """Return the outline of a box: a rectangle, one with cut corners, one that leans, a page with a folded corner.

    A capability's rectangle is drawn with round ends.
    """
    left, right, top, bottom = area.left, area.right, area.top, area.bottom
    if kind is NodeKind.OUT:
        return [(left + SLANT, top), (right, top), (right - SLANT, bottom), (left, bottom)]
    if kind is NodeKind.MODEL:
        cut = SLANT - 2
        return [
            *((left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut)),
            *((right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut)),
        ]
    if kind is NodeKind.RESOURCE:
        fold = SLANT - 4
        return [(left, top), (right - fold, top), (right, top + fold), (right, bottom), (left, bottom)]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
