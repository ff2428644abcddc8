"""What stands where in a picture: nothing overlaps, every text is inside its box, no line crosses a box or a text."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_diagrams import diagrams

from runeflash.diagnostic_codes import UNREADABLE_FILE
from runeflash.drawing import Diagram, diagram_of
from runeflash.drawing.diagram import Edge, Node, NodeKind
from runeflash.drawing.layout import Layout, Rectangle, lay_out
from runeflash.drawing.metrics import text_width
from runeflash.drawing.png import fitting_font
from runeflash.drawing.style import corners
from runeflash.errors import UserError
from runeflash.pipeline import Pipeline, load

PROJECT = Path(__file__).resolve().parents[2]
ROUNDING = 0.001


def chain(length: int) -> Diagram:
    nodes = [Node(NodeKind.PROC_BLOCK, f"s{i}", "x", "", 1 if i else 0, 1) for i in range(length)]
    edges = [Edge(i, 0, i + 1, 0, "f32[1]", "4 bytes") for i in range(length - 1)]
    return Diagram("chain", tuple(nodes), tuple(edges))


def inside(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        outer.left - ROUNDING <= inner.left
        and inner.right <= outer.right + ROUNDING
        and outer.top - ROUNDING <= inner.top
        and inner.bottom <= outer.bottom + ROUNDING
    )


def segment_enters(area: Rectangle, a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether a piece of a line has a point inside a rectangle (its border does not count)."""
    low, high = 0.0, 1.0
    for start, end, side, other in ((a[0], b[0], area.left, area.right), (a[1], b[1], area.top, area.bottom)):
        step = end - start
        least, most = side + ROUNDING, other - ROUNDING
        if step == 0:
            if not least < start < most:
                return False
            continue
        first, last = sorted(((least - start) / step, (most - start) / step))
        low, high = max(low, first), min(high, last)
    return low < high


def test_the_judge_of_crossings() -> None:
    area = Rectangle(10, 10, 20, 10)
    assert segment_enters(area, (0, 0), (40, 30))
    assert segment_enters(area, (15, 0), (15, 30))
    assert segment_enters(area, (12, 12), (13, 13))
    assert not segment_enters(area, (0, 20), (40, 20))
    assert not segment_enters(area, (15, 0), (15, 10))
    assert not segment_enters(area, (0, 5), (5, 40))


def check(layout: Layout) -> None:
    diagram = layout.diagram
    canvas = Rectangle(0, 0, layout.width, layout.height)
    boxes = [placed.area for placed in layout.nodes]
    words = [label.text.area for label in layout.labels]
    assert len(boxes) == len(diagram.nodes)
    assert len(words) == sum(not edge.is_resource for edge in diagram.edges)
    assert len(layout.edges) == len(diagram.edges)
    for area in (*boxes, *words):
        assert inside(area, canvas)
    for one, other in itertools.combinations([*boxes, *words], 2):
        assert not one.overlaps(other), (one, other)
    for placed in layout.nodes:
        assert [text.text for text in placed.texts] == list(placed.node.lines)
        for text in placed.texts:
            assert inside(text.area, placed.area)
            assert_inside_outline(text.area, placed.node.kind, placed.area)
            assert text_width(text.text, text.size) <= text.area.width + ROUNDING
        for one, other in itertools.pairwise(placed.texts):
            assert one.area.bottom <= other.area.top + ROUNDING
    for label in layout.labels:
        assert text_width(label.text.text, label.text.size) <= label.text.area.width + ROUNDING
    for edge in layout.edges:
        source, target = boxes[edge.edge.source], boxes[edge.edge.target]
        assert edge.pieces[0].start[1] == pytest.approx(source.bottom)
        assert source.left < edge.pieces[0].start[0] < source.right
        assert edge.tip[1] == pytest.approx(target.top)
        assert target.left < edge.tip[0] < target.right
        for piece in edge.pieces:
            for a, b in itertools.pairwise(piece.points()):
                for area in (*boxes, *words):
                    assert not segment_enters(area, a, b), (edge, area)


def assert_inside_outline(text: Rectangle, kind: NodeKind, area: Rectangle) -> None:
    """A text is inside the real outline too, with its cut, leaning or round ends."""
    points = [(text.left, text.top), (text.right, text.top), (text.left, text.bottom), (text.right, text.bottom)]
    if kind is NodeKind.CAPABILITY:
        radius = area.height / 2
        for x, y in points:
            centre_x = min(max(x, area.left + radius), area.right - radius)
            assert (x - centre_x) ** 2 + (y - area.top - radius) ** 2 <= radius**2 + ROUNDING
        return
    outline = corners(kind, area)
    for a, b in itertools.pairwise([*outline, outline[0]]):
        for x, y in points:
            # clockwise with y downwards: what is inside is to the right of every side
            assert (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= -ROUNDING


def runefiles() -> list[Path]:
    """Every Runefile of both dialects: the examples' and, where they are there, the fixtures'."""
    shared = PROJECT.parent / "shared" / "fixtures"
    patterns = ("rune-*/**/Runefile*", "seeds/Runefile*", "runefile-history/*/*Runefile*")
    found = [path for pattern in patterns for path in sorted(shared.glob(pattern))]
    return [*sorted((PROJECT / "examples").glob("*/Runefile.yml")), *found]


def pipeline_of(path: Path, folder: Path) -> Pipeline | None:
    """Return the pipeline of a Runefile, giving it some model for each that is not there; None if it has errors."""
    _, pipeline, _ = load(path)
    if pipeline is not None:
        return pipeline
    model = (PROJECT / "examples" / "sine" / "model.tflite").read_bytes()
    # Deep enough for paths that go up.
    copy = folder / "a" / "b" / "c" / "d" / ("Runefile.yml" if path.name.endswith(".yml") else "Runefile")
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes())
    source, _, diagnostics = load(copy)
    for item in diagnostics:
        if item.code == UNREADABLE_FILE and item.span is not None:
            missing = copy.parent / source.text[item.span.start : item.span.end].strip("\"'")
            missing.parent.mkdir(parents=True, exist_ok=True)
            missing.write_bytes(model)
    # A model with another signature is a warning, and so are with --lenient types that do not agree.
    return load(copy, lenient=True)[1]


@pytest.mark.parametrize("path", runefiles(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_runefile_that_passes(path: Path, tmp_path: Path) -> None:
    pipeline = pipeline_of(path, tmp_path)
    if pipeline is not None:
        check(lay_out(diagram_of(pipeline)))


def test_enough_of_them_pass(tmp_path: Path) -> None:
    paths = runefiles()
    passing = [path for number, path in enumerate(paths) if pipeline_of(path, tmp_path / str(number)) is not None]
    # The others were written to fail, are of older dialects, or contradict themselves.
    assert len(passing) >= (90 if len(paths) > 2 else 2)


@settings(max_examples=60)
@given(diagrams())
def test_random_pipelines(diagram: Diagram) -> None:
    check(lay_out(diagram))


def test_a_wide_stage_has_room_for_all_its_inputs() -> None:
    sources = [Node(NodeKind.CAPABILITY, f"c{i}", "RAW", "", 0, 1) for i in range(32)]
    edges = [Edge(i, 0, 32, i, "u8[1]", "1 byte") for i in range(32)]
    layout = lay_out(Diagram("wide", (*sources, Node(NodeKind.OUT, "o", "SERIAL", "", 32, 0)), tuple(edges)))
    check(layout)
    tips = sorted(edge.tip[0] for edge in layout.edges)
    assert min(b - a for a, b in itertools.pairwise(tips)) > 10


def test_a_chain_is_a_straight_line() -> None:
    layout = lay_out(chain(8))
    assert len({round(placed.area.middle, 6) for placed in layout.nodes}) == 1


def test_a_skipping_edge_is_straight_where_it_passes_others() -> None:
    diagram = chain(6)
    skipping = Edge(0, 0, 5, 1, "f32[1]", "4 bytes")
    layout = lay_out(Diagram("skip", diagram.nodes, (*diagram.edges, skipping)))
    check(layout)
    middle = layout.edges[-1].pieces[1:-1]
    assert len({round(piece.start[0], 6) for piece in middle}) == 1


def test_a_pipeline_that_is_too_large_is_refused() -> None:
    with pytest.raises(UserError, match="too large"):
        lay_out(chain(3000))


def test_an_empty_pipeline() -> None:
    layout = lay_out(Diagram("empty", (), ()))
    assert layout.width > 0
    assert layout.height > 0


@pytest.mark.parametrize("text", ["most_confident_index", "f32[1, 128, 3, 1]  1,536 bytes", "WWWWWWMMMM@@", "....iiii"])
@pytest.mark.parametrize("size", [11.0, 14.0, 22.0, 28.0])
def test_the_font_of_the_png_is_no_wider_than_the_table(text: str, size: float) -> None:
    font = fitting_font(text, size, text_width(text, size))
    assert font.getlength(text) <= text_width(text, size) + 0.01
    assert font.size >= 0.9 * size
