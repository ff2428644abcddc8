from __future__ import annotations

import math
from pathlib import Path

import pytest

from runeflash.blocks import library, read_block
from runeflash.blocks.manifest import Block
from runeflash.blocks.signature import bind
from runeflash.blocks.vectors import load_vectors
from runeflash.errors import UserError
from runeflash.tensors import ElementType

MANIFEST = """\
summary: s
inputs: [{name: x, types: any, shape: any}]
outputs: [{name: y, types: same as x, shape: same as x, text_bytes: same as x}]
arguments:
  factor: {type: f32, default: 0.1}
  words: {type: lines, required: true}
"""


@pytest.fixture
def block(tmp_path: Path) -> Block:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "block.yaml").write_text(MANIFEST)
    (folder / "mine.c").write_text("")
    return read_block(folder, is_built_in=False)


def test_a_case_and_a_sequence_of_calls(block: Block) -> None:
    block.vectors.write_text("""
- name: one
  arguments: {words: [a, b]}
  inputs: [{type: f32, dimensions: [2, 2], elements: [0.1, .nan, -.inf, 1e39]}]
  outputs: [{type: utf8, dimensions: [], elements: ["x "]}]
- name: two
  arguments: {words: a, factor: 2}
  calls:
    - {inputs: [{type: u8, dimensions: [1], elements: [255]}], error: no}
    - inputs: [{type: i64, dimensions: [1], elements: [-9223372036854775808]}]
      outputs: []
""")
    one, two = load_vectors(block)
    assert one.arguments["words"] == ("a", "b")
    assert one.arguments["factor"] == pytest.approx(0.1)
    (call,) = one.calls
    elements = call.inputs[0].elements
    assert elements[0] == 0.10000000149011612
    assert math.isnan(float(elements[1]))
    assert elements[2:] == (-math.inf, math.inf)
    assert call.outputs[0].type.element is ElementType.UTF8
    assert call.outputs[0].elements == ("x ",)
    assert [each.error for each in two.calls] == ["no", None]
    assert two.arguments["factor"] == 2.0


CASE = "- name: n\n  arguments: {words: a}\n  inputs: [{type: u8, dimensions: [1], elements: [5]}]\n  error: x\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: n", "nam: n", "did you mean"),
        ("{words: a}", "{}", "needs the argument words"),
        ("{words: a}", "{words: a, w: 1}", 'has no argument "w"'),
        ("{words: a}", "{words: a, factor: x}", "factor: expected a number"),
        ("  error: x\n", "", "either `outputs` or `error`"),
        ("inputs:", "outputs:", "either `calls` or `inputs`"),
        ("type: u8", "type: u9", "a tensor's type is one of"),
        ("[5]", "[256]", "whole number from 0 to 255"),
        ("[5]", "[1.5]", "whole number from 0 to 255"),
        ("[5]", "[x]", "an element is a number"),
        ("[5]", "[1, 2]", "2 elements do not fill the shape"),
        ("[1]", "[x]", "a dimension is a whole number"),
        ("u8", "utf8", "an element of a utf8 tensor is a text"),
        (CASE, "", "has no cases"),
        (CASE, CASE + CASE, 'two cases are called "n"'),
        (CASE, "5", "the file is a list"),
        (CASE, "[", "expected|did not find"),
    ],
)
def test_errors(block: Block, old: str, new: str, message: str) -> None:
    block.vectors.write_text(CASE.replace(old, new, 1))
    with pytest.raises(UserError, match=message):
        load_vectors(block)


def test_a_missing_file_is_an_error(block: Block) -> None:
    with pytest.raises(UserError, match="Unable to read"):
        load_vectors(block)


@pytest.mark.parametrize("name", library.names())
def test_every_built_in_block_has_vectors_that_fit_its_manifest(name: str) -> None:
    block = library.load(name)
    cases = load_vectors(block)
    assert len(cases) >= 3
    for case in cases:
        for call in case.calls:
            inputs = [vector.type for vector in call.inputs]
            bound = bind(block, inputs, [None] * block.output_count(len(inputs)), case.arguments)
            if call.error is None:
                assert not bound.problems, case.name
                for vector, output, dynamic in zip(call.outputs, bound.outputs, bound.dynamic, strict=True):
                    assert output is not None
                    assert vector.type.element is output.element
                    if dynamic is None:
                        assert vector.type == output, case.name
            elif bound.problems:
                assert call.error in bound.problems[0].message
