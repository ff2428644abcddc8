from __future__ import annotations

import pytest
from runefile_checking import Check

from runeflash.pipeline.graph import ProcBlockStage

NUMBERS = "  a: {capability: RAW, outputs: [{type: f32, dimensions: [4]}]}\n"
OUT = "  o: {out: serial, inputs: [b]}\n"
INDICES = "  a: {capability: RAW, outputs: [{type: u32, dimensions: [1]}]}\n"


def modulo(args: str) -> str:
    return f"pipeline:\n{NUMBERS}  b: {{proc-block: modulo, inputs: [a], args: {args}}}\n{OUT}"


def label(args: str) -> str:
    return f"pipeline:\n{INDICES}  b: {{proc-block: label, inputs: [a], args: {args}}}\n{OUT}"


def capability(kind: str, args: str, output: str) -> str:
    return f"pipeline:\n  a: {{capability: {kind}, args: {args}, outputs: [{output}]}}\n{OUT.replace('b', 'a')}"


SOUND = "{type: i16, dimensions: [16000]}"


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ("{}", 1.0),
        ("{modulus: 360.0}", 360.0),
        ("{modulus: '360'}", 360.0),
        ('{modulus: "@2 * 180"}', 360.0),
        ("{modulus: -0.5}", -0.5),
    ],
)
def test_numbers_of_a_block(check: Check, args: str, value: float) -> None:
    (stage,) = check(modulo(args)).good.proc_blocks
    assert stage.arguments == {"modulus": value}
    assert type(stage.arguments["modulus"]) is float


@pytest.mark.parametrize(
    ("args", "message", "place"),
    [
        ("{modulus: x}", 'Unable to set modulo\'s "modulus" to x', "x"),
        ("{modulus: true}", 'Unable to set modulo\'s "modulus" to true', "true"),
        ("{modulus: [1]}", 'Unable to set modulo\'s "modulus" to a list', "["),
        ("{modulus: 1e39}", 'Unable to set modulo\'s "modulus" to 1e39', "1e39"),
        ('{modulus: "@PixelFormat::RGB"}', 'Unable to set modulo\'s "modulus" to @PixelFormat::RGB', None),
        ('{modulus: "@1 +"}', 'Unable to evaluate "@1 +": something is missing at the end', None),
        ('{modulus: "@std::process::exit(1)"}', "Unable to evaluate", None),
        ("{modulu: 1}", 'The modulo proc block has no argument "modulu"', "modulu"),
        ("{modulus: $R}", 'No definition for "$R"', "$R"),
    ],
)
def test_wrong_arguments_of_a_block(check: Check, args: str, message: str, place: str | None) -> None:
    found = check(modulo(args))
    assert found.errors[0].startswith(message)
    if place is not None:
        assert found.at(found.diagnostics.items[0].code)[0].startswith(place)


def test_a_reference_is_checked_even_in_an_argument_that_is_not_there(check: Check) -> None:
    found = check(modulo("{nothing: $R}"))
    assert found.errors == ['The modulo proc block has no argument "nothing"', 'No definition for "$R"']


@pytest.mark.parametrize(
    "args", ["{wordlist: [yes, no]}", "{labels: [yes, no]}", '{wordlist: "yes\\nno\\n"}', "{wordlist: $L}"]
)
def test_labels_in_every_form(check: Check, args: str) -> None:
    text = label(args) + "resources:\n  L: {inline: 'yes\n\n      no'}\n"
    (stage,) = check(text).good.proc_blocks
    assert isinstance(stage, ProcBlockStage)
    assert stage.arguments == {"wordlist": ("yes", "no")}
    assert stage.resources == (("L",) if "$L" in args else ())
    assert stage.text_bytes == (3,)


def test_a_required_argument(check: Check) -> None:
    assert check(label("{}")).errors == ['The "b" stage needs the argument "wordlist"']


def test_the_same_argument_by_both_names(check: Check) -> None:
    assert check(label("{labels: a, wordlist: b}")).errors == ['"wordlist" sets "wordlist" a second time']


def test_a_text_from_a_binary_resource(check: Check) -> None:
    text = label("{labels: $L}") + "resources:\n  L: {type: binary, path: l}\n"
    assert check(text, files={"l": b"a"}).errors == ['"$L" should be a string resource']


def test_a_text_that_comes_at_run_time(check: Check) -> None:
    text = label("{labels: $L}") + "resources:\n  L: {type: string}\n"
    found = check(text)
    assert found.warnings == ['The resource "L" has no data']
    assert check(text, for_build=True).errors == ['The resource "L" has no data']
    (stage,) = check(text, for_build=True, resources={"L": b"a\nb"}).good.proc_blocks
    assert stage.arguments == {"wordlist": ("a", "b")}


def test_the_checks_of_a_block(check: Check) -> None:
    text = modulo("{}").replace("modulo", "most_confident_indices").replace("args: {}", "args: {count: 5}")
    found = check(text)
    assert found.errors == ["Unable to take the top 5 values from a 4-item input"]
    assert check(text.replace("count: 5", "count: 0")).errors == [
        'Unable to set most_confident_indices\'s "count" to 0'
    ]


@pytest.mark.parametrize(
    ("kind", "args", "output", "parameters"),
    [
        ("RAND", "{}", "{type: f32, dimensions: [4]}", {}),
        ("RAW", "{length: 16, source: 2}", "{type: f32, dimensions: [4]}", {"source": 2}),
        ("SOUND", "{hz: 16000, sample_duration_ms: 1000}", SOUND, {"hz": 16000, "sample_duration_ms": 1000}),
        ("SOUND", "{frequency: 16000, sample-duration: 1}", SOUND, {"hz": 16000, "sample_duration_ms": 1000}),
        ("SOUND", "{hz: 8000}", SOUND, {"hz": 8000, "sample_duration_ms": 2000}),
        ("SOUND", "{hz: 8000, hop-ms: 250}", SOUND, {"hz": 8000, "sample_duration_ms": 2000, "hop_ms": 250}),
        ("SOUND", '{hz: "@8 * 2000", sample_duration_ms: 1000.0}', SOUND, {"hz": 16000, "sample_duration_ms": 1000}),
        ("SOUND", "{hz: 44100, sample_duration_ms: 22.5}", "{type: i16, dimensions: [992]}", None),
        ("ACCEL", "{n: 128}", "{type: f32, dimensions: [128, 3]}", {"n": 128}),
        ("ACCEL", "{samples: 128, hz: 50}", "{type: f32, dimensions: [1, 128, 3, 1]}", {"n": 128, "hz": 50}),
        ("ACCEL", "{}", "{type: f32, dimensions: [384]}", {"n": 128}),
        ("IMAGE", "{}", "{type: u8, dimensions: [1, 96, 64, 3]}", {"width": 64, "height": 96, "pixel_format": 0}),
        ("IMAGE", "{}", "{type: u8, dimensions: [96, 64]}", {"width": 64, "height": 96, "pixel_format": 2}),
        ("IMAGE", "{}", "{type: u8, dimensions: [1, 96, 64]}", {"width": 64, "height": 96, "pixel_format": 2}),
        (
            "IMAGE",
            '{pixel-format: "@PixelFormat::BGR", width: 64}',
            "{type: u8, dimensions: [96, 64, 3]}",
            {"width": 64, "height": 96, "pixel_format": 1},
        ),
        (
            "IMAGE",
            '{pixel_format: "@PixelFormat::Grayscale", width: 64, height: 96}',
            "{type: u8, dimensions: [6144]}",
            {"width": 64, "height": 96, "pixel_format": 2},
        ),
        (
            "IMAGE",
            "{pixel_format: bgr}",
            "{type: u8, dimensions: [2, 2, 3]}",
            {"width": 2, "height": 2, "pixel_format": 1},
        ),
    ],
)
def test_parameters_of_capabilities(
    check: Check, kind: str, args: str, output: str, parameters: dict[str, int] | None
) -> None:
    found = check(capability(kind, args, output))
    (stage,) = found.good.capabilities
    if parameters is None:
        assert stage.parameters["sample_duration_ms"] == 22.5
        return
    assert dict(stage.parameters) == parameters
    assert all(type(value) is int for value in stage.parameters.values())
    assert not found.warnings


@pytest.mark.parametrize(
    ("kind", "args", "output", "message"),
    [
        ("RAND", "{n: 1}", "{type: f32}", 'The RAND capability has no argument "n"'),
        ("SOUND", "{hz: x}", SOUND, 'Unable to parse "x" as a number'),
        ("SOUND", "{hz: [1]}", SOUND, None),
        ("SOUND", '{hz: "@PixelFormat::RGB"}', SOUND, 'Unable to parse "@PixelFormat::RGB" as a number'),
        ("SOUND", "{hz: 0}", SOUND, '"hz" cannot be 0'),
        ("SOUND", "{hz: 1.5}", SOUND, '"hz" cannot be 1.5'),
        ("SOUND", "{hz: 3000000000}", SOUND, '"hz" cannot be 3000000000'),
        ("SOUND", "{hz: 1e300}", SOUND, '"hz" cannot be 1e300'),
        ("SOUND", '{hz: "@1 << 62 << 2"}', SOUND, 'Unable to evaluate "@1 << 62 << 2": overflow'),
        ("SOUND", "{frequency: 1, hz: 1}", SOUND, '"hz" sets "hz" a second time'),
        ("SOUND", "{hz: 16000}", "{type: f32, dimensions: [16000]}", "The SOUND capability gives i16, not f32"),
        ("ACCEL", "{n: -1}", "{type: f32, dimensions: [3]}", '"n" cannot be -1'),
        ("ACCEL", "{}", "{type: i16, dimensions: [3]}", "The ACCEL capability gives f32, not i16"),
        ("IMAGE", "{}", "{type: f32, dimensions: [2, 2]}", "The IMAGE capability gives u8, not f32"),
        (
            "IMAGE",
            "{pixel_format: '@PixelFormat::CMYK'}",
            "{type: u8, dimensions: [2, 2]}",
            '"@PixelFormat::CMYK" is no pixel format',
        ),
        (
            "IMAGE",
            "{pixel_format: '@Colour::RGB'}",
            "{type: u8, dimensions: [2, 2, 3]}",
            '"@Colour::RGB" is no pixel format',
        ),
        ("IMAGE", "{pixel_format: 3}", "{type: u8, dimensions: [2, 2]}", '"3" is no pixel format'),
        (
            "IMAGE",
            "{}",
            "{type: u8, dimensions: [12]}",
            "The shape of u8[12] does not say the image's width and height and pixel_format",
        ),
        (
            "IMAGE",
            "{width: 3}",
            "{type: u8, dimensions: [2, 2]}",
            "An image of width 3 and height 2 in GrayScale is u8[2, 3, 1], not u8[2, 2]",
        ),
        (
            "IMAGE",
            "{pixel_format: RGB}",
            "{type: u8, dimensions: [2, 2]}",
            "An image of width 2 and height 2 in RGB is u8[2, 2, 3], not u8[2, 2]",
        ),
        ("RAW", "{}", "{type: utf8, dimensions: [2]}", "The RAW capability gives numbers, not utf8"),
        (
            "FLOAT_IMAGE",
            "{}",
            "{type: f32, dimensions: [2]}",
            "The FLOAT_IMAGE capability is reserved and does not exist yet",
        ),
        ("CAMERA", "{}", "{type: f32, dimensions: [2]}", 'This isn\'t one of the builtin capabilities: "CAMERA"'),
    ],
)
def test_wrong_arguments_of_capabilities(check: Check, kind: str, args: str, output: str, message: str | None) -> None:
    found = check(capability(kind, args, output))
    if message is None:  # a list of one number is that number
        assert found.good
    else:
        assert [error for error in found.errors if error.startswith(message)], found.errors


@pytest.mark.parametrize(
    ("kind", "args", "output", "warning"),
    [
        ("SOUND", "{}", SOUND, '"a" has no sample rate; 16000 Hz is assumed'),
        (
            "SOUND",
            "{hz: 16000, sample_duration_ms: 1000}",
            "{type: i16, dimensions: [24000]}",
            "16000 Hz for 1000 ms are 16000 samples, but i16[24000] has 24000",
        ),
        (
            "ACCEL",
            "{n: 64}",
            "{type: f32, dimensions: [128, 3]}",
            "64 samples of x, y and z are 192 numbers, but f32[128, 3] has 384",
        ),
        ("ACCEL", "{}", "{type: f32, dimensions: [4]}", "f32[4] is not filled by whole samples of x, y and z"),
        ("RAW", "{length: 4}", "{type: f32, dimensions: [4]}", "f32[4] has 16 bytes, not 4"),
    ],
)
def test_arguments_that_do_not_fit_the_type_are_warnings(
    check: Check, kind: str, args: str, output: str, warning: str
) -> None:
    found = check(capability(kind, args, output))
    assert found.warnings == [warning]
    assert found.good


def test_the_sample_of_the_seed_document_agrees_with_itself(check: Check) -> None:
    args = "{hz: 16000, sample_duration_ms: 1500}"
    assert not check(capability("SOUND", args, "{type: i16, dimensions: [24000]}")).warnings


def test_capabilities_in_lower_case(check: Check) -> None:
    assert check(capability("rand", "{}", "{type: f32, dimensions: [4]}")).good.capabilities[0].kind.name == "RAND"
