"""A diagram to a layout: where every box, text and line stands. Both .svg and .png draw this and nothing else.

Rows are as high as what stands in them, and lines cross from row to row only in the space between: within a row a
line runs straight down, in a column of its own. So no line can cross a box or a text.
Units are CSS pixels, x to the right and y downwards.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from runeflash.drawing.diagram import Diagram, Edge, Node, NodeKind
from runeflash.drawing.layers import Layers, VertexKind, make_layers
from runeflash.drawing.metrics import LINE_HEIGHT, text_width
from runeflash.drawing.order import find_neighbours, make_order
from runeflash.drawing.place import place_rows

NAME_SIZE = 14.0
TEXT_SIZE = 11.0
MARGIN = 20.0
#: How far the ends of a box's outline lean or are cut: text and lines keep away from there.
SLANT = 14.0
ARROW_LENGTH = 8.0
_PADDING = 9.0
_PORT_DISTANCE = 16.0
_BEND_WIDTH = 2.0
_LABEL_PADDING = 5.0
_LABEL_MARGIN = 2.0
_GAP_ABOVE_WORDS = 10.0
_GAP_ABOVE_BOX = 20.0
_GAP_SLOPE = 0.28
_WIDEST_GAP = 80.0


@dataclass(frozen=True)
class Rectangle:
    """A part of the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.top + self.height

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.left + self.width / 2

    def overlaps(self, other: Rectangle) -> bool:
        """Whether some point is inside both."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class PlacedText:
    """A line of text that fills a rectangle of the height ``LINE_HEIGHT * size``."""

    text: str
    size: float
    is_name: bool
    area: Rectangle


@dataclass(frozen=True)
class PlacedNode:
    """A box: its outline is drawn inside ``area``, by its kind."""

    node: Node
    area: Rectangle
    texts: tuple[PlacedText, ...]


@dataclass(frozen=True)
class PlacedLabel:
    """The words on an edge."""

    edge: Edge
    text: PlacedText


@dataclass(frozen=True)
class Piece:
    """A piece of a line: straight down from ``start``, over to the x of ``end``, straight down to it.

    Attributes:
        start: where it starts, (x, y).
        bend_start: the y at which it turns away; a cubic curve with upright tangents.
        bend_end: the y at which it is upright again.
        end: where it ends, (x, y).
    """

    start: tuple[float, float]
    bend_start: float
    bend_end: float
    end: tuple[float, float]

    def controls(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the two control points of the curve in the middle."""
        half = (self.bend_start + self.bend_end) / 2
        return (self.start[0], half), (self.end[0], half)

    def points(self, steps: int = 24) -> list[tuple[float, float]]:
        """Return the piece as a chain of points, no two of them the same."""
        if self.start[0] == self.end[0]:
            return [self.start, self.end]
        (x0, y0), (x3, y3) = (self.start[0], self.bend_start), (self.end[0], self.bend_end)
        (x1, y1), (x2, y2) = self.controls()
        curve = []
        for step in range(steps + 1):
            t = step / steps
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
            curve.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
        points = [self.start, *curve, self.end]
        return [point for point, before in zip(points, [None, *points], strict=False) if point != before]


@dataclass(frozen=True)
class PlacedEdge:
    """A line of pieces, interrupted by its words, with an arrow at ``tip`` where a tensor enters a box."""

    edge: Edge
    pieces: tuple[Piece, ...]
    tip: tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A picture."""

    diagram: Diagram
    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    labels: tuple[PlacedLabel, ...]
    edges: tuple[PlacedEdge, ...]


def lay_out(diagram: Diagram) -> Layout:
    """Return where everything of a diagram stands.

    Raises:
        UserError: the diagram is too large for a picture.
    """
    layers = make_layers(diagram)
    ports = _Ports(diagram)
    sizes = [_size(diagram, ports, vertex.kind, vertex.number) for vertex in layers.vertices]
    widths = [width for width, _ in sizes]
    neighbours = find_neighbours(
        layers,
        lambda edge: ports.leaving(edge) / widths[diagram.edges[edge].source],
        lambda edge: ports.entering(edge) / widths[diagram.edges[edge].target],
    )
    order = make_order(layers, neighbours)
    kinds = [vertex.kind for vertex in layers.vertices]
    middles = place_rows(layers, order, neighbours, widths, lambda left, right: _gap(kinds[left], kinds[right]))
    middles = [middle + MARGIN for middle in middles]
    tops, bottoms = _rows(layers, ports, sizes, middles)

    areas = []
    for vertex, (width, height), middle in zip(layers.vertices, sizes, middles, strict=True):
        centre = (tops[vertex.row] + bottoms[vertex.row]) / 2
        areas.append(Rectangle(middle - width / 2, centre - height / 2, width, height))
    boxes = [_box(node, area) for node, area in zip(diagram.nodes, areas, strict=False)]
    labels = []
    for vertex, area in zip(layers.vertices, areas, strict=True):
        if vertex.kind is VertexKind.LABEL:
            edge = diagram.edges[vertex.number]
            left, top = area.left + _LABEL_PADDING, area.top + _LABEL_MARGIN
            inner = Rectangle(left, top, area.width - 2 * _LABEL_PADDING, TEXT_SIZE * LINE_HEIGHT)
            labels.append(PlacedLabel(edge, PlacedText(diagram.label(edge), TEXT_SIZE, False, inner)))
    return Layout(
        diagram,
        math.ceil(max((area.right for area in areas), default=0.0) + MARGIN),
        math.ceil((bottoms[-1] if bottoms else 0.0) + MARGIN),
        tuple(boxes),
        tuple(labels),
        _edges(diagram, layers, ports, areas, tops, bottoms),
    )


class _Ports:
    """Where lines meet boxes: from the middle of the box, to the right."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.below = [max(node.outputs, 1) for node in diagram.nodes]
        self.above = [max(node.inputs, 1) for node in diagram.nodes]
        for edge in diagram.edges:
            self.above[edge.target] = max(self.above[edge.target], edge.port + 1)

    def leaving(self, number: int) -> float:
        edge = self.diagram.edges[number]
        return (edge.output - (self.below[edge.source] - 1) / 2) * _PORT_DISTANCE

    def entering(self, number: int) -> float:
        edge = self.diagram.edges[number]
        return (edge.port - (self.above[edge.target] - 1) / 2) * _PORT_DISTANCE

    def width(self, node: int) -> float:
        return (max(self.above[node], self.below[node]) - 1) * _PORT_DISTANCE


def _size(diagram: Diagram, ports: _Ports, kind: VertexKind, number: int) -> tuple[float, float]:
    if kind is VertexKind.BEND:
        return _BEND_WIDTH, 0.0
    if kind is VertexKind.LABEL:
        width = text_width(diagram.label(diagram.edges[number]), TEXT_SIZE)
        return math.ceil(width) + 2 * _LABEL_PADDING, TEXT_SIZE * LINE_HEIGHT + 2 * _LABEL_MARGIN
    node = diagram.nodes[number]
    lines = node.lines
    width = max(text_width(line, _text_size(index)) for index, line in enumerate(lines))
    height = sum(_text_size(index) * LINE_HEIGHT for index in range(len(lines)))
    width = max(width, ports.width(number)) + 2 * (SLANT + (0 if node.kind is NodeKind.RESOURCE else 4))
    return math.ceil(width), math.ceil(height + 2 * _PADDING)


def _text_size(line: int) -> float:
    return NAME_SIZE if line == 0 else TEXT_SIZE


def _gap(left: VertexKind, right: VertexKind) -> float:
    if left is VertexKind.BOX and right is VertexKind.BOX:
        return 28.0
    return 12.0 if left is VertexKind.BEND and right is VertexKind.BEND else 16.0


def _rows(
    layers: Layers, ports: _Ports, sizes: list[tuple[float, float]], middles: list[float]
) -> tuple[list[float], list[float]]:
    """Return the top and bottom of every row: where lines go far sideways there is more room between two."""
    heights = [0.0] * layers.rows
    has_box = [False] * layers.rows
    for vertex, (_, height) in zip(layers.vertices, sizes, strict=True):
        heights[vertex.row] = max(heights[vertex.row], height)
        has_box[vertex.row] |= vertex.kind is VertexKind.BOX
    sideways = [0.0] * layers.rows
    for link in layers.links:
        start, end = _ends(layers, ports, link.upper, link.lower, link.edge, middles)
        row = layers.vertices[link.lower].row
        sideways[row] = max(sideways[row], abs(end - start))
    tops, bottoms, y = [], [], MARGIN
    for row, height in enumerate(heights):
        if row:
            least = _GAP_ABOVE_BOX if has_box[row] else _GAP_ABOVE_WORDS
            y += least + min(sideways[row] * _GAP_SLOPE, _WIDEST_GAP)
        tops.append(y)
        y += height
        bottoms.append(y)
    return tops, bottoms


def _ends(
    layers: Layers, ports: _Ports, upper: int, lower: int, edge: int, middles: list[float]
) -> tuple[float, float]:
    """Return the x of both ends of a line between two rows."""
    start = middles[upper] + (ports.leaving(edge) if layers.vertices[upper].kind is VertexKind.BOX else 0.0)
    end = middles[lower] + (ports.entering(edge) if layers.vertices[lower].kind is VertexKind.BOX else 0.0)
    return start, end


def _box(node: Node, area: Rectangle) -> PlacedNode:
    texts = []
    y = area.top + _PADDING
    for index, line in enumerate(node.lines):
        size = _text_size(index)
        width = text_width(line, size)
        texts.append(
            PlacedText(line, size, index == 0, Rectangle(area.middle - width / 2, y, width, size * LINE_HEIGHT))
        )
        y += size * LINE_HEIGHT
    return PlacedNode(node, area, tuple(texts))


def _edges(
    diagram: Diagram,
    layers: Layers,
    ports: _Ports,
    areas: list[Rectangle],
    tops: list[float],
    bottoms: list[float],
) -> tuple[PlacedEdge, ...]:
    middles = [area.middle for area in areas]
    edges = []
    for number, links in itertools.groupby(layers.links, key=lambda link: link.edge):
        edge = diagram.edges[number]
        pieces = []
        tip = (0.0, 0.0)
        for link in links:
            start, end = _ends(layers, ports, link.upper, link.lower, number, middles)
            upper, lower = layers.vertices[link.upper], layers.vertices[link.lower]
            last = areas[link.lower].top
            if lower.kind is VertexKind.BOX:
                tip = (end, last)
                last -= 0.0 if edge.is_resource else ARROW_LENGTH - 1
            elif lower.kind is VertexKind.BEND:
                last = bottoms[lower.row]
            bend_end = tops[lower.row] - (ARROW_LENGTH if lower.kind is VertexKind.BOX else 0.0)
            first = bottoms[upper.row] if upper.kind is VertexKind.BEND else areas[link.upper].bottom
            pieces.append(Piece((start, first), bottoms[upper.row], min(bend_end, last), (end, last)))
        edges.append(PlacedEdge(edge, tuple(pieces), tip))
    return tuple(edges)
