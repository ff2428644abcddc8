from __future__ import annotations

import pytest
from runefile_checking import Check

from runeflash.pipeline.shapes import Agreement, compare
from runeflash.tensors import ElementType, TensorType


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((ElementType.F32, (1, 4)), (ElementType.F32, (1, 4)), Agreement.SAME),
        ((ElementType.F32, (1, 4)), (ElementType.F32, (4,)), Agreement.RANK),
        ((ElementType.F32, ()), (ElementType.F32, (1, 1)), Agreement.RANK),
        ((ElementType.F32, (4,)), (ElementType.F32, (5,)), Agreement.NONE),
        ((ElementType.F32, (4,)), (ElementType.I32, (4,)), Agreement.NONE),
        ((ElementType.U8, (4,)), (ElementType.I8, (2, 2)), Agreement.SIGN),
        ((ElementType.U8, (4,)), (ElementType.I8, (5,)), Agreement.NONE),
        ((ElementType.U16, (4,)), (ElementType.I16, (4,)), Agreement.NONE),
    ],
)
def test_comparison(
    one: tuple[ElementType, tuple[int, ...]], other: tuple[ElementType, tuple[int, ...]], expected: Agreement
) -> None:
    assert compare(TensorType(*one), TensorType(*other)) is expected
    assert compare(TensorType(*other), TensorType(*one)) is expected


def stage(block: str, source: str, output: str, args: str = "{}") -> str:
    return f"""pipeline:
  a: {{capability: RAW, outputs: [{source}]}}
  b: {{proc-block: {block}, inputs: [a], outputs: [{output}], args: {args}}}
  o: {{out: serial, inputs: [b]}}
"""


F32_4 = "{type: f32, dimensions: [4]}"


@pytest.mark.parametrize(
    ("block", "source", "output", "message", "place"),
    [
        ("modulo", F32_4, "{type: i32, dimensions: [4]}", "modulo gives f32, as its values is", "i32"),
        (
            "modulo",
            F32_4,
            "{type: f32, dimensions: [5]}",
            "modulo gives f32[4], but the declared output is f32[5]",
            "f32",
        ),
        ("most_confident_indices", F32_4, F32_4, "most_confident_indices gives u32", "f32"),
        ("most_confident_indices", "{type: f32, dimensions: [2, 2]}", "_", "This proc-block only works with 1D", "a"),
    ],
)
def test_what_does_not_fit_a_block(
    check: Check, block: str, source: str, output: str, message: str, place: str
) -> None:
    found = check(stage(block, source, output))
    (error,) = found.errors
    assert error.startswith(message)
    assert found.at(found.diagnostics.items[0].code) == [place]


def test_another_rank_of_a_blocks_output_is_a_warning(check: Check) -> None:
    found = check(stage("modulo", F32_4, "{type: f32, dimensions: [2, 2]}"), for_build=True)
    assert found.warnings == [
        "modulo gives f32[4], and the declared output is f32[2, 2]: the same elements with other dimensions"
    ]
    assert str(found.good.proc_blocks[0].outputs[0]) == "f32[2, 2]"


DYNAMIC = """\
summary: s
inputs: [{name: x, types: f32, shape: [n], dynamic: DYNAMIC}]
outputs: [{name: y, types: f32, shape: [n], dynamic: 0}]
"""


@pytest.mark.parametrize(("takes", "expected"), [("true", []), ("false", ['The number of elements of "b" varies'])])
def test_a_tensor_whose_size_varies_goes_where_that_is_foreseen(check: Check, takes: str, expected: list[str]) -> None:
    text = f"""pipeline:
  a: {{capability: RAW, outputs: [{F32_4}]}}
  b: {{proc-block: ./shrink, inputs: [a]}}
  c: {{proc-block: ./shrink, inputs: [b]}}
  o: {{out: serial, inputs: [b, c]}}
"""
    files = {"shrink/block.yaml": DYNAMIC.replace("DYNAMIC", takes).encode(), "shrink/shrink.c": b""}
    found = check(text, files=files)
    assert [error.split(",")[0] for error in found.errors] == expected
    if not expected:
        assert found.good.proc_blocks[0].dynamic == (0,)


def test_a_model_does_not_take_a_tensor_whose_size_varies(check: Check) -> None:
    text = f"""pipeline:
  a: {{capability: RAW, outputs: [{F32_4}]}}
  b: {{proc-block: ./shrink, inputs: [a]}}
  m: {{model: m, args: {{format: onnx}}, inputs: [b], outputs: [{F32_4}]}}
  o: {{out: serial, inputs: [m]}}
"""
    files = {"shrink/block.yaml": DYNAMIC.replace("DYNAMIC", "true").encode(), "shrink/shrink.c": b"", "m": b""}
    assert check(text, files=files).errors == ['The number of elements of "b" varies, and a model needs a fixed one']


def test_the_length_of_texts_goes_through_identity(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAW, outputs: [{type: u8, dimensions: [2]}]}
  l: {proc-block: label, inputs: [a], args: {labels: [one, three]}}
  i: {proc-block: identity, inputs: [a, l]}
  o: {out: serial, inputs: [i.1]}
"""
    blocks = {stage.name: stage for stage in check(text).good.proc_blocks}
    assert blocks["l"].text_bytes == (5,)
    assert blocks["i"].text_bytes == (0, 5)


def test_all_kinds_of_errors_at_once_in_the_order_of_the_file(check: Check) -> None:
    text = """pipeline:
  sound: {capability: SOUND, args: {hz: x}, outputs: [{type: i16, dimensions: [10]}]}
  mod: {proc-block: modulo, inputs: [sound], args: {modulos: 5}}
  model: {model: missing.tflite, inputs: [mod], outputs: [{type: f32, dimensions: [2]}]}
  label: {proc-block: lable, inputs: [model]}
  serial: {out: serial, inputs: [labl]}
"""
    found = check(text)
    assert [item.code for item in found.diagnostics.in_order()] == ["RF409", "RF408", "RF301", "RF404", "RF201"]
    assert found.rendered.count("-->") == 5


def test_the_dockerfile_like_dialect_declares_inputs_too() -> None:
    """What that dialect's parser will give is checked already: built here by hand."""
    from pathlib import Path

    from runeflash.diagnostics import Diagnostics, Span
    from runeflash.pipeline import analyse
    from runeflash.runefile.tree import InputReference, Runefile, Stage, StageKind, Text, TypeExpression

    here = Span(0, 1)

    def text(value: str) -> Text:
        return Text(value, here)

    def declared(*dimensions: int, element: ElementType = ElementType.F32) -> TypeExpression:
        return TypeExpression(TensorType(element, dimensions), here)

    def run(source: TypeExpression, taken: TypeExpression) -> tuple[object, list[str]]:
        stages = (
            Stage(StageKind.CAPABILITY, text("a"), text("RAND"), (), (), (source,), ()),
            Stage(
                StageKind.PROC_BLOCK,
                text("b"),
                text("modulo"),
                (InputReference("a", 0, "a", here),),
                (taken,),
                (TypeExpression(None, here),),
                (),
            ),
            Stage(StageKind.OUT, text("o"), text("serial"), (InputReference("b", 0, "b", here),), (), None, ()),
        )
        diagnostics = Diagnostics()
        runefile = Runefile(text("runicos/base"), text("main"), stages, (), frozenset())
        pipeline = analyse(runefile, Path("/demo/Runefile"), diagnostics)
        return pipeline and str(pipeline.stages[0].outputs[0]), [item.message for item in diagnostics]

    assert run(declared(4), declared(4)) == ("f32[4]", [])
    assert run(TypeExpression(None, here), declared(2, 2)) == ("f32[2, 2]", [])
    assert run(declared(4), declared(2, 2)) == (
        "f32[4]",
        ['"a" gives f32[4], but "b" takes f32[2, 2]: the same elements with other dimensions'],
    )
    assert run(declared(4), declared(5)) == (None, ['"a" gives f32[4], but "b" takes f32[5]'])
