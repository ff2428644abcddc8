"""Hypothesis strategies for diagrams: stages in order, each taking outputs of some before it, and resources."""

from __future__ import annotations

from hypothesis import strategies as st

from runeflash.drawing.diagram import Diagram, Edge, Node, NodeKind

NAMES = st.text("abcdefghijklmnopqrstuvwxyzW_", min_size=1, max_size=60)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)


@st.composite
def diagrams(draw: st.DrawFn, most_stages: int = 30) -> Diagram:
    """A diagram as a pipeline of up to that many stages could give it."""
    count = draw(st.integers(1, most_stages))
    nodes: list[Node] = []
    edges: list[Edge] = []
    for number in range(count):
        sources = [index for index, node in enumerate(nodes) if node.outputs]
        kinds = [NodeKind.CAPABILITY] if not sources else [k for k in NodeKind if k is not NodeKind.RESOURCE]
        kind = draw(st.sampled_from(kinds))
        inputs = 0 if kind is NodeKind.CAPABILITY else draw(st.integers(1, 4))
        for port in range(inputs):
            source = draw(st.sampled_from(sources))
            output = draw(st.integers(0, nodes[source].outputs - 1))
            type_ = f"f32{draw(st.lists(st.integers(1, 1000), max_size=6))}"
            edges.append(
                Edge(source, output, number, port, type_, draw(st.sampled_from(["", "4 bytes", "9,999,999 bytes"])))
            )
        outputs = {NodeKind.CAPABILITY: 1, NodeKind.OUT: 0}.get(kind)
        if outputs is None:
            outputs = draw(st.integers(1, 3))
        nodes.append(Node(kind, draw(NAMES), draw(WORDS), draw(WORDS), inputs, outputs))
    users = [index for index, node in enumerate(nodes) if node.inputs]
    for _ in range(draw(st.integers(0, 3)) if users else 0):
        for user in draw(st.lists(st.sampled_from(users), min_size=1, max_size=3, unique=True)):
            port = max(edge.port for edge in edges if edge.target == user) + 1
            edges.append(Edge(len(nodes), 0, user, port))
        nodes.append(Node(NodeKind.RESOURCE, draw(NAMES), "string", draw(WORDS), 0, 1))
    return Diagram("random", tuple(nodes), tuple(edges))
