from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runefile_checking import Check

SOURCE = "  a: {capability: RAW, outputs: [{type: f32, dimensions: [4]}]}\n"


def test_an_unknown_input_gets_a_hint(check: Check) -> None:
    found = check("pipeline:\n" + SOURCE.replace("a:", "audio:") + "  o: {out: serial, inputs: [audoi]}\n")
    assert found.errors == ['Unable to find "audoi" to use as an input for "o"']
    assert found.at("RF201") == ["audoi"]
    assert found.diagnostics.items[0].hint == 'did you mean "audio"?'
    # What is unused nobody knows as long as an input is wrong.
    assert not found.warnings


def test_an_output_stage_is_no_input(check: Check) -> None:
    found = check("pipeline:\n" + SOURCE + "  o: {out: serial, inputs: [a]}\n  p: {out: serial, inputs: [o]}\n")
    assert found.errors == ['The "o" in p\'s "o" input has no inputs']


@pytest.mark.parametrize("reference", ["a.1", "a.2", "a.63", "a.64", "a.999999999"])
def test_an_output_that_is_not_there(check: Check, reference: str) -> None:
    found = check("pipeline:\n" + SOURCE + f"  o: {{out: serial, inputs: [{reference}]}}\n")
    assert found.errors == [f'The "a" node has no {reference[2:]}\'th output']
    assert found.at("RF203") == [reference]


def test_the_outputs_of_a_block_are_counted(check: Check) -> None:
    text = "pipeline:\n" + SOURCE + "  i: {proc-block: identity, inputs: [a, a]}\n"
    assert check(text + "  o: {out: serial, inputs: [i.1]}\n").good
    assert check(text + "  o: {out: serial, inputs: [i.2]}\n").errors == ['The "i" node has no 2\'th output']


def test_stages_and_resources_share_their_names(check: Check) -> None:
    found = check("pipeline:\n" + SOURCE + "resources:\n  a: {inline: x}\n")
    assert found.errors == ['The name "a" is defined multiple times']


def test_an_input_that_could_not_be_read_is_not_reported_twice(check: Check) -> None:
    found = check("pipeline:\n  a: 5\n  o: {out: serial, inputs: [a]}\n")
    assert found.errors == [
        "Unable to parse the input: pipeline.a: data did not match any variant of untagged enum Stage"
    ]


def test_an_output_without_inputs(check: Check) -> None:
    assert check("pipeline:\n  o: {out: serial}\n").errors == ['The "o" stage has no inputs']


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("BLE", "The output kind BLE is reserved and does not exist yet"),
        ("wifi", "The output kind WIFI is reserved and does not exist yet"),
        ("screen", 'Unknown OUT type: "screen"'),
    ],
)
def test_other_outputs(check: Check, kind: str, message: str) -> None:
    assert check("pipeline:\n" + SOURCE + f"  o: {{out: {kind}, inputs: [a]}}\n").errors == [message]


@pytest.mark.parametrize("kind", ["SERIAL", "serial", "TENSOR", "tensor"])
def test_outputs_in_either_case(check: Check, kind: str) -> None:
    pipeline = check("pipeline:\n" + SOURCE + f"  o: {{out: {kind}, inputs: [a]}}\n").good
    assert pipeline.outs[0].kind.name == kind.upper()


def test_the_order_is_depth_first_in_the_order_of_the_file(check: Check) -> None:
    text = """pipeline:
  o2: {out: serial, inputs: [d, b]}
  b: {proc-block: identity, inputs: [a]}
  o1: {out: serial, inputs: [c]}
  c: {proc-block: identity, inputs: [b]}
  a: {capability: RAW, outputs: [{type: f32, dimensions: [4]}]}
  d: {proc-block: identity, inputs: [a]}
"""
    pipeline = check(text).good
    assert [stage.name for stage in pipeline.stages] == ["a", "d", "b", "o2", "c", "o1"]
    assert pipeline.declared == ("o2", "b", "o1", "c", "a", "d")


def test_a_cycle_in_the_words_of_the_reference(check: Check) -> None:
    text = """pipeline:
  x: {proc-block: identity, inputs: [z]}
  y: {proc-block: identity, inputs: [x]}
  z: {proc-block: identity, inputs: [y]}
"""
    (error,) = [item for item in check(text).diagnostics if item.code == "RF204"]
    assert error.message == 'Cycle detected when checking "x"'
    assert error.notes == (
        '... which passes data to "y"...',
        '... which passes data to "z"...',
        '... which passes data to "x", completing the cycle.',
    )


def test_a_stage_is_reported_in_one_cycle_only(check: Check) -> None:
    text = """pipeline:
  a: {proc-block: identity, inputs: [b, c]}
  b: {proc-block: identity, inputs: [a]}
  c: {proc-block: identity, inputs: [a]}
  d: {proc-block: identity, inputs: [d]}
"""
    assert check(text).errors == ['Cycle detected when checking "a"', 'Cycle detected when checking "d"']


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=8))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_producers_come_first_unless_there_is_a_cycle(check: Check, graph: list[list[int]]) -> None:
    inputs = [[number for number in each if number < len(graph)] for each in graph]
    text = "pipeline:\n" + SOURCE.replace("a:", "source:")
    for stage, numbers in enumerate(inputs):
        names = [f"s{number}" for number in numbers] or ["source"]
        text += f"  s{stage}: {{proc-block: identity, inputs: [{', '.join(names)}]}}\n"
    found = check(text)

    reach = [set(each) for each in inputs]
    for _ in inputs:
        for each in reach:
            each.update(*(reach[number] for number in list(each)))
    has_cycle = any(stage in reach[stage] for stage in range(len(inputs)))
    assert any(item.code == "RF204" for item in found.diagnostics) is has_cycle
    if not has_cycle:
        position = {stage.name: place for place, stage in enumerate(found.good.stages)}
        for stage, numbers in enumerate(inputs):
            assert all(position[f"s{number}"] < position[f"s{stage}"] for number in numbers)


def test_unused_stages_and_resources_are_warnings(check: Check) -> None:
    found = check("pipeline:\n" + SOURCE + "resources:\n  R: {inline: x}\n")
    assert found.warnings == ['Nothing uses the output of "a"', 'Nothing uses the resource "R"']
    assert found.pipeline is not None
    assert check("pipeline:\n" + SOURCE, strict=True).pipeline is None
