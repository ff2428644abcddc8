from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runeflash.blocks import library, read_block
from runeflash.blocks.manifest import ArgumentType, Block, Wildcard
from runeflash.errors import UserError
from runeflash.tensors import ElementType

GOOD = """\
summary: Does things.
description: In detail.
inputs:
  - name: frames
    types: [u8, i8]
    shape: [1, h, _, c]
    shape_error: "found {shape}"
    description: What comes in.
  - name: others
    types: same as frames
    shape: [..., h]
    variadic: true
    dynamic: true
outputs:
  - name: rows
    types: [u32, utf8]
    shape: [h, count * 2]
    dynamic: 0
    text_bytes: count + 4
arguments:
  count:
    type: u32
    default: 3
    minimum: 1
    maximum: 9
    aliases: [number]
    description: How many.
  gain: {type: f32, required: true}
  words: {type: lines, default: [a, b]}
  fast: {type: bool, default: true}
  title: {type: string, default: hello}
checks:
  - require: count <= h and gain > 0.5
    message: "{count} of {h}"
state: true
memory:
  state: 4 * power_of_two(count) + frames_bytes
  tables: (count > 2) * 16
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "block.yaml").write_text(text)
    (folder / f"{folder.name.replace('-', '_')}.c").write_text("")
    return folder


def read(tmp_path: Path, text: str) -> Block:
    return read_block(write(tmp_path / "my-block", text), is_built_in=False)


def test_every_part_is_read(tmp_path: Path) -> None:
    block = read(tmp_path, GOOD)
    assert block.name == "my_block"
    assert block.source == tmp_path / "my-block" / "my_block.c"
    assert (block.summary, block.description, block.has_state) == ("Does things.", "In detail.", True)
    assert block.is_known
    assert not block.is_built_in
    frames, others = block.inputs
    assert frames.elements == (ElementType.U8, ElementType.I8)
    assert frames.shape.items == (1, "h", Wildcard.ANY, "c")
    assert str(frames.shape) == "[1, h, _, c]"
    assert frames.shape_error == "found {shape}"
    assert others.elements == frames.elements
    assert others.same_type_as == "frames"
    assert others.shape.items == (Wildcard.REST, "h")
    assert others.is_variadic
    assert others.takes_dynamic
    (rows,) = block.outputs
    assert rows.elements == (ElementType.U32, ElementType.UTF8)
    assert rows.dimensions is not None
    assert [expression.text for expression in rows.dimensions] == ["h", "count * 2"]
    assert rows.dynamic == 0
    assert block.text_bytes(0, {"count": 7}) == 11
    assert [argument.type for argument in block.arguments] == [
        ArgumentType.U32,
        ArgumentType.F32,
        ArgumentType.LINES,
        ArgumentType.BOOL,
        ArgumentType.STRING,
    ]
    assert [argument.default for argument in block.arguments] == [3, None, ("a", "b"), True, "hello"]
    assert block.arguments[1].is_required
    assert block.argument("number") is block.arguments[0]
    assert block.argument("nothing") is None
    assert block.checks[0].condition.names == {"count", "h", "gain"}
    assert block.memory is not None
    values = {"count": 3, "frames_bytes": 7}
    assert {use: part.evaluate(values) for use, part in block.memory.parts} == {"state": 23, "working": 0, "tables": 16}


MINIMAL = (
    "summary: s\ninputs: [{name: x, types: f32, shape: any}]\noutputs: [{name: y, types: f32, shape: same as x}]\n"
)


def test_the_least_that_is_possible(tmp_path: Path) -> None:
    block = read(tmp_path, MINIMAL)
    assert not block.has_state
    assert block.memory is None
    assert block.arguments == ()
    assert block.output_count(1) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("summary: s", "sumary: s", '1:1: a proc block has no key "sumary": did you mean "summary"?'),
        ("summary: s\n", "", '"summary" is missing'),
        ("summary: s", "summary: [1]", "1:10: summary is a text, not a list"),
        ("[{name: x, types: f32, shape: any}]", "[]", "a proc block has at least one input"),
        ("[{name: x, types: f32, shape: any}]", "x", "inputs is a list, not a value"),
        ("name: x, ", "", "an input needs a name"),
        ("name: x", "name: X", "an input needs a name"),
        ("types: f32, shape: any", "types: str, shape: any", "an element type is one of u8"),
        ("types: f32, shape: any", "types: same as z, shape: any", '"z" is no input that comes before'),
        ("types: f32, shape: any", "shape: any", '"types" is missing'),
        ("shape: any", "shape: 5", "shape is a list"),
        ("shape: any", "shape: [0]", "a part of a shape is"),
        ("shape: any", "shape: [a, 1*, b]", "1\\* stands first or last"),
        ("shape: any", "shape: [..., a, ...]", "at most one"),
        ("shape: any", "shape: any, shape_error: '{n}'", "{n} stands for nothing"),
        ("shape: any", "shape: any, dynamic: 1", "dynamic is true or false"),
        ("shape: same as x", "shape: same as z", "an output's shape is a list"),
        ("shape: same as x", "shape: [n]", 'unknown name "n"'),
        ("shape: same as x", "shape: [1 +]", "missing at the end"),
        ("shape: same as x", "shape: [1], dynamic: 1", "dynamic is the number of one of the dimensions"),
        ("shape: same as x", "shape: same as x, variadic: true", "only the last output of a block with a variadic"),
        ("types: f32, shape: same as x", "types: utf8, shape: same as x", "needs text_bytes"),
        ("shape: same as x", "shape: same as x, text_bytes: longest line of q", "names no input, or no argument"),
        ("outputs", "arguments: {a: {type: f32}}\noutputs", "either a default or `required: true`"),
        ("outputs", "arguments: {a: {type: f64, default: 1}}\noutputs", "the argument a's type is one of f32"),
        ("outputs", "arguments: {a: {type: f32, default: x}}\noutputs", "a's default: expected a number"),
        ("outputs", "arguments: {a: {type: f32, default: [1]}}\noutputs", "a's default is not of type f32"),
        ("outputs", "arguments: {a: {type: u32, default: 5, maximum: 3}}\noutputs", "of at most 3"),
        ("outputs", "arguments: {int: {type: f32, default: 1}}\noutputs", '"int" is no name of an argument'),
        ("outputs", "arguments: {a: {type: f32, default: 1, aliases: [a]}}\noutputs", '"a" names two arguments'),
        ("outputs", "checks: [{require: 1 == 1}]\noutputs", "a check has `require` and `message`"),
        ("outputs", "checks: [{require: m > 1, message: x}]\noutputs", 'unknown name "m"'),
        ("outputs", "checks: [{require: 1 > 1, message: '{q}'}]\noutputs", "{q} stands for nothing"),
        ("outputs", "memory: 5\noutputs", "memory is a map, not a value"),
        ("outputs", "memory: {table: 5}\noutputs", 'memory has no key "table": did you mean "tables"?'),
        ("outputs", "memory: {state: m * 4}\noutputs", 'unknown name "m"'),
        ("outputs", "memory: {state: [4]}\noutputs", "an expression is a text, not a list"),
        (
            "outputs",
            "arguments: {x_bytes: {type: u32, default: 1}}\nmemory: {state: x_bytes}\noutputs",
            '"x_bytes" is the size of a tensor, and also',
        ),
        ("outputs", "state: 1\noutputs", "state is true or false"),
        ("summary: s", "summary: @s", "cannot start any token"),
    ],
)
def test_errors_have_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("{", r"\{")) as error:
        read(tmp_path, MINIMAL.replace(old, new, 1))
    assert "block.yaml:" in error.value.message


def test_a_name_is_either_a_dimension_or_an_argument(tmp_path: Path) -> None:
    text = MINIMAL.replace("any", "[n]") + "arguments: {n: {type: u32, default: 1}}\n"
    with pytest.raises(UserError, match='"n" is both a dimension and an argument'):
        read(tmp_path, text)


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "inputs: 5\noutputs: 5\nstate: 5\n")
    for part in ("summary", "inputs", "outputs", "state"):
        assert part in error.value.message


def test_files_that_are_missing_or_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    with pytest.raises(UserError, match=r"has no b\.c"):
        read_block(folder, is_built_in=False)
    (folder / "b.c").write_text("")
    with pytest.raises(UserError, match="Unable to read"):
        read_block(folder, is_built_in=False)
    (folder / "block.yaml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="not UTF-8"):
        read_block(folder, is_built_in=False)
    (folder / "block.yaml").write_bytes(b"")
    with pytest.raises(UserError, match="empty"):
        read_block(folder, is_built_in=False)
    (folder / "block.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(UserError, match="larger"):
        read_block(folder, is_built_in=False)


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_manifest_is_an_error_or_right(tmp_path: Path, data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 20, len(text))))
        insert = data.draw(
            st.sampled_from(["", "x", "{", "[", "- ", ": ", "\n", "same as h", "1*", "...", "count", "0"])
        )
        text = text[:start] + insert + text[end:]
    try:
        read(tmp_path, text)
    except UserError as error:
        assert len(error.message) < 10_000


@pytest.mark.parametrize("name", library.names())
def test_the_built_in_blocks_are_right(name: str) -> None:
    block = library.load(name)
    assert block.is_built_in
    assert block.name == name
    assert block.source.is_file()
    assert block.summary.endswith(".")
    assert all(argument.description for argument in block.arguments)


def test_the_library_of_this_version() -> None:
    assert {"identity", "label", "modulo", "most_confident_indices", "normalize"} <= set(library.names())
    with pytest.raises(KeyError):
        library.load("nothing")


def test_names_of_the_library() -> None:
    assert library.canonical_name("most-confident-indices") == "most_confident_indices"
    assert library.canonical_name("rune-label-proc-block") == "label"
    assert library.canonical_name("rune_audio_float_conversion_proc_block") == "audio_float_conversion"


def test_the_example_of_the_documentation_is_the_built_in_block(tmp_path: Path) -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "proc-blocks.md").read_text()
    example = document.split("```yaml\n")[1].split("```")[0]
    block = read(tmp_path, example)
    original = library.load("most_confident_indices")
    assert block.summary == original.summary
    assert str(block.inputs[0].shape) == str(original.inputs[0].shape)
    assert [check.message for check in block.checks] == [check.message for check in original.checks]
