"""Layers: which row of the picture everything stands in.

The first step of layered drawing (Sugiyama, Tagawa, Toda 1981). Rows hold boxes, the words on arrows, and a bend
wherever an arrow passes through, so that every line leads from one row to the next and nothing lies in between.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from runeflash.drawing.diagram import Diagram, Edge
from runeflash.errors import UserError

#: Beyond this nobody reads the picture, and drawing it would take long.
MAXIMUM_VERTICES = 4000


class VertexKind(enum.Enum):
    """What stands in a row."""

    BOX = "box"
    LABEL = "label"
    BEND = "bend"


@dataclass(frozen=True)
class Vertex:
    """Something in a row.

    Attributes:
        kind: what.
        number: the box's or the edge's number in the diagram.
        row: counted from the top.
    """

    kind: VertexKind
    number: int
    row: int


@dataclass(frozen=True)
class Link:
    """A line from a vertex to one in the next row, a piece of an edge; the vertices are given by their numbers."""

    upper: int
    lower: int
    edge: int


@dataclass(frozen=True)
class Layers:
    """The diagram in rows: the first ``len(diagram.nodes)`` vertices are its boxes, in order."""

    vertices: tuple[Vertex, ...]
    links: tuple[Link, ...]
    rows: int


def make_layers(diagram: Diagram) -> Layers:
    """Put every box, label and bend of a diagram into a row.

    Raises:
        UserError: there are too many of them for a picture.
    """
    rows = _rows_of_boxes(diagram)
    crossed = sum(rows[edge.target] - rows[edge.source] - 1 for edge in diagram.edges)
    if len(diagram.nodes) + crossed > MAXIMUM_VERTICES:
        raise UserError(
            f"a pipeline of {len(diagram.nodes)} stages and resources is too large for a drawing",
            hint="write a .dot or .mmd file instead, and let another tool draw it",
        )
    vertices = [Vertex(VertexKind.BOX, number, row) for number, row in enumerate(rows)]
    leaving = [0] * len(rows)
    entering = [0] * len(rows)
    for edge in diagram.edges:
        leaving[edge.source] += 1
        entering[edge.target] += 1
    links = []
    for number, edge in enumerate(diagram.edges):
        top, bottom = rows[edge.source], rows[edge.target]
        # The words stand where fewer arrows meet.
        words = bottom - 1 if leaving[edge.source] > entering[edge.target] else top + 1
        upper = edge.source
        for row in range(top + 1, bottom):
            is_label = row == words and not edge.is_resource
            vertices.append(Vertex(VertexKind.LABEL if is_label else VertexKind.BEND, number, row))
            links.append(Link(upper, len(vertices) - 1, number))
            upper = len(vertices) - 1
        links.append(Link(upper, edge.target, number))
    return Layers(tuple(vertices), tuple(links), max(rows, default=-1) + 1)


def _rows_of_boxes(diagram: Diagram) -> list[int]:
    """Return the row of every box: as far up as its inputs allow, then down to where its outputs are used."""
    count = len(diagram.nodes)
    tensors = [edge for edge in diagram.edges if not edge.is_resource]
    into: list[list[Edge]] = [[] for _ in range(count)]
    out_of: list[list[Edge]] = [[] for _ in range(count)]
    for edge in tensors:
        into[edge.target].append(edge)
        out_of[edge.source].append(edge)
    rows = [0] * count
    for number in range(count):
        rows[number] = max((rows[edge.source] + 2 for edge in into[number]), default=0)
    for number in reversed(range(count)):
        if out_of[number] and len(out_of[number]) >= len(into[number]):
            rows[number] = min(rows[edge.target] for edge in out_of[number]) - 2
    for edge in diagram.edges:
        if edge.is_resource:
            rows[edge.source] = min(rows[other.target] for other in diagram.edges if other.source == edge.source) - 1
    top = min(rows, default=0)
    return [row - top for row in rows]
