"""The Dockerfile-like dialect: what it may say, and what is said about what it may not."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path

import pytest

from runeflash.diagnostics import Diagnostics, Severity, SourceFile, Span
from runeflash.pipeline import load
from runeflash.runefile import generate_tables, is_dockerfile_like, parse
from runeflash.runefile.tree import Runefile, StageKind, Text, TextList, Verbatim
from runeflash.tensors import ElementType, TensorType

SINE = """\
FROM runicos/base
CAPABILITY<F32> rand RAND
PROC_BLOCK<F32,F32> mod360 hotg-ai/rune#proc_blocks/modulo --modulus 360.0
OUT serial
RUN rand mod360 serial
"""


def read(text: str, *, lenient: bool = False) -> tuple[Runefile, Diagnostics]:
    diagnostics = Diagnostics()
    runefile = parse(SourceFile("Runefile", text), diagnostics, lenient=lenient)
    assert runefile is not None
    return runefile, diagnostics


def good(text: str) -> Runefile:
    runefile, diagnostics = read(text)
    assert not diagnostics.items
    return runefile


def messages(text: str) -> list[str]:
    return [item.message for item in read(text)[1].in_order()]


def plain(value: object) -> object:
    """Return a tree without places."""
    if isinstance(value, Span):
        return None
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def test_the_tables_are_those_of_the_grammar() -> None:
    pytest.importorskip("lark")
    assert generate_tables.TABLES.read_text() == generate_tables.generate()


def test_a_small_file() -> None:
    runefile = good(SINE)
    assert runefile.image.text == "runicos/base"
    assert runefile.name is None
    rand, mod360, serial = runefile.stages
    assert (rand.kind, rand.name.text, rand.subject.text) == (StageKind.CAPABILITY, "rand", "RAND")
    assert [each.type for each in rand.outputs] == [TensorType(ElementType.F32, (1,))]
    assert mod360.subject.text == "hotg-ai/rune#proc_blocks/modulo"
    assert [each.type for each in mod360.input_types] == [TensorType(ElementType.F32, (1,))]
    assert mod360.argument("modulus").value.text == "360.0"
    assert [each.stage for each in mod360.inputs] == ["rand"]
    assert serial.outputs is None
    assert [each.text for each in serial.inputs] == ["mod360"]


def test_everything_knows_its_place() -> None:
    runefile = good(SINE)
    mod360 = runefile.stages[1]
    pieces = [
        mod360.name,
        mod360.subject,
        mod360.arguments[0].value,
        mod360.input_types[0],
        mod360.outputs[0],
        mod360.inputs[0],
    ]
    assert [SINE[piece.span.start : piece.span.end] for piece in pieces] == [
        "mod360",
        "hotg-ai/rune#proc_blocks/modulo",
        "360.0",
        "F32",
        "F32",
        "rand",
    ]


def test_the_seed_with_and_without_its_line_breaks(fixtures: Path) -> None:
    both = [good((fixtures / "seeds" / name).read_text()) for name in ("Runefile", "Runefile.as-printed")]
    assert plain(both[0]) == plain(both[1])
    assert both[0].name.text == "main"
    assert [stage.name.text for stage in both[0].stages] == ["audio", "fft", "model", "label", "serial"]


@pytest.mark.parametrize("name", ["Runefile", "Runefile.as-printed", "Runefile.yml"])
def test_the_seeds_pass_as_printed(fixtures: Path, name: str) -> None:
    _, pipeline, diagnostics = load(fixtures / "seeds" / name)
    assert pipeline is not None, list(diagnostics)


# Those of before February 2021, and three that were never accepted (rune-reference.md, 1.6).
OLDER = (
    "gesture__Runefile.2021-02-20",
    "gesture__Runefile.2021-02-28.690212c",
    "microspeech__Runefile.2020-10-28",
    "person_detection__Runefile.2021-03-11.e507e04",
    "sine__Runefile.2020-11-02",
    "sine__Runefile.2021-01-18",
    "style_transform_runefile.2021-07-08",
)


def test_history(fixtures: Path) -> None:
    paths = sorted(fixtures.glob("runefile-history/v0/*"))
    assert len(paths) == 36
    for path in paths:
        codes = {item.code for item in read(path.read_text())[1] if item.severity is Severity.ERROR}
        if any(part in path.name for part in OLDER):
            assert "RF116" in codes, path.name
            assert "RF117" not in codes, path.name
        else:
            # No word about its form; some declare a stage twice or forget one.
            assert codes <= {"RF201", "RF205"}, path.name


@pytest.mark.parametrize("version", ["v0.2.2", "v0.5.3"])
def test_examples_of_released_versions(fixtures: Path, version: str) -> None:
    paths = sorted(fixtures.glob(f"rune-examples/{version}/*/Runefile"))
    assert len(paths) >= 4
    for path in paths:
        assert not read(path.read_text())[1].has_errors, path


def arguments(text: str) -> dict[str, object]:
    runefile = good(f"FROM runicos/base\nCAPABILITY<_> a SOUND {text}\nOUT serial\nRUN a serial\n")
    return {argument.name: argument.value for argument in runefile.stages[0].arguments}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("--hz 16000", "hz", "16000"),
        ("--hz=16000", "hz", "16000"),
        ("--hz \\\n   16000", "hz", "16000"),
        ("--hz\n16000", "hz", "16000"),
        ("-n 128", "n", "128"),
        ("-n -0.5", "n", "-0.5"),
        ("-n -.5e-3", "n", "-.5e-3"),
        ("--sample-duration-ms 1500 # how long", "sample_duration_ms", "1500"),
        ('--text "a b, # c"', "text", "a b, # c"),
        (r'--text "\"\\\t\n\u00e9\U0001F600"', "text", '"\\\t\n\N{LATIN SMALL LETTER E WITH ACUTE}\N{GRINNING FACE}'),
        ('--text "a\\\nb"', "text", "ab"),
        ("--colour=#fff", "colour", "#fff"),
        ("--colour a#fff", "colour", "a#fff"),
        ("--path ./model.tflite", "path", "./model.tflite"),
        ("--where MODEL", "where", "MODEL"),
        ("--where=RUN", "where", "RUN"),
    ],
)
def test_argument(text: str, name: str, value: str) -> None:
    (argument,) = arguments(text).items()
    assert argument[0] == name
    assert isinstance(argument[1], Text)
    assert argument[1].text == value


@pytest.mark.parametrize(
    "text", ["--l=a,b,c", "--l a,b,c", "--l=a, b, c", "--l=a ,b,\n  c", '--l="a",b,"c"', "--l=a,\\\nb,c"]
)
def test_lists(text: str) -> None:
    value = arguments(text)["l"]
    assert isinstance(value, TextList)
    assert [item.text for item in value.items] == ["a", "b", "c"]


def test_verbatim_values() -> None:
    value = arguments("--pixel-format @PixelFormat::GrayScale")["pixel_format"]
    assert isinstance(value, Verbatim)
    assert value.text == "PixelFormat::GrayScale"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F32", TensorType(ElementType.F32, (1,))),
        ("utf8", TensorType(ElementType.UTF8, ())),
        ("UTF8[7]", TensorType(ElementType.UTF8, (7,))),
        ("u8[1, 96,\n96 ,1]", TensorType(ElementType.U8, (1, 96, 96, 1))),
        ("_", None),
    ],
)
def test_types(text: str, expected: TensorType | None) -> None:
    runefile = good(f"FROM x\nCAPABILITY < {text} > a RAW\nOUT serial\nRUN a serial")
    assert [each.type for each in runefile.stages[0].outputs] == [expected]


@pytest.mark.parametrize(
    "path",
    [
        "fft",
        "fft@1.0",
        "hotg-ai/fft",
        "hotg-ai/rune#proc_blocks/fft",
        "https://github.com/hotg-ai/rune@v1.0#a/b",
        "./d",
    ],
)
def test_paths(path: str) -> None:
    runefile = good(f"FROM x\nCAPABILITY<F32> a RAW\nPROC_BLOCK<_,_> b {path} #comment\nRUN a b")
    assert runefile.stages[1].subject.text == path


def test_several_instructions_on_a_line() -> None:
    runefile = good("FROM runicos/base CAPABILITY<F32> a RAND OUT serial RUN a serial")
    assert [stage.name.text for stage in runefile.stages] == ["a", "serial"]


def test_carriage_returns() -> None:
    assert plain(good(SINE.replace("\n", "\r\n"))) == plain(good(SINE))


def test_run_makes_a_graph() -> None:
    runefile = good(
        "FROM runicos/base\nRUN a c serial\nRUN b c\nCAPABILITY<F32> a RAND\nCAPABILITY<F32> b RAND\n"
        "PROC_BLOCK<_,_> c ./c\nOUT SERIAL\n"
    )
    inputs = {stage.name.text: [each.text for each in stage.inputs] for stage in runefile.stages}
    assert inputs == {"a": [], "b": [], "c": ["a", "b"], "serial": ["c"]}


def test_out_in_capitals_is_called_serial() -> None:
    for name in ("serial", "SERIAL"):
        runefile = good(f"FROM runicos/base\nCAPABILITY<F32> a RAND\nOUT SERIAL\nRUN a {name}\n")
        assert runefile.stages[1].name.text == "serial"


def test_a_first_name_that_is_no_stage_is_the_pipelines() -> None:
    assert good(SINE.replace("RUN rand", "RUN main rand")).name.text == "main"


@pytest.mark.parametrize(
    ("run", "wrong"),
    [
        ("RUN rnad mod360 serial", "rnad"),
        ("RUN source mod360 serial", "source"),
        ("RUN rand mod306 serial", "mod306"),
        ("RUN rand mod360 seriel", "seriel"),
    ],
)
def test_a_mistyped_name(run: str, wrong: str) -> None:
    _, diagnostics = read(SINE.replace("RUN rand mod360 serial", run))
    (item,) = [item for item in diagnostics if item.severity is Severity.ERROR]
    assert item.message == f'Unknown name "{wrong}"'
    if wrong != "source":
        assert "did you mean" in item.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "A Runefile must contain at least a FROM instruction"),
        ("# nothing\n", "A Runefile must contain at least a FROM instruction"),
        ("OUT serial\nFROM runicos/base\n", "Runefiles should start with a FROM instruction"),
        (SINE + "FROM other\n", "A FROM instruction can only be at the top of a Runefile"),
        (SINE + "RUN\n", "Expected a name, but the RUN instruction ends here"),
        (SINE + "OUT serial\n", 'The "serial" stage is already defined'),
        (SINE + "RUN serial mod360", 'The "serial" stage doesn\'t have any outputs'),
        (SINE + "RUN mod360 rand", 'The "rand" stage doesn\'t accept any inputs'),
        (SINE.replace("<F32>", "<F23>"), 'Unknown type "F23"'),
        (SINE.replace("--modulus 360.0", "--modulus"), "Expected a value, but the PROC_BLOCK instruction ends here"),
        (SINE.replace("mod360 hotg", "hotg"), "The name of a stage comes before its path since February 2021"),
        (SINE.replace("rand RAND", "RAND rand"), "The name of a stage comes before its kind since February 2021"),
        (SINE.replace("<F32>", ""), "CAPABILITY has the type of its output in angle brackets since January 2021"),
        (SINE.replace("<F32>", "<_,F32>"), "CAPABILITY has one type, its output's, since February 2021"),
        (SINE.replace("<F32,F32>", "<F32>"), "PROC_BLOCK has two types, its input's and its output's"),
        (SINE.replace("base", "base as b"), "FROM has no alias since February 2021"),
        (SINE.replace("base", "base:latest"), 'FROM: expected the next instruction, found ":"'),
        (SINE.replace("<F32>", "<f32[150][1]>"), 'A tensor type is written F32[128, 3], with one pair of br'),
        (SINE.replace("<F32>", "<[f32; 5]>"), 'A tensor type is written F32[128, 3], with one pair of br'),
        (SINE.replace("<F32>", "<f32[]>"), 'CAPABILITY: expected a dimension, found "]"'),
        (SINE.replace("--modulus", "-modulus"), "An argument of more than one letter begins with two hyphens"),
        (SINE.replace("--modulus 360.0", "input_type=f32"), "input_type is no argument since February 2021: types st"),
        (SINE.replace("OUT serial", "Out serial"), 'Instructions are written in capital letters since 2021: OUT, not'),
        (SINE.replace("OUT serial", "OUTPUT serial"), '"OUTPUT" is no instruction'),
        (SINE.replace("360.0", '"360.0'), 'PROC_BLOCK: expected a value, found """'),
        (SINE.replace("360.0", "1,,2"), 'PROC_BLOCK: expected a value, found ","'),
        (SINE.replace("F32>", "F32[0]>", 1), "A dimension is at least 1"),
        (SINE.replace("F32>", "F32[65536,65536]>", 1), "A tensor has at most 2,147,483,648 elements"),
        (SINE.replace("rand RAND", "rand RAND --n 1 -n 2"), 'The argument "n" is given twice'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, expected: str) -> None:
    found = messages(text)
    assert any(message.startswith(expected) for message in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SINE.replace("#proc", "@fix-fft/2#proc"), "hotg-ai/rune@fix-fft/2#proc_blocks/modulo"),
        (SINE.replace("rand RAND", "rand RAND \\ \t\n --source 1"), "hotg-ai/rune#proc_blocks/modulo"),
        (SINE.replace("\n", "\r\n").replace("rand mod", "rand \\\r\n mod"), "hotg-ai/rune#proc_blocks/modulo"),
        (SINE.replace(" ", "\t"), "hotg-ai/rune#proc_blocks/modulo"),
        (SINE.rstrip() + " \\", "hotg-ai/rune#proc_blocks/modulo"),
    ],
)
def test_what_is_let_pass(text: str, expected: str) -> None:
    runefile = good(text)
    assert isinstance(runefile.stages[1].subject, Text)
    assert runefile.stages[1].subject.text == expected
    assert [stage.name.text for stage in runefile.stages] == ["rand", "mod360", "serial"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (SINE.replace("rand mod360", "rand, mod360"), "the names in a RUN instruction are separated by spaces"),
        (SINE.replace("rand mod360", "rand -> mod360"), "the names in a RUN instruction are separated by spaces"),
        (SINE.replace("hotg-ai/rune#proc_blocks/", ".\\blocks\\"), "the folders of a path are separated by /, on "),
        (SINE + "MODEL<_,_> m C:\\m.tflite\n", "the folders of a path are separated by /, on Windows too"),
        (SINE.replace(" mod360", " mod-360"), "a name consists of the letters A to Z, digits and _; write _ ins"),
        (SINE.replace("rand ", "ränd "), "a name consists of the letters A to Z, digits and _"),
        (SINE.replace("OUT serial", "OUT serial\nOUT SERIAL"), "declare it once; several RUN instructions may end in "),
    ],
)  # fmt: skip
def test_a_hint_says_what_to_do(text: str, hint: str) -> None:
    """And there is no second finding that only follows from the first, in the same statement or beyond."""
    _, diagnostics = read(text)
    hints = {item.hint or "" for item in diagnostics.in_order()}
    assert len(hints) == 1
    assert hints.pop().startswith(hint)


@pytest.mark.parametrize("path", ["model.tflite", "x/model.tflite", "./model.tflite", "../model", "my-model.tflite"])
def test_a_file_where_the_name_should_be(path: str) -> None:
    for statement in (f"MODEL<_,_> {path} name", f"MODEL<_,_> {path}"):
        assert messages(f"{SINE}{statement}\n") == ["The name of a stage comes before its file since February 2021"]


@pytest.mark.parametrize("path", ["fft@1.0", "hotg-ai/fft", "hotg-ai/rune#proc_blocks/fft", "https://a.b/c"])
def test_a_path_where_the_name_should_be(path: str) -> None:
    found = messages(f"{SINE}PROC_BLOCK<_,_> {path} fft\n")
    assert found == ["The name of a stage comes before its path since February 2021"]


def test_a_path_may_be_absolute() -> None:
    runefile = good(SINE.replace("RUN rand", "MODEL<_,_> m /models/a.tflite\nRUN rand m"))
    assert [getattr(stage.subject, "text", "") for stage in runefile.stages][-1] == "/models/a.tflite"


def test_a_wrong_statement_leaves_the_others() -> None:
    text = SINE.replace("rand RAND", "RAND").replace("#proc_blocks/modulo", "# modulo").replace("RUN rand", "RUN rnd")
    assert messages(text.replace("OUT serial", "OUT")) == [
        "Expected a kind such as SOUND, but the CAPABILITY instruction ends here",
        "Expected a kind such as serial, but the OUT instruction ends here",
        'Unknown name "rnd"',
        'Unknown name "serial"',
    ]


def test_no_word_about_what_only_follows() -> None:
    """One mistake, one finding: neither RUN nor the stages beyond speak of it again."""
    assert len(messages(SINE.replace("PROC_BLOCK<F32,F32>", "PROC_BLOCK<F32,>"))) == 1


def test_a_stage_that_is_not_run() -> None:
    (item,) = read(SINE + "PROC_BLOCK<_,_> other ./other\n")[1].items
    assert item.severity is Severity.WARNING
    assert item.message == 'No RUN instruction names "other", so it is left out'


def test_an_unknown_type_that_is_let_pass() -> None:
    runefile, diagnostics = read(SINE.replace("<F32>", "<F23>"), lenient=True)
    assert not diagnostics.has_errors
    assert runefile.stages[0].outputs[0].type is None
    assert not runefile.stages[0].outputs[0].invalid


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Runefile.yml", SINE, True),
        ("Runefile", "version: 1\nimage: runicos/base\n", False),
        ("Runefile", "# comment\n\n  FROM x\n", True),
        ("Runefile", "from runicos/base\n", True),
        ("Runefile", "FROM\nrunicos/base\n", True),
        ("Runefile", "FORM runicos/base\nCAPABILITY<F32> a RAND\n", True),
        ("Runefile.yml", "from: x\nRUN: 1\n", False),
        ("Runefile.yml", "image: x\ntext: |\n  RUN a b\n", False),
        ("Runefile", "", True),
        ("Runefile.yml", "", False),
    ],
)
def test_the_content_decides_the_dialect(path: str, text: str, expected: bool) -> None:
    assert is_dockerfile_like(SourceFile(path, text)) is expected
