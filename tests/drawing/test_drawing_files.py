"""The files: that they are what they claim to be, say what they should, and are the same every time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from PIL import Image
from random_diagrams import diagrams

from runeflash.drawing import FORMATS, Diagram, diagram_of, draw
from runeflash.drawing.diagram import Edge, Node, NodeKind, shorten
from runeflash.drawing.dot import write_dot
from runeflash.drawing.layout import lay_out
from runeflash.drawing.mermaid import write_mermaid
from runeflash.drawing.png import without_glyph, write_png
from runeflash.drawing.style import BACKGROUND, COLOURS, TEXT
from runeflash.drawing.svg import write_svg
from runeflash.drawing.terminal import ASCII, UNICODE, cells, draw_terminal
from runeflash.errors import UsageError
from runeflash.pipeline import Pipeline, load

PROJECT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def gesture() -> Pipeline:
    _, pipeline, _ = load(PROJECT / "examples" / "gesture" / "Runefile.yml")
    assert pipeline is not None
    return pipeline


HOSTILE = Diagram(
    '<&">',
    (
        Node(NodeKind.CAPABILITY, 'a-"b\\', "<RAW>", "x\x00\n&", 0, 2),
        Node(NodeKind.PROC_BLOCK, "end", "`#quot;`|", "]])}}", 2, 1),
        Node(NodeKind.RESOURCE, "RES", "string", "", 0, 1),
    ),
    (Edge(0, 0, 1, 0, "f32[1, 1]", "4 bytes"), Edge(0, 1, 1, 1, "utf8[1]", ""), Edge(2, 0, 1, 2)),
)


def test_the_picture_in_the_documentation_is_current(gesture: Pipeline) -> None:
    """Made by: runeflash graph examples/gesture -o docs/gesture.svg."""
    assert (PROJECT / "docs" / "gesture.svg").read_bytes() == draw(gesture, ".svg")


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_pipeline_gives_the_same_bytes(gesture: Pipeline, suffix: str) -> None:
    assert draw(gesture, suffix) == draw(gesture, suffix)


def test_another_kind_of_file_is_refused(gesture: Pipeline) -> None:
    with pytest.raises(UsageError, match=r"\.jpg"):
        draw(gesture, ".jpg")


def texts(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}text"))


def test_svg_says_names_types_and_sizes(gesture: Pipeline) -> None:
    said = [element.text for element in texts(draw(gesture, ".svg").decode())]
    for stage in gesture.stages:
        assert stage.name in said
    assert "f32[1, 128, 3, 1]  1,536 bytes" in said
    assert "utf8[1]  up to 15 bytes" in said  # {offset, length} and the seven letters of Unknown


@settings(max_examples=25)
@given(diagrams(12))
def test_svg_is_well_formed_and_holds_every_text_to_its_width(diagram: Diagram) -> None:
    svg = write_svg(lay_out(diagram))
    root = ElementTree.fromstring(svg)
    for element in texts(svg):
        middle, width = float(element.attrib["x"]), float(element.attrib["textLength"])
        assert element.attrib["lengthAdjust"] == "spacingAndGlyphs"
        assert middle - width / 2 >= 0
        assert middle + width / 2 <= float(root.attrib["width"])


def luminance(colour: str) -> float:
    """The relative luminance of the Web Content Accessibility Guidelines."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_picture_brings_its_background_and_is_readable_on_it(gesture: Pipeline) -> None:
    root = ElementTree.fromstring(draw(gesture, ".svg").decode())
    background = next(root.iter(f"{SVG}rect"))
    assert background.attrib["fill"] == BACKGROUND
    assert float(background.attrib["width"]) >= float(root.attrib["width"]) - 1
    for colours in COLOURS.values():
        assert contrast(TEXT, colours.fill) >= 7
        assert contrast(colours.outline, BACKGROUND) >= 3
    assert contrast(TEXT, BACKGROUND) >= 7
    assert len({colours.fill for colours in COLOURS.values()}) == len(NodeKind)


def test_kinds_differ_in_shape(gesture: Pipeline) -> None:
    root = ElementTree.fromstring(draw(gesture, ".svg").decode())
    outlines = {}
    for group in root.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None:
            assert title.text is not None
            outline = group[1]
            radius = outline.attrib.get("rx")
            corners = len(outline.attrib.get("points", "").split())
            outlines[title.text.split(":")[0]] = (outline.tag.removeprefix(SVG), corners, radius == "2")
    assert outlines["accelerometer"] == ("rect", 0, False)
    assert outlines["normalize"] == ("rect", 0, True)
    assert outlines["gesture"] == ("polygon", 8, False)
    assert outlines["serial"] == ("polygon", 4, False)


def test_characters_that_the_font_of_the_png_does_not_have() -> None:
    nodes = (Node(NodeKind.PROC_BLOCK, "room_日本", "x", "… 日", 0, 0), Node(NodeKind.OUT, "o", "SERIAL", "", 1, 0))
    assert without_glyph(Diagram("d", nodes, ())) == ("日", "本")
    assert without_glyph(Diagram("d", nodes[1:], ())) == ()


def test_png_is_the_same_picture(gesture: Pipeline) -> None:
    layout = lay_out(diagram_of(gesture))
    image = Image.open(io.BytesIO(write_png(layout))).convert("RGB")
    assert image.size == (2 * layout.width, 2 * layout.height)
    for placed in layout.nodes:
        inside = (round(placed.area.middle * 2), round(placed.area.top * 2) + 8)
        fill = COLOURS[placed.node.kind].fill
        assert image.getpixel(inside) == tuple(int(fill[i : i + 2], 16) for i in (1, 3, 5))
    for label in layout.labels:  # something is written there
        area = label.text.area
        part = image.crop((round(area.left * 2), round(area.top * 2), round(area.right * 2), round(area.bottom * 2)))
        assert min(low for low, _ in part.getextrema()) < 120


def test_dot_has_the_form_of_the_reference(gesture: Pipeline) -> None:
    dot = draw(gesture, ".dot").decode()
    lines = dot.splitlines()
    assert lines[:3] == ["digraph {", "  rankdir=TD;", "  node [shape=plaintext];"]
    assert lines[-1] == "}"
    boxes = [line.split()[0] for line in lines if "fillcolor" in line]
    assert boxes == [f"node_{stage.name}" for part in (gesture.capabilities, gesture.models) for stage in part] + [
        f"node_{stage.name}" for part in (gesture.proc_blocks, gesture.outs) for stage in part
    ]
    colours = re.findall(r"fillcolor=(\w+)", dot)
    assert colours == ["lightgreen", "violet", "tan1", "tan1", "tan1", "indianred1"]
    assert '  node_gesture:output_0:s -> node_most_confident_index:input_0:n [label="f32[1, 4]\\n16 bytes"];' in lines
    assert '<td port="input_0">0</td>' in dot
    assert "accelerometer: ACCEL" in dot


def test_dot_quotes_what_is_not_plain() -> None:
    dot = write_dot(HOSTILE)
    assert '"node_a-\\"b\\\\":output_1:s -> node_end:input_1:n [label="utf8[1]"];' in dot
    assert "&lt;RAW&gt;" in dot
    assert "node_RES -> node_end [style=dashed, arrowhead=none];" in dot
    assert "\x00" not in dot


def test_mermaid() -> None:
    lines = write_mermaid(HOSTILE).splitlines()
    assert lines[0] == "flowchart TD"
    assert '  n0 -->|".0  f32#91;1, 1#93;  4 bytes"| n1' in lines
    assert "  n2 -.- n1" in lines
    for line in lines[1:4]:
        assert re.fullmatch(r"  n\d+(\(\[|\[|\[\(|\{\{)\"[\w #;/,.:<>-]*\"(\]\)|\]|\)\]|\}\})", line), line
    assert sum(line.startswith("  class ") for line in lines) == 3


def rendered(diagram: Diagram, width: int, unicode: bool = True) -> list[str]:
    rows = draw_terminal(diagram, width, UNICODE if unicode else ASCII)
    return [f"{row.rails}  {row.words}{row.rest}" for row in rows]


def test_terminal(gesture: Pipeline) -> None:
    lines = rendered(diagram_of(gesture), 120)
    assert lines[0] == "●  accelerometer  capability ACCEL, n 128, hz 25"
    assert lines[1] == "│  f32[1, 128, 3, 1]  1,536 bytes"
    assert lines[-1] == "▶  serial  output SERIAL"


def test_terminal_joins_rails() -> None:
    box = Node(NodeKind.PROC_BLOCK, "add", "add", "", 2, 1)
    nodes = (Node(NodeKind.CAPABILITY, "a", "RAW", "", 0, 1), Node(NodeKind.CAPABILITY, "b", "RAW", "", 0, 1), box, box)
    edges = [Edge(0, 0, 2, 0, "u8"), Edge(1, 0, 2, 1, "u8"), Edge(2, 0, 3, 0, "u8"), Edge(1, 0, 3, 1, "u8")]
    assert [row.rails for row in draw_terminal(Diagram("", nodes, tuple(edges)), 80, UNICODE)] == [
        *("●", "│", "│ ●", "│ │"),
        *("■─┤", "│ │"),
        "■─╯",
    ]


@settings(max_examples=40)
@given(diagrams())
def test_terminal_keeps_to_the_width(diagram: Diagram) -> None:
    for width in (40, 80):
        lines = rendered(diagram, width)
        assert max(map(cells, lines)) <= width
        assert (
            sum(line.count(symbol) for line in lines for symbol in "●■◆▶")
            >= sum(node.kind is not NodeKind.RESOURCE for node in diagram.nodes)
            or width == 40
        )
    rails = "".join(row.rails for row in draw_terminal(diagram, 200, ASCII))
    assert rails.isascii()


def test_shorten() -> None:
    assert shorten("abcdefghij", 5) == "ab…ij"
    assert shorten("a\nb", 5) == "a b"


def test_graph_command(runeflash: Callable[..., object], tmp_path: Path) -> None:
    example = PROJECT / "examples" / "gesture"
    done = runeflash("graph", example)
    assert done.returncode == 0
    assert "accelerometer" in done.stdout
    for suffix, start in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".dot", b"digraph"), (".mmd", b"flowchart")):
        done = runeflash("graph", example, "-o", tmp_path / f"x{suffix}")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"x{suffix}").read_bytes().startswith(start)
    ascii_only = runeflash("graph", example, environment={"PYTHONIOENCODING": "ascii"})
    assert ascii_only.returncode == 0
    assert ascii_only.stdout.isascii()


def test_graph_command_says_what_is_wrong(runeflash: Callable[..., object], tmp_path: Path) -> None:
    example = PROJECT / "examples" / "gesture"
    assert runeflash("graph", example, "-o", "x.jpg").returncode == 2
    assert runeflash("graph", tmp_path / "nothing.yml").returncode == 1
    assert runeflash("graph", example, "-o", tmp_path / "no" / "x.svg").returncode == 1
    (tmp_path / "Runefile.yml").write_text(
        "version: 1\nimage: runicos/base\npipeline: {a: {out: SERIAL, inputs: [b]}}\n"
    )
    done = runeflash("graph", "-o", "x.svg")
    assert done.returncode == 1
    assert 'Unable to find "b"' in done.stderr
    assert not (tmp_path / "x.svg").exists()
