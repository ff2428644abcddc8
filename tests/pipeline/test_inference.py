from __future__ import annotations

import pytest
from runefile_checking import Check, Checked
from tflite_builder import ModelBuilder, softmax_options


def types(found: Checked) -> dict[str, list[str]]:
    return {stage.name: [str(tensor) for tensor in stage.outputs] for stage in found.good.stages if stage.outputs}


def model(shape: tuple[int, ...]) -> bytes:
    builder = ModelBuilder()
    x, y = builder.tensor(shape, name="x"), builder.tensor(shape, name="y")
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    return builder.build(inputs=[x], outputs=[y])


def test_types_go_through_everything(check: Check) -> None:
    text = """pipeline:
  a: {capability: ACCEL, args: {n: 2}}
  n: {proc-block: normalize, inputs: [a]}
  m: {model: m, inputs: [n]}
  i: {proc-block: most_confident_indices, inputs: [m], args: {count: 3}}
  l: {proc-block: label, inputs: [i], args: {labels: [a, b, c, d, e, f]}, outputs: _}
  o: {out: serial, inputs: [l, m]}
"""
    found = check(text, files={"m": model((6, 1))}, for_build=True, strict=True)
    # The accelerometer's own [2, 3] gives way to the shape that the model takes.
    assert types(found) == {
        "a": ["f32[6, 1]"],
        "n": ["f32[6, 1]"],
        "m": ["f32[6, 1]"],
        "i": ["u32[3]"],
        "l": ["utf8[3]"],
    }


def test_what_is_declared_is_not_inferred_anew(check: Check) -> None:
    text = """pipeline:
  a: {capability: ACCEL, outputs: [{type: f32, dimensions: [2, 3]}]}
  m: {model: m, inputs: [a]}
  o: {out: serial, inputs: [m]}
"""
    found = check(text, files={"m": model((6, 1))})
    assert types(found) == {"a": ["f32[2, 3]"], "m": ["f32[6, 1]"]}
    assert found.warnings == [
        '"a" gives f32[2, 3], but the model of "m" takes f32[6, 1]: the same elements with other dimensions'
    ]


@pytest.mark.parametrize("kind", ["RAND", "RAW"])
def test_types_go_backwards_to_a_capability_that_takes_any(check: Check, kind: str) -> None:
    text = f"""pipeline:
  a: {{capability: {kind}, outputs: [_]}}
  b: {{proc-block: modulo, inputs: [a]}}
  c: {{proc-block: identity, inputs: [b]}}
  m: {{model: m, inputs: [c]}}
  o: {{out: serial, inputs: [m]}}
"""
    assert types(check(text, files={"m": model((1, 5))})) == {name: ["f32[1, 5]"] for name in "abcm"}


def test_a_declared_output_tells_its_input(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAND}
  b: {proc-block: modulo, inputs: [a], outputs: [{type: i16, dimensions: [7]}]}
  o: {out: serial, inputs: [b]}
"""
    assert types(check(text)) == {"a": ["i16[7]"], "b": ["i16[7]"]}


def test_back_and_forth(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAND}
  p: {proc-block: modulo, inputs: [a]}
  q: {proc-block: modulo, inputs: [a], outputs: [{type: u8, dimensions: [2]}]}
  o: {out: serial, inputs: [p, q]}
"""
    assert types(check(text)) == {name: ["u8[2]"] for name in "apq"}


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ("SOUND, args: {hz: 8000, sample_duration_ms: 500}", "i16[4000]"),
        ("SOUND, args: {hz: 8000, sample_duration: 2}", "i16[16000]"),
        ("ACCEL, args: {n: 10}", "f32[10, 3]"),
        ("IMAGE, args: {width: 4, height: 3}", "u8[3, 4, 3]"),
        ("IMAGE, args: {width: 4, height: 3, pixel-format: '@PixelFormat::GrayScale'}", "u8[3, 4, 1]"),
    ],
)
def test_capabilities_say_their_type_by_their_arguments(check: Check, capability: str, expected: str) -> None:
    text = f"pipeline:\n  a: {{capability: {capability}}}\n  o: {{out: serial, inputs: [a]}}\n"
    assert types(check(text)) == {"a": [expected]}


@pytest.mark.parametrize("capability", ["RAND", "RAW", "SOUND, args: {hz: 8000}", "ACCEL", "IMAGE, args: {width: 3}"])
def test_what_nothing_decides_is_an_error_that_names_the_stage(check: Check, capability: str) -> None:
    text = f"""pipeline:
  a: {{capability: {capability}}}
  b: {{proc-block: modulo, inputs: [a]}}
  o: {{out: serial, inputs: [b]}}
"""
    found = check(text)
    assert found.errors == ['Unable to determine the type of "a"']
    assert "Consider specifying this output type" in found.rendered
    assert found.at("RF501") == ["a"]


def test_one_of_several_outputs(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAND, outputs: [{type: f32, dimensions: [2]}]}
  b: {capability: RAND}
  c: {proc-block: identity, inputs: [a, b], outputs: [{type: f32, dimensions: [2]}, _]}
  o: {out: serial, inputs: [c]}
"""
    assert check(text).errors == ['Unable to determine the type of "b"']


def test_an_error_is_not_followed_by_its_consequences(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAND, outputs: [{type: str}]}
  b: {proc-block: modulo, inputs: [a]}
  c: {capability: RAND}
  d: {proc-block: ./nothing, inputs: [c]}
  o: {out: serial, inputs: [b, d]}
"""
    assert check(text).errors == ['Unknown element type, "str"', 'There is no folder "./nothing"']


def test_unknown_blocks_are_what_is_declared_and_only_for_checking(check: Check) -> None:
    text = """pipeline:
  a: {capability: RAND, outputs: [{type: f32, dimensions: [2]}]}
  b: {proc-block: "hotg-ai/rune#proc_blocks/mystery", inputs: [a], outputs: [{type: u8, dimensions: [5]}], args: {x: 1}}
  o: {out: serial, inputs: [b]}
"""
    found = check(text)
    assert types(found) == {"a": ["f32[2]"], "b": ["u8[5]"]}
    assert not found.good.proc_blocks[0].block.is_known
    assert found.warnings == ['The proc block "hotg-ai/rune#proc_blocks/mystery" is not among the built-in ones']
    assert check(text, for_build=True).errors == found.warnings
    without = check(text.replace(", outputs: [{type: u8, dimensions: [5]}]", ""))
    assert without.errors == ['Unable to determine the type of "b"']


def test_the_number_of_declared_outputs(check: Check) -> None:
    two = "outputs: [{type: f32, dimensions: [2]}, {type: f32, dimensions: [2]}]"
    text = f"pipeline:\n  a: {{capability: RAND, {two}}}\n  o: {{out: serial, inputs: [a]}}\n"
    assert check(text).errors == ['The "a" stage declares 2 outputs, but a capability of this kind has 1']
    text = f"""pipeline:
  a: {{capability: RAND, outputs: [{{type: f32, dimensions: [2]}}]}}
  b: {{proc-block: modulo, inputs: [a], {two}}}
  c: {{proc-block: modulo, inputs: [a], outputs: []}}
  o: {{out: serial, inputs: [b]}}
"""
    assert check(text).errors == [
        'The "b" stage declares 2 outputs, but a proc-block of this kind has 1',
        'The "c" stage declares 0 outputs, but a proc-block of this kind has 1',
    ]


def test_the_number_of_inputs_of_a_block(check: Check) -> None:
    source = "pipeline:\n  a: {capability: RAND, outputs: [{type: f32, dimensions: [2]}]}\n"
    text = source + "  b: {proc-block: modulo, inputs: [a, a]}\n  o: {out: serial, inputs: [b]}\n"
    assert check(text).errors == ["The modulo proc block has 1 input, but 2 are connected"]
    text = source + "  b: {proc-block: identity, outputs: []}\n  o: {out: serial, inputs: [a]}\n"
    assert check(text).errors == ["The identity proc block has at least 1 input, but 0 are connected"]
