"""A diagram for the terminal: a line for each stage, and a rail for each tensor that is still to be used."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.drawing.diagram import Diagram, Edge, Node, NodeKind, shorten


@dataclass(frozen=True)
class Symbols:
    """The characters that rails are made of."""

    rail: str
    straight: str
    #: a rail that turns right or left into a stage, and one that also goes on
    end_left: str
    end_right: str
    go_on_left: str
    go_on_right: str
    #: a second output turns off to the right
    branch: str
    #: a rail that ends or goes on between others that turn into the stage
    end_between: str
    go_on_between: str
    turn_off: str
    turn_off_left: str
    more: str
    stages: Mapping[NodeKind, str]


UNICODE = Symbols(
    *("│", "─", "╰", "╯", "├", "┤", "├", "┴", "┼", "╮", "╭", "…"),
    {NodeKind.CAPABILITY: "●", NodeKind.PROC_BLOCK: "■", NodeKind.MODEL: "◆", NodeKind.OUT: "▶"},
)
ASCII = Symbols(
    *("|", "-", "`", "'", "+", "+", "+", "+", "+", ".", ".", "~"),
    {NodeKind.CAPABILITY: "o", NodeKind.PROC_BLOCK: "#", NodeKind.MODEL: "*", NodeKind.OUT: ">"},
)


@dataclass(frozen=True)
class Row:
    """A line of the drawing.

    Attributes:
        rails: the drawing at its left.
        words: what stands right of that: a stage's name (with its kind) or a tensor's type.
        kind: the kind of the stage, for its colour; None for a tensor.
        rest: more about a stage.
    """

    rails: str
    words: str
    kind: NodeKind | None
    rest: str


def draw_terminal(diagram: Diagram, width: int, symbols: Symbols) -> list[Row]:
    """Return the drawing, row by row.

    Args:
        diagram: what to draw.
        width: the most cells that a row takes; what is longer is shortened.
        symbols: :data:`UNICODE` or :data:`ASCII`.
    """
    return _Drawing(diagram, max(width, 20), symbols).rows()


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class _Drawing:
    def __init__(self, diagram: Diagram, width: int, symbols: Symbols) -> None:
        self.diagram = diagram
        self.width = width
        self.symbols = symbols
        self.rails: list[tuple[int, int] | None] = []  # the output that each column carries
        self.uses: dict[tuple[int, int], int] = {}
        self.into: list[list[Edge]] = [[] for _ in diagram.nodes]
        self.resources: list[list[Node]] = [[] for _ in diagram.nodes]
        for edge in diagram.edges:
            if edge.is_resource:
                self.resources[edge.target].append(diagram.nodes[edge.source])
            else:
                self.into[edge.target].append(edge)
                self.uses[edge.source, edge.output] = self.uses.get((edge.source, edge.output), 0) + 1
        self.types = {(edge.source, edge.output): diagram.label(edge) for edge in diagram.edges}

    def rows(self) -> list[Row]:
        rows = []
        for number, node in enumerate(self.diagram.nodes):
            if node.kind is not NodeKind.RESOURCE:
                rows.extend(self.stage(number, node))
        return rows

    def stage(self, number: int, node: Node) -> list[Row]:
        joined = {}  # column to whether its rail goes on
        for edge in self.into[number]:
            key = (edge.source, edge.output)
            column = self.rails.index(key)
            self.uses[key] -= 1
            joined[column] = self.uses[key] > 0
        ended = [column for column, goes_on in joined.items() if not goes_on]
        own = min(ended) if ended else self.free_column()
        rails = self.across(own, joined, self.symbols.stages[node.kind])
        for column in ended:
            self.rails[column] = None
        rows = [self.row(rails, node.name, number)]
        outputs = [output for output in range(node.outputs) if (number, output) in self.uses]
        for position, output in enumerate(outputs):
            if position == 0:
                self.rails[own] = (number, output)
                rows.append(self.row(self.plain(), self.types[number, output]))
                continue
            column = self.free_column()
            drawn = self.across(own, {}, self.symbols.branch, turn_off=column)
            self.rails[column] = (number, output)
            rows.append(self.row(drawn, self.types[number, output]))
        while self.rails and self.rails[-1] is None:
            self.rails.pop()
        return rows

    def free_column(self) -> int:
        if None in self.rails:
            return self.rails.index(None)
        self.rails.append(None)
        return len(self.rails) - 1

    def plain(self) -> str:
        return " ".join(self.symbols.rail if rail is not None else " " for rail in self.rails)

    def across(self, own: int, joined: Mapping[int, bool], symbol: str, turn_off: int | None = None) -> str:
        """Return the rails with a stage (or branch) in column ``own`` and lines from it to the others."""
        s = self.symbols
        ends = [own, *joined, *([turn_off] if turn_off is not None else [])]
        first, last = min(ends), max(ends)
        drawn = []
        for column, rail in enumerate(self.rails):
            if column == own:
                drawn.append(symbol)
            elif column == turn_off:
                drawn.append(s.turn_off if column > own else s.turn_off_left)
            elif column in joined and first < column < last:
                drawn.append(s.go_on_between if joined[column] else s.end_between)
            elif column in joined and column < own:
                drawn.append(s.go_on_left if joined[column] else s.end_left)
            elif column in joined:
                drawn.append(s.go_on_right if joined[column] else s.end_right)
            elif rail is not None:
                drawn.append(s.rail)
            else:
                drawn.append(s.straight if first < column < last else " ")
            drawn.append(s.straight if first <= column < last else " ")
        return "".join(drawn).rstrip()

    def row(self, rails: str, words: str, number: int | None = None) -> Row:
        rest = ""
        node = None if number is None else self.diagram.nodes[number]
        if node is not None and number is not None:
            parts = [f"{node.kind.value} {node.qualifier}", node.details]
            parts += [f"${r.name} ({r.qualifier}, {r.details})" for r in self.resources[number]]
            rest = "  " + ", ".join(part for part in parts if part)
        rails = self.cut(rails, self.width * 2 // 3)
        words = self.cut(shorten(words, self.width), self.width - cells(rails) - 2)
        rest = self.cut(shorten(rest, 10 * self.width), self.width - cells(rails) - 2 - cells(words))
        return Row(rails, words, node.kind if node is not None else None, rest)

    def cut(self, text: str, width: int) -> str:
        """Return a text cut off where it would take more than ``width`` cells."""
        if cells(text) <= width:
            return text
        kept = ""
        for character in text:
            if cells(kept + character) > width - 1:
                break
            kept += character
        return kept + self.symbols.more if width > 0 else ""
