"""What is said about a model, whether it can be compiled or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_builder import ModelBuilder

from runeflash.errors import UserError
from runeflash.model import compile_model, read_signature
from runeflash.model.info import describe_model
from runeflash.model.schema import DataType

PROJECT = Path(__file__).resolve().parents[2]
GESTURE = PROJECT / "examples" / "gesture" / "model.tflite"
SHARED = PROJECT.parent / "shared" / "fixtures"
MODELS = [*sorted((PROJECT / "examples").glob("*/*.tflite")), *sorted(SHARED.glob("**/*.tflite"))]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_model(path: Path) -> None:
    data = path.read_bytes()
    info = describe_model(data)
    signature = read_signature(data)
    for described, read in ((info.inputs, signature.inputs), (info.outputs, signature.outputs)):
        assert [(t.name, t.type, t.shape) for t in described] == [
            (t.name, t.type.element.value, t.type.dimensions) for t in read
        ]
    assert info.operators
    assert info.macs == sum(operator.macs or 0 for operator in info.operators)
    try:
        compiled = compile_model(data, name="m", symbol="m")
    except UserError as error:
        assert info.problem == error.message
        assert info.arena_bytes is None
        return
    assert info.problem is None
    assert all(operator.problem is None for operator in info.operators)
    assert info.arena_bytes == compiled.arena_bytes
    # counted from shapes here, by the operators there
    assert info.macs == compiled.given_macs
    assert sum(operator.compiled_macs or 0 for operator in info.operators) == compiled.macs
    assert max((operator.arena_bytes or 0 for operator in info.operators), default=0) <= compiled.arena_bytes


@pytest.mark.parametrize(
    ("name", "count", "macs"),
    # The last is MobileNet v1 of width 0.25 for 96 x 96 grey pixels: the number follows from its layers.
    [("hello_world_int8", 3, 288), ("micro_speech_quantized", 4, 336_000), ("person_detect", 31, 7_157_888)],
)
def test_macs_are_known_for_quantised_models(name: str, count: int, macs: int, fixtures: Path) -> None:
    info = describe_model((fixtures / "models" / f"{name}.tflite").read_bytes())
    assert len(info.operators) == count
    assert info.macs == macs


def test_quantisation(fixtures: Path) -> None:
    info = describe_model((fixtures / "models" / "hello_world_int8.tflite").read_bytes())
    found = info.inputs[0].quantization
    assert found is not None
    assert found.scales == pytest.approx((0.0244801156,))
    assert found.zero_points == (-128,)


def unsupported() -> bytes:
    """A model of which only the first operator can be compiled."""
    builder = ModelBuilder()
    x = builder.tensor((1, 4), name="x")
    weights = builder.tensor((3, 4), [0.5] * 12, name="w")
    y = builder.tensor((1, 3), name="y")
    z = builder.tensor((1, 3), name="z", type=DataType.FLOAT16)
    builder.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    builder.operator("CUSTOM", [y], [z], custom_name="Fancy\nOperator")
    return builder.build([x], [z])


def test_what_cannot_be_compiled_is_said_and_no_error() -> None:
    info = describe_model(unsupported())
    assert [operator.problem for operator in info.operators] == [None, "this operator is not supported"]
    assert info.operators[1].operator == "Fancy\nOperator"
    assert (info.operators[0].macs, info.operators[1].macs) == (12, None)
    assert (info.operators[0].weight_bytes, info.weight_bytes) == (48, 48)
    assert info.outputs[0].type == "float16"
    assert info.problem is not None


def test_a_damaged_operator_is_an_error() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 4)), builder.tensor((1, 4))
    builder.operator("SOFTMAX", [x, x], [y])
    with pytest.raises(UserError, match="damaged"):
        describe_model(builder.build([x], [y]))


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_an_error_and_never_a_crash(data: Any) -> None:
    content = bytearray(unsupported())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        describe_model(bytes(content))
    except UserError as error:
        assert error.message


def test_command(runeflash: Any, tmp_path: Path) -> None:
    done = runeflash("model-info", GESTURE)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:5] == ["Ops: 8", "Inputs:", "\tinput: f32[1,128,3,1]", "Outputs:", "\tprobabilities: f32[1,4]"]
    assert "FULLY_CONNECTED" in done.stdout
    assert "MACs: 62,016" in done.stdout
    (tmp_path / "other.tflite").write_bytes(unsupported())
    done = runeflash("model-info", "other.tflite")
    assert done.returncode == 0
    assert "cannot be compiled: this operator is not supported" in done.stdout


def test_command_as_data(runeflash: Any) -> None:
    content = json.loads(runeflash("model-info", GESTURE, "--json").stdout)
    assert content["ops"] == 8
    assert content["inputs"] == [{"name": "input", "element_kind": "f32", "dims": [1, 128, 3, 1]}]
    assert content["compiles"] is True
    assert content["operators"][0]["supported"] is True
    assert content["macs"] == sum(operator["macs"] for operator in content["operators"])


def test_command_says_what_is_wrong(runeflash: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(GESTURE.read_bytes()[:1000])
    for name, message in (("bad.tflite", "damaged"), ("none.tflite", "No such file"), (".", "directory")):
        done = runeflash("model-info", name)
        assert done.returncode == 1
        assert message in done.stderr
