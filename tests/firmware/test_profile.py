"""What layers and parts of a rune cost: the sums are right, and the command shows them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runeflash.firmware.model_profile import noise, profile_model
from runeflash.model import compile_model
from runeflash.profile import Kind, Profile, Row, as_data, format_profile
from runeflash.tensors import ElementType, TensorType

GESTURE = Path(__file__).resolve().parents[2] / "examples" / "gesture"
MODEL = GESTURE / "model.tflite"


def profile(toolchain: str, **more: Any) -> Profile:
    return profile_model(
        MODEL.read_bytes(), name="gesture", toolchain=toolchain, cpu="cortex-m4", fpu="fpv4-sp-d16", **more
    )


def test_the_layers_of_a_model(toolchain: str) -> None:
    found = profile(toolchain)
    model = compile_model(MODEL.read_bytes(), name="m", symbol="m")
    layers = [row for row in found.rows if row.kind is Kind.LAYER]
    assert [row.index for row in layers] == [layer.index for layer in model.layers]
    assert [row.operator for row in layers] == [layer.operator for layer in model.layers]
    assert found.given_macs == 62_016
    for row in layers:
        assert row.instructions > (row.macs or 0), row.name
        assert row.instructions <= row.cycles <= 4 * row.instructions
    between = found.rows[-1]
    assert (between.kind, between.instructions < 200) == (Kind.OTHER, True)
    assert found.code_bytes is not None
    assert 1000 < found.code_bytes < 12_000
    assert found == profile(toolchain), "the same each time"


def test_passes_can_be_left_out() -> None:
    everything = profile("zig", disabled=("copies", "unused"))
    assert "RESHAPE" in [row.operator for row in everything.rows]


def test_noise() -> None:
    reals, integers = TensorType(ElementType.F32, (1000,)), TensorType(ElementType.I8, (1, 999))
    assert (len(noise(reals, 0)), len(noise(integers, 0))) == (4000, 999)
    values = memoryview(noise(reals, 0)).cast("f")
    assert min(values) < -0.9 < 0.9 < max(values) <= 1
    assert noise(integers, 0) != noise(integers, 1)


def test_table() -> None:
    rows = (
        Row(Kind.HOST_CALL, "_debug", 90, 100, stage="a", calls=3),
        Row(
            Kind.LAYER,
            "first",
            1500,
            2000,
            model="m",
            index=3,
            operator="CONV_2D",
            inputs=("i8[1, 2]",),
            outputs=("i8[2]",),
            given_macs=1000,
            macs=500,
            weight_bytes=7,
            arena_bytes=4096,
        ),
        Row(Kind.OTHER, "between the layers", 10, 20, model="m"),
    )
    found = Profile("m on cortex-m4", "gcc 12", rows, code_bytes=1234)
    assert format_profile(found) == (
        "m on cortex-m4, gcc 12\n"
        "   part                        in        out     MACs  left  instructions  per MAC  cycles  weights  arena\n"
        "   host call: _debug, 3 times                                          90              100\n"
        "3  CONV_2D                     i8[1, 2]  i8[2]  1,000   500         1,500     1.50   2,000        7  4,096\n"
        "   between the layers                                                  10               20\n"
        "   total                                        1,000   500         1,600     1.51   2,120        7\n"
        "code without weights: 1,234 bytes"
    )
    data = as_data(found)
    assert json.loads(json.dumps(data))["rows"][1]["inputs"] == ["i8[1, 2]"]
    assert (data["instructions_per_mac"], data["rows"][1]["kind"]) == (1.51, "model layer")


def test_command_on_a_model(runeflash: Callable[..., Any]) -> None:
    done = runeflash("profile", MODEL, "--board", "nano33ble", "--toolchain", "zig", "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["given_macs"] == 62_016
    assert [row["kind"] for row in content["rows"]][-2:] == ["model layer", "other"]


@pytest.mark.parametrize(("engine", "tools"), [("wasm3", "zig"), ("aot", "gcc")])
def test_command_on_a_rune(runeflash: Callable[..., Any], engine: str, tools: str) -> None:
    """The parts add up to the call that ``run --count`` counts, with the same recording."""
    if tools == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    rune = (GESTURE / "Runefile.yml", "--board", "nano33ble", "--engine", engine, "--toolchain", tools)
    ring = ("--accelerometer", GESTURE / "ring.csv")
    done = runeflash("profile", *rune, *ring, "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    rows = content["rows"]
    assert [(row["kind"], row["name"], row["stage"]) for row in rows if row["model"] is None] == [
        ("other", "the engine", None),
        ("stage", "accelerometer", "accelerometer"),
        ("host call", "request_provider_response", "accelerometer"),
        ("stage", "normalize", "normalize"),
        ("stage", "gesture", "gesture"),
        ("host call", "rune_model_infer", "gesture"),
        ("stage", "most_confident_index", "most_confident_index"),
        ("stage", "label", "label"),
        ("stage", "serial", "serial"),
        ("host call", "consume_output", "serial"),
    ]
    assert {row["stage"] for row in rows if row["model"] is not None} == {"gesture"}
    assert {row["calls"] for row in rows if row["kind"] == "host call"} == {1}
    assert all(0 < row["instructions"] <= row["cycles"] for row in rows)
    counted = runeflash("run", *rune, *ring, "-r", "2", "--count")
    assert counted.returncode == 0, counted.stderr
    total, _, models, reading, output = (
        int(cell.replace(",", "")) for cell in counted.stderr.splitlines()[-1].split()[1:]
    )
    assert content["instructions"] == total
    # What is counted begins and ends at marks within the host's functions, which check their arguments before.
    by_name = {row["name"]: row["instructions"] for row in rows}
    layers = sum(row["instructions"] for row in rows if row["model"] is not None)
    assert reading < by_name["request_provider_response"] < reading + 300
    assert output < by_name["consume_output"] < output + 200
    assert models - 40 < layers <= models < layers + by_name["rune_model_infer"] < models + 800
    # Of the stages without a call of the host, the one that divides 384 floats is by far the dearest.
    assert by_name["normalize"] > max(384 * 10, 5 * by_name["label"])


def test_command_says_what_is_wrong(runeflash: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"nothing")
    for arguments, status, message in (
        (("bad.tflite", "--board", "nano33ble"), 1, "bad.tflite: the model file is damaged"),
        ((MODEL, "--board", "nano33ble", "--no-pass", "magic"), 2, "--no-pass is one of"),
        ((MODEL, "--board", "nano33ble", "--sound", "x.wav"), 2, "--sound is for a Runefile"),
        ((MODEL, "--board", "nowhere"), 1, "nowhere"),
        ((MODEL, "--board", "nano33ble", "--toolchain", "cc"), 2, "--toolchain is one of"),
        (("none.tflite", "--board", "nano33ble"), 1, "none.tflite"),
    ):
        done = runeflash("profile", *arguments)
        assert (done.returncode, message in done.stderr) == (status, True), done.stderr
