"""A diagram as Mermaid text, which many sites draw where it stands in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash.drawing.diagram import Diagram, Edge, Node, NodeKind
from runeflash.drawing.style import COLOURS, NAME

_SHAPES: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.CAPABILITY: ("([", "])"),
    NodeKind.PROC_BLOCK: ("[", "]"),
    NodeKind.MODEL: ("{{", "}}"),
    NodeKind.OUT: ("[/", "/]"),
    NodeKind.RESOURCE: ("[(", ")]"),
}


def write_mermaid(diagram: Diagram) -> str:
    """Return the text of an .mmd file; boxes are called n0, n1, ... since a stage may be called ``end``."""
    lines = ["flowchart TD"]
    lines.extend(f"  n{number}{_box(node)}" for number, node in enumerate(diagram.nodes))
    lines.extend(f"  {_edge(diagram, edge)}" for edge in diagram.edges)
    for kind, colours in COLOURS.items():
        members = [f"n{number}" for number, node in enumerate(diagram.nodes) if node.kind is kind]
        if members:
            name = kind.name.lower()
            lines.append(f"  classDef {name} fill:{colours.fill},stroke:{colours.outline},color:{NAME}")
            lines.append(f"  class {','.join(members)} {name}")
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    opening, closing = _SHAPES[node.kind]
    words = "<br/>".join(map(_text, node.lines))
    return f'{opening}"{words}"{closing}'


def _edge(diagram: Diagram, edge: Edge) -> str:
    if edge.is_resource:
        return f"n{edge.source} -.- n{edge.target}"
    return f'n{edge.source} -->|"{_text(diagram.label(edge))}"| n{edge.target}'


def _text(text: str) -> str:
    """Return a text for between quotes: Mermaid's own escapes, by the number of the character."""
    return "".join(c if c.isalnum() or c in " _-./,:" else f"#{ord(c)};" for c in text)
