"""One mistake, one finding: what only follows from it is not said."""

from __future__ import annotations

import pytest
from runefile_checking import Check

P = "Unable to parse the input: "
R = "  r: {capability: RAND, outputs: [{type: f32, dimensions: [1]}]}\n"
I = "  i: {capability: RAND, outputs: [{type: u32}]}\n"  # noqa: E741
O = "  o: {out: serial, inputs: [r]}\n"  # noqa: E741


def label(arguments: str) -> str:
    return f"{I}  l: {{proc-block: label, inputs: [i], args: {arguments}}}\n  o: {{out: serial, inputs: [l]}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (R + "  o: {out: serial, inputs: r}\n", P + 'pipeline.o.inputs: invalid type: string "r", expected a sequence'),
        (R + "  o: {out: serial, inputs: [5]}\n", P + "pipeline.o.inputs: invalid type: integer `5`, expected"),
        (R + "  o: {out: serial, inputs: [r.x]}\n", P + 'pipeline.o.inputs: Expected something like "fft" or "fft.2"'),
        (R + "  m: {proc-block: modulo, inputs: r}\n  o: {out: serial, inputs: [m]}\n", P + "pipeline.m.inputs: "),
        ("  r: {capability: RAND, outputs: {type: f32}}\n" + O, P + "pipeline.r.outputs: invalid type: map"),
        ("  r: {capability: RAND, outputs: f32}\n" + O, P + 'pipeline.r.outputs: invalid type: string "f32"'),
        ("  r: {capability: ACELL}\n" + O, 'This isn\'t one of the builtin capabilities: "ACELL"'),
        (R + "  o: {out: serail, inputs: [r]}\n", 'Unknown OUT type: "serail"'),
        (label("{wordlst: a}"), 'The label proc block has no argument "wordlst"'),
        (label("{wordlist: }"), P + "pipeline.l.args.wordlist: invalid type: null, expected a number, string, or"),
        (label("{wordlist: {a: b}}"), P + "pipeline.l.args.wordlist: invalid type: map, expected a number, string, or"),
        (label("{labels: [[a]]}"), P + "pipeline.l.args.labels: invalid type: sequence"),
        (label("{wordlist: $WO-RDS}"), P + '"WO-RDS" should be a valid identifier'),
        ("  r: {capability: ACCEL, args: {n: [[]]}}\n" + O, P + "pipeline.r.args.n: invalid type: sequence"),
        (R + "  o: {out: serial, inputs: [r], args: {a: {}}}\n", P + "pipeline.o.args.a: invalid type: map"),
    ],
)  # fmt: skip
def test_nothing_is_said_twice(check: Check, text: str, message: str) -> None:
    found = check("pipeline:\n" + text)
    (error,) = found.errors
    assert error.startswith(message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("  r: {capability: ACELL}\n" + O, 'did you mean "ACCEL"? the capabilities are RAND, SOUND, ACCEL, IMAGE, RAW'),
        (R + "  o: {out: serail, inputs: [r]}\n", 'did you mean "SERIAL"? the output kinds are SERIAL, TENSOR'),
        (R + "  o: {out: serial, inputs: r}\n", "write inputs: [r]"),
        (
            R + "  f: {proc-block: fft, inputs: [r]}\n",
            '"r" gives f32[1]: change that, or put a proc block between the two; `runeflash blocks fft` says what this '
            "one takes",
        ),
        (
            R + "  n: {proc-block: normalize, inputs: [r], outputs: [{type: u8}]}\n",
            "declare what the block gives, or leave it to be inferred (_)",
        ),
        (R + "  m: {model: 'a\\b.tflite', inputs: [r]}\n", "the folders of a path are separated by /, on Windows too"),
        (R + "  m: {proc-block: '.\\m', inputs: [r]}\n", "the folders of a path are separated by /, on Windows too"),
    ],
)
def test_the_hint_says_what_to_do(check: Check, text: str, hint: str) -> None:
    found = check("pipeline:\n" + text)
    assert hint in [item.hint for item in found.diagnostics]


@pytest.mark.parametrize("image", ["''", "'a b'", "a@", "'#x'", "a" * 501])
def test_an_image_that_is_no_path(check: Check, image: str) -> None:
    found = check("pipeline:\n" + R + O, header=f"version: 1\nimage: {image}\n")
    assert found.errors == ["Unable to parse the path"]


def test_keys_in_capital_letters(check: Check) -> None:
    found = check("Pipeline:\n" + R + O, header="Version: 1\nImage: runicos/base\n")
    hints = {item.message: item.hint for item in found.diagnostics}
    assert hints[P + "missing field `image`"] == 'did you mean "image"?'
    assert hints[P + "missing field `pipeline`"] == 'did you mean "pipeline"?'


def test_a_warning_that_a_build_refuses_says_so(check: Check) -> None:
    found = check("pipeline:\n" + R + O, header="version: 1\nimage: other\n")
    (item,) = found.diagnostics
    assert item.notes == ("`runeflash build` refuses this",)
    (error,) = check("pipeline:\n" + R + O, header="version: 1\nimage: other\n", for_build=True).diagnostics
    assert not error.notes
