"""A diagram as Graphviz text, in the form that the reference system wrote: a table with ports for every box."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from runeflash.drawing.diagram import Diagram, Edge, Node, NodeKind

# The reference's colours, and a shape for each kind, so that a print without colours tells them apart too.
_STYLES: Mapping[NodeKind, tuple[str, str, str]] = {
    NodeKind.CAPABILITY: ("lightgreen", "filled,rounded", "box"),
    NodeKind.MODEL: ("violet", "filled", "octagon"),
    NodeKind.PROC_BLOCK: ("tan1", "filled", "box"),
    NodeKind.OUT: ("indianred1", "filled", "parallelogram"),
    NodeKind.RESOURCE: ("lightsteelblue1", "filled", "note"),
}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


def write_dot(diagram: Diagram) -> str:
    """Return the text of a .dot file: boxes by kind, then arrows, each in the order of the diagram."""
    lines = ["digraph {", "  rankdir=TD;", "  node [shape=plaintext];"]
    for kind in _STYLES:
        for node in diagram.nodes:
            if node.kind is kind:
                lines.extend(_node(node))
    lines.extend(_edge(diagram, edge) for edge in diagram.edges)
    return "\n".join([*lines, "}"]) + "\n"


def _node(node: Node) -> list[str]:
    colour, style, shape = _STYLES[node.kind]
    return [
        f'  {_identifier(node)} [fillcolor={colour}, style="{style}", shape={shape}, label=<',
        '    <table border="0" cellborder="0" cellspacing="5">',
        *_ports("input", node.inputs if node.kind is not NodeKind.RESOURCE else 0),
        f"      <tr><td>{_html(node.name)}: {_html(node.qualifier)}</td></tr>",
        *_ports("output", node.outputs if node.kind is not NodeKind.RESOURCE else 0),
        "    </table>",
        "  >];",
    ]


def _ports(role: str, count: int) -> list[str]:
    if not count:
        return []
    cells = "".join(f'<td port="{role}_{number}">{number}</td>' for number in range(count))
    return [f'      <tr><td><table border="0" cellborder="1" cellspacing="0"><tr>{cells}</tr></table></td></tr>']


def _edge(diagram: Diagram, edge: Edge) -> str:
    source, target = _identifier(diagram.nodes[edge.source]), _identifier(diagram.nodes[edge.target])
    if edge.is_resource:
        return f"  {source} -> {target} [style=dashed, arrowhead=none];"
    label = edge.type + (f"\\n{edge.size}" if edge.size else "")
    return f'  {source}:output_{edge.output}:s -> {target}:input_{edge.port}:n [label="{label}"];'


def _identifier(node: Node) -> str:
    name = f"node_{node.name}"
    if _PLAIN.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _html(text: str) -> str:
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
