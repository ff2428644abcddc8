from __future__ import annotations

import pytest

from runeflash.diagnostics import Diagnostics, Severity, SourceFile, Span
from runeflash.runefile import Runefile, parse
from runeflash.runefile.tree import ResourceReference, StageKind, Text, TextList, Verbatim
from runeflash.tensors import ElementType, TensorType

P = "error: Unable to parse the input: "
HEADER = "version: 1\nimage: runicos/base\n"


def read(text: str, *, strict: bool = False) -> tuple[Runefile | None, Diagnostics]:
    diagnostics = Diagnostics()
    return parse(SourceFile("Runefile.yml", text), diagnostics, strict=strict), diagnostics


def good(text: str) -> Runefile:
    runefile, diagnostics = read(text)
    assert runefile is not None
    assert not diagnostics.items, diagnostics.items
    return runefile


def messages(text: str, *, strict: bool = False) -> list[str]:
    _, diagnostics = read(text, strict=strict)
    return [f"{item.severity.value}: {item.message}" for item in diagnostics.in_order()]


WHOLE = """\
version: 1
image: runicos/base
pipeline:
  audio:
    capability: SOUND
    outputs:
      - type: I16
        dimensions: [1, 16000]
    args:
      hz: 16000
      sample-duration-ms: "@1000 * 1"
  fft:
    proc-block: "hotg-ai/rune#proc_blocks/fft"
    inputs: [audio, audio.2]
    outputs: [{type: u32, dimensions: [1960]}, _]
    args:
      labels: [a, 'b ', 3]
      words: $WORDS
      factor: -0.5
      flag: true
  model:
    model: $MODEL
  serial:
    out: serial
    inputs:
      - model
resources:
  MODEL: {type: binary, path: ./x.tflite}
  WORDS:
    inline: |
      one
      two
  LATER:
"""


def test_the_whole_tree() -> None:
    runefile = good(WHOLE)
    assert runefile.image.text == "runicos/base"
    assert [(stage.name.text, stage.kind) for stage in runefile.stages] == [
        ("audio", StageKind.CAPABILITY),
        ("fft", StageKind.PROC_BLOCK),
        ("model", StageKind.MODEL),
        ("serial", StageKind.OUT),
    ]
    audio, fft, model, serial = runefile.stages
    assert audio.outputs is not None
    assert audio.outputs[0].type == TensorType(ElementType.I16, (1, 16000))
    assert [argument.name for argument in audio.arguments] == ["hz", "sample_duration_ms"]
    duration = audio.arguments[1].value
    assert isinstance(duration, Verbatim)
    assert duration.text == "1000 * 1"
    assert [(reference.stage, reference.output) for reference in fft.inputs] == [("audio", 0), ("audio", 2)]
    assert fft.outputs is not None
    assert fft.outputs[1].type is None
    values = [argument.value for argument in fft.arguments]
    assert isinstance(values[0], TextList)
    assert values[0].text == "a\nb\n3"
    assert isinstance(values[1], ResourceReference)
    assert values[1].name == "WORDS"
    assert isinstance(values[2], Text)
    assert values[2].text == "-0.5"
    assert isinstance(values[3], Text)
    assert values[3].is_boolean
    assert isinstance(model.subject, ResourceReference)
    assert model.outputs is None
    assert serial.inputs[0].text == "model"
    resources = {resource.name.text: resource for resource in runefile.resources}
    assert resources["MODEL"].is_binary
    assert resources["MODEL"].path is not None
    assert resources["WORDS"].inline is not None
    assert resources["WORDS"].inline.text == "one\ntwo\n"
    assert resources["LATER"].path is None
    assert resources["LATER"].inline is None


def test_every_part_has_its_place() -> None:
    runefile = good(WHOLE)

    def at(span: Span) -> str:
        return WHOLE[span.start : span.end]

    audio, fft, _, serial = runefile.stages
    assert at(audio.span) == "audio"
    assert audio.outputs is not None
    assert at(audio.outputs[0].span) == "I16"
    assert at(audio.subject.span) == "SOUND"
    assert at(audio.arguments[1].name_span) == "sample-duration-ms"
    assert at(audio.arguments[0].value.span) == "16000"
    assert at(fft.inputs[1].span) == "audio.2"
    assert at(serial.subject.span) == "serial"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [P + "EOF while parsing a value"]),
        ("# nothing", [P + "EOF while parsing a value"]),
        ("[]", [P + "invalid type: sequence, expected a map"]),
        (
            "version: 1\n",
            [
                P + "missing field `image`",
                P + "missing field `pipeline`",
            ],
        ),
        (
            "image: runicos/base\npipeline: {}\nversion: 2",
            [P + "invalid value: integer `2`, expected version to be 1"],
        ),
        (
            "image: runicos/base\npipeline: {}\nversion: x",
            [P + 'invalid type: string "x", expected version to be 1'],
        ),
        (
            "image: runicos/base\npipeline: {}\nversion: true",
            [P + "invalid type: boolean `true`, expected version to be 1"],
        ),
        (
            HEADER + "pipeline: []",
            [P + "pipeline: invalid type: sequence, expected a map"],
        ),
        (
            "version: 1\nimage: 5\npipeline: {}",
            [P + "image: invalid type: integer `5`, expected a path such as runicos/base"],
        ),
        (
            HEADER + "pipeline: {}\npipeline: {}",
            [P + 'duplicate entry with key "pipeline" in the Runefile'],
        ),
        (HEADER + "pipeline: {}\nresource: {}", ["warning: `resource` is no key of a Runefile, so it has no effect"]),
        (
            HEADER + "1: x\npipeline: {}",
            [P + "invalid type: integer `1`, expected a string as a key of the Runefile"],
        ),
    ],
)
def test_the_top(text: str, expected: list[str]) -> None:
    assert messages(text) == expected


def test_a_missing_version_is_a_warning_unless_strict() -> None:
    text = "image: runicos/base\npipeline: {}\n"
    assert messages(text) == ["warning: missing field `version`, version 1 is assumed"]
    assert messages(text, strict=True) == [P + "missing field `version`"]


def test_a_version_in_quotes_is_accepted() -> None:
    good("image: runicos/base\nversion: '1'\npipeline: {}\n")


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("{}", P + "pipeline.s: data did not match any variant of untagged enum Stage"),
        ("5", P + "pipeline.s: data did not match any variant of untagged enum Stage"),
        ("{capability: RAND, model: x}", 'error: The stage "s" is both `model` and `capability`'),
        ("{capability: 5}", P + "pipeline.s.capability: invalid type: integer `5`, expected a string"),
        ("{model: ''}", P + "pipeline.s.model: it is empty"),
        ("{model: $1}", P + '"1" should be a valid identifier'),
        ("{output: serial}", "warning: the key of an output stage is `out`"),
        ("{capability: RAND, inputs: [x]}", "warning: `inputs` is no key of a capability stage, so it has no effect"),
        ("{out: serial, outputs: []}", "warning: `outputs` is no key of an out stage, so it has no effect"),
        ("{model: x, input: [y]}", "warning: `input` is no key of a model stage, so it has no effect"),
        ("{model: x, inputs: y}", P + 'pipeline.s.inputs: invalid type: string "y", expected a sequence'),
        ("{model: x, inputs: [1]}", P + "pipeline.s.inputs: invalid type: integer `1`, expected the name of a stage"),
        ("{model: x, inputs: [1a]}", P + 'pipeline.s.inputs: Expected something like "fft" or "fft.2", found "1a"'),
        ("{model: x, inputs: [a.b]}", P + 'pipeline.s.inputs: Expected something like "fft" or "fft.2", found "a.b"'),
        (
            "{model: x, inputs: [a.9999999999]}",
            P + 'pipeline.s.inputs: Expected something like "fft" or "fft.2", found "a.9999999999"',
        ),
        ("{model: x, inputs: [" + "a, " * 33 + "]}", P + "pipeline.s.inputs: at most 32 are possible"),
        (
            "{model: x, outputs: [f32]}",
            P + 'pipeline.s.outputs: invalid type: string "f32", expected a map with `type` and `dimensions`',
        ),
        ("{model: x, outputs: [{dimensions: [1]}]}", P + "pipeline.s.outputs: missing field `type`"),
        ("{model: x, outputs: [{type: str}]}", 'error: Unknown element type, "str"'),
        (
            "{model: x, outputs: [{type: f32, dimensions: 4}]}",
            P + "pipeline.s.outputs.dimensions: invalid type: integer `4`, expected a sequence",
        ),
        (
            "{model: x, outputs: [{type: f32, dimensions: [a]}]}",
            P + 'pipeline.s.outputs.dimensions: invalid type: string "a", expected a whole number',
        ),
        (
            "{model: x, outputs: [{type: f32, dimensions: [1.0]}]}",
            P + "pipeline.s.outputs.dimensions: invalid type: floating point `1.0`, expected a whole number",
        ),
        ("{model: x, outputs: [{type: f32, dimensions: [0]}]}", "error: A dimension is at least 1"),
        ("{model: x, outputs: [{type: f32, dimensions: [-3]}]}", "error: A dimension is at least 1"),
        (
            "{model: x, outputs: [{type: f32, dimensions: [65536, 65536]}]}",
            "error: A tensor has at most 2,147,483,648 elements",
        ),
        (
            "{model: x, outputs: [{type: f32, dimensions: [1,1,1,1,1,1,1,1,1]}]}",
            "error: A tensor has at most 8 dimensions",
        ),
        ("{model: x, args: [1]}", P + "pipeline.s.args: invalid type: sequence, expected a map"),
        (
            "{model: x, args: {a: {b: 1}}}",
            P + 'pipeline.s.args.a: invalid type: map, expected a number, string, or "$RESOURCE_NAME"',
        ),
        (
            "{model: x, args: {a: }}",
            P + 'pipeline.s.args.a: invalid type: null, expected a number, string, or "$RESOURCE_NAME"',
        ),
        ("{model: x, args: {a: [[1]]}}", P + "pipeline.s.args.a: invalid type: sequence, expected a number or string"),
        ("{model: x, args: {a: $a-b}}", P + '"a-b" should be a valid identifier'),
        ("{model: x, args: {a-b: 1, a_b: 2}}", P + 'pipeline.s.args: duplicate entry with key "a_b"'),
    ],
)
def test_stages(stage: str, expected: str) -> None:
    assert messages(f"{HEADER}pipeline:\n  s: {stage}\n") == [expected]


@pytest.mark.parametrize("name", ["1", "a.b", "a b", "'-a'", "'1a'", "true", "''", "a" * 101])
def test_names_of_stages_are_identifiers(name: str) -> None:
    assert len(messages(f"{HEADER}pipeline:\n  {name}: {{capability: RAND}}\n")) == 1


def test_stages_may_have_hyphens_and_letters_of_any_language() -> None:
    runefile = good(f"{HEADER}pipeline:\n  größe-1_x: {{capability: RAND}}\n")
    assert runefile.stages[0].name.text == "größe-1_x"


def test_the_same_name_twice() -> None:
    text = f"{HEADER}pipeline:\n  a: {{capability: RAND}}\n  a: {{capability: RAW}}\n"
    assert messages(text) == ['error: The name "a" is defined multiple times']


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("{path: a, inline: b}", 'error: The resource "R" can\'t specify both a "path" and "inline" default value'),
        ("{paht: a}", P + "resources.R: unknown field `paht`, expected one of `inline`, `path`, `type`"),
        ("{type: text}", P + "resources.R.type: unknown variant `text`, expected `string` or `binary`"),
        ("{path: 5}", P + "resources.R.path: invalid type: integer `5`, expected a string"),
        ("x", P + 'resources.R: invalid type: string "x", expected a map'),
    ],
)
def test_resources(resource: str, expected: str) -> None:
    runefile, _ = read(f"{HEADER}pipeline: {{}}\nresources:\n  R: {resource}\n")
    assert runefile is not None
    assert runefile.unreadable == {"R"}
    assert messages(f"{HEADER}pipeline: {{}}\nresources:\n  R: {resource}\n") == [expected]


def test_the_name_of_a_resource_is_an_identifier() -> None:
    text = f"{HEADER}pipeline: {{}}\nresources:\n  a-b: {{inline: x}}\n"
    assert messages(text) == ['error: "a-b" should be a valid identifier']


def test_all_findings_are_reported_in_the_order_of_the_file() -> None:
    text = """\
imge: x
pipeline:
  a: {capability: RAND, outputs: [{type: str}]}
  b: {capabilty: RAND}
  c: {out: serial, inputs: [a], outputs: []}
"""
    _, diagnostics = read(text)
    found = [(item.code, item.hint) for item in diagnostics.in_order()]
    assert [code for code, _ in found] == ["RF105", "RF109", "RF103", "RF112", "RF110", "RF105"]
    assert found[0][1] == 'did you mean "image"?'
    assert found[4][1] == 'did you mean "capability"?'


def test_a_wrong_stage_does_not_hide_the_others() -> None:
    runefile, diagnostics = read(f"{HEADER}pipeline:\n  a: 5\n  b: {{capability: RAND}}\n")
    assert runefile is not None
    assert [stage.name.text for stage in runefile.stages] == ["b"]
    assert runefile.unreadable == {"a"}
    assert diagnostics.has_errors


def test_anchors_save_writing() -> None:
    text = f"""{HEADER}
pipeline:
  a: &source
    capability: RAW
    outputs: &f32 [{{type: f32, dimensions: [4]}}]
  b:
    <<: *source
    capability: RAND
  c: {{model: x, outputs: *f32}}
"""
    runefile = good(text)
    assert [stage.subject.text for stage in runefile.stages if isinstance(stage.subject, Text)] == ["RAW", "RAND", "x"]
    assert all(stage.outputs and stage.outputs[0].type for stage in runefile.stages)


def test_a_verbatim_value_without_quotes_gets_a_hint() -> None:
    _, diagnostics = read(f"{HEADER}pipeline:\n  a: {{capability: IMAGE, args: {{width: @96}}}}\n")
    (item,) = diagnostics.items
    assert item.severity is Severity.ERROR
    assert item.hint is not None
    assert "quotes" in item.hint


def test_the_other_dialect_is_recognised() -> None:
    text = "# A comment\n\nFROM runicos/base\nCAPABILITY<F32> rand RAND\nOUT serial\nRUN rand serial\n"
    runefile, diagnostics = read(text)
    assert runefile is not None
    assert not diagnostics.items
    assert [stage.name.text for stage in runefile.stages] == ["rand", "serial"]
