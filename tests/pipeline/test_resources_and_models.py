from __future__ import annotations

import os
from pathlib import Path

import pytest
from runefile_checking import Check
from tflite_builder import ModelBuilder, softmax_options

from runeflash.model.schema import DataType
from runeflash.pipeline import load
from runeflash.pipeline.graph import ResourceKind

SOURCE = "  a: {capability: RAW, outputs: [{type: f32, dimensions: [1, 4]}]}\n"
OUT = "  o: {out: serial, inputs: [m]}\n"


def softmax(shape: tuple[int, ...] = (1, 4), *, data_type: DataType = DataType.FLOAT32) -> bytes:
    builder = ModelBuilder()
    x = builder.tensor(shape, name="x", type=data_type)
    y = builder.tensor(shape, name="y", type=data_type)
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    return builder.build(inputs=[x], outputs=[y])


def model(outputs: str = "", *, source: str = SOURCE, args: str = "", inputs: str = "[a]") -> str:
    declared = f", outputs: [{outputs}]" if outputs else ""
    return f"pipeline:\n{source}  m: {{model: m.tflite, inputs: {inputs}{declared}{args}}}\n{OUT}"


def test_a_model_from_a_file(check: Check) -> None:
    data = softmax()
    pipeline = check(
        model("{type: f32, dimensions: [1, 4]}"), files={"m.tflite": data}, for_build=True, strict=True
    ).good
    (stage,) = pipeline.models
    assert stage.data == data
    assert (stage.file, stage.resource) == ("m.tflite", None)


def test_a_model_from_a_resource_and_from_the_command_line(check: Check) -> None:
    text = (
        f"pipeline:\n{SOURCE}  m: {{model: $M, inputs: [a]}}\n{OUT}resources:\n  M: {{type: binary, path: x.tflite}}\n"
    )
    data, other = softmax(), softmax((2, 2))
    (stage,) = check(text, files={"x.tflite": data}).good.models
    assert (stage.data, stage.file, stage.resource) == (data, None, "M")
    (stage,) = check(text, resources={"M": other}).good.models
    assert stage.data == other


def test_run_time_resources_are_for_checking_only(check: Check) -> None:
    text = (
        f"pipeline:\n{SOURCE}  m: {{model: $M, inputs: [a], outputs: [{{type: f32, dimensions: [4]}}]}}\n{OUT}"
        "resources:\n  M: {type: binary}\n"
    )
    assert check(text).warnings == ['The resource "M" has no data']
    assert check(text, for_build=True).errors == ['The resource "M" has no data']
    assert check(text, for_build=True, resources={"M": softmax()}).good


def test_references_to_no_resource(check: Check) -> None:
    text = (
        f"pipeline:\n{SOURCE}  m: {{model: $MODLE, inputs: [a]}}\n  n: {{model: $a}}\n{OUT}resources:\n  MODEL: {{}}\n"
    )
    found = check(text)
    assert found.errors == ['No definition for "$MODLE"', '"$a" is not a resource']
    assert 'did you mean "MODEL"?' in found.rendered


def test_a_model_is_a_binary_resource(check: Check) -> None:
    text = f"pipeline:\n{SOURCE}  m: {{model: $M, inputs: [a]}}\n{OUT}resources:\n  M: {{inline: x}}\n"
    assert check(text).errors == ['"$M" should be a binary resource']


def test_unreadable_files_in_the_words_of_the_reference(check: Check) -> None:
    text = model() + "resources:\n  R: {path: nothing.txt}\n"
    found = check(text)
    reason = "No such file or directory (os error 2)"
    assert found.errors == [
        f'Unable to read "m.tflite" for "m": {reason}',
        f'Unable to read "nothing.txt" for "R": {reason}',
    ]
    assert found.at("RF301") == ["m.tflite", "nothing.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_only_regular_files_are_read(check: Check, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    os.mkfifo(tmp_path / "demo" / "m.tflite")
    assert check(model()).errors == ['Unable to read "m.tflite" for "m": it is not a regular file']


@pytest.mark.parametrize("name", [r'"a\0b"', '"' + "x" * 300 + '"'])
def test_impossible_paths(check: Check, name: str) -> None:
    (error,) = check(model().replace("m.tflite", name)).errors
    assert error.startswith("Unable to read ")


def test_folders_are_for_checking_only(check: Check) -> None:
    text = model("{type: f32, dimensions: [4]}") + "resources:\n  R: {path: folder}\n"
    files = {"m.tflite/part.bin": b"x", "folder/part.bin": b"x"}
    assert check(text, files=files).warnings == [
        '"m.tflite" is a folder, and a TensorFlow Lite model is one file',
        'Nothing uses the resource "R"',
        '"folder" is a folder, and a resource is one file',
    ]
    assert len(check(text, files=files, for_build=True).errors) == 2


def test_other_formats_are_for_checking_only(check: Check) -> None:
    text = model("{type: f32, dimensions: [4]}", args=", args: {format: onnx}")
    files = {"m.tflite": b"anything"}
    assert check(text, files=files).warnings == ["A model in the onnx format cannot be compiled for a microcontroller"]
    assert check(text, files=files, for_build=True).errors
    text = text.replace("onnx", "caffe")
    assert check(text, files=files).errors == [
        'Expected the format to be one of onnx, tensorflow, tensorflow-js, tensorflow-lite, but found "caffe"'
    ]


@pytest.mark.parametrize("data", [b"", b"x", softmax()[:60], b"\0" * 100])
def test_a_damaged_model_is_an_error(check: Check, data: bytes) -> None:
    found = check(model("{type: f32, dimensions: [4]}"), files={"m.tflite": data})
    (error,) = found.errors
    assert error.startswith('The model "m.tflite" cannot be read: ')
    assert found.at("RF415") == ["m.tflite"]


def test_arguments_that_a_model_does_not_have(check: Check) -> None:
    text = model(args=", args: {format: tensorflow-lite, a: 1, b-c: 2}")
    assert check(text, files={"m.tflite": softmax()}).warnings == ["Unused arguments for m: a, b_c"]


@pytest.mark.parametrize(
    ("shape", "data_type", "declared", "problem"),
    [
        (
            (1, 4),
            DataType.FLOAT32,
            "{type: f32, dimensions: [1, 5]}",
            '"m" declares f32[1, 5], but its model gives f32[1, 4]',
        ),
        (
            (1, 4),
            DataType.FLOAT32,
            "{type: i32, dimensions: [1, 4]}",
            '"m" declares i32[1, 4], but its model gives f32[1, 4]',
        ),
        ((1, 5), DataType.FLOAT32, "", '"a" gives f32[1, 4], but the model of "m" takes f32[1, 5]'),
        ((1, 4), DataType.INT8, "", '"a" gives f32[1, 4], but the model of "m" takes i8[1, 4]'),
        (
            (1, 4),
            DataType.FLOAT32,
            "{type: f32, dimensions: [1, 4]}, {type: f32, dimensions: [1, 4]}",
            'The "m" stage declares 2 outputs, but its model has 1',
        ),
    ],
)
def test_the_signature_is_a_warning_when_checking_and_an_error_when_building(
    check: Check, shape: tuple[int, ...], data_type: DataType, declared: str, problem: str
) -> None:
    files = {"m.tflite": softmax(shape, data_type=data_type)}
    found = check(model(declared), files=files)
    assert found.warnings == [problem]
    assert found.pipeline is not None
    found = check(model(declared), files=files, for_build=True)
    assert found.errors == [problem]


def test_the_number_of_inputs_of_a_model(check: Check) -> None:
    problem = 'The model of "m" has 1 input, but 2 are connected'
    files = {"m.tflite": softmax()}
    assert check(model(inputs="[a, a]"), files=files).warnings == [problem]
    assert check(model(inputs="[a, a]"), files=files, for_build=True).errors == [problem]


def test_another_rank_is_only_a_warning(check: Check) -> None:
    source = SOURCE.replace("[1, 4]", "[4]")
    found = check(
        model("{type: f32, dimensions: [2, 2]}", source=source), files={"m.tflite": softmax()}, for_build=True
    )
    assert found.warnings == [
        '"a" gives f32[4], but the model of "m" takes f32[1, 4]: the same elements with other dimensions',
        '"m" declares f32[2, 2], but its model gives f32[1, 4]: the same elements with other dimensions',
    ]
    assert found.good


def test_bytes_of_the_other_sign_are_only_a_warning(check: Check) -> None:
    source = SOURCE.replace("f32", "u8")
    files = {"m.tflite": softmax(data_type=DataType.INT8)}
    found = check(model("{type: u8, dimensions: [1, 4]}", source=source), files=files, for_build=True)
    assert found.warnings == [
        '"a" gives u8[1, 4], but the model of "m" takes i8[1, 4]: the bytes are passed unchanged',
        '"m" declares u8[1, 4], but its model gives i8[1, 4]: the bytes are passed unchanged',
    ]
    assert found.good


def test_resources_keep_what_was_declared(check: Check) -> None:
    text = f"pipeline:\n{SOURCE}  o: {{out: serial, inputs: [a]}}\nresources:\n"
    text += "  T: {inline: 'text'}\n  B: {type: binary, path: b.bin}\n  L: {type: binary}\n"
    pipeline = check(text, files={"b.bin": b"\xff\x00"}).good
    text_resource, binary, later = pipeline.resources
    assert (text_resource.kind, text_resource.data, text_resource.inline) == (ResourceKind.STRING, b"text", "text")
    assert (binary.kind, binary.data, binary.path) == (ResourceKind.BINARY, b"\xff\x00", "b.bin")
    assert (later.data, later.path, later.inline) == (None, None, None)


def test_string_resources_are_text(check: Check) -> None:
    text = f"pipeline:\n{SOURCE}  o: {{out: serial, inputs: [a]}}\nresources:\n  R: {{path: r}}\n"
    assert check(text, files={"r": b"\xff"}).errors == ['The string resource "R" is not UTF-8']
    assert check(text, resources={"R": b"\xff"}).errors == ['The string resource "R" is not UTF-8']


def test_data_for_a_resource_that_is_not_there(check: Check) -> None:
    text = f"pipeline:\n{SOURCE}  o: {{out: serial, inputs: [a]}}\nresources:\n  LABELS: {{inline: a}}\n"
    found = check(text, resources={"LABLES": b"x"})
    assert found.errors == ['There is no resource called "LABLES" to give data to']
    assert 'did you mean "LABELS"?' in found.rendered


def test_the_image(check: Check) -> None:
    text = f"pipeline:\n{SOURCE}  o: {{out: serial, inputs: [a]}}\n"
    header = "version: 1\nimage: other/base\n"
    assert check(text, header=header).warnings == [
        'The image "other/base" does not exist; runicos/base is the only one'
    ]
    assert check(text, header=header, for_build=True).errors
    assert check(text, header="version: 1\nimage: runicos/base@0.3\n", for_build=True, strict=True).good


def test_a_file_that_cannot_be_read_is_a_user_error(tmp_path: Path) -> None:
    from runeflash.errors import UserError

    for path in (tmp_path, tmp_path / "nothing.yml", tmp_path / "a\0b"):
        with pytest.raises(UserError, match="Unable to read"):
            load(path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_bytes(b"version: 1\nimage: \xff\n")
    source, pipeline, diagnostics = load(path)
    assert pipeline is None
    (item,) = diagnostics.items
    assert item.message.endswith("not UTF-8")
    assert item.span is not None
    assert source.line_column(item.span.start) == (2, 8)
    path.write_bytes(b"#" * ((1 << 20) + 1))
    _, pipeline, diagnostics = load(path)
    assert pipeline is None
    assert diagnostics.items[0].code == "RF102"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_bytes(b"\xef\xbb\xbfversion: 2\nimage: runicos/base\npipeline: {}\n")
    source, _, diagnostics = load(path)
    (item,) = diagnostics.items
    assert item.span is not None
    assert source.line_column(item.span.start) == (1, 10)
