"""``--no-pass``: the same answers, another build, and a report that says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runeflash.model.passes import PASS_NAMES

GESTURE = Path(__file__).resolve().parents[2] / "examples" / "gesture"


def test_run_gives_the_same(runeflash: Callable[..., Any]) -> None:
    arguments = ("run", GESTURE / "Runefile.yml", "--accelerometer", GESTURE / "ring.csv")
    plain = runeflash(*arguments)
    without = runeflash(*arguments, *(word for name in PASS_NAMES for word in ("--no-pass", name)))
    assert plain.returncode == without.returncode == 0, without.stderr
    assert plain.stdout == without.stdout


def test_builds_are_told_apart(runeflash: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copytree(GESTURE, tmp_path / "gesture")
    arguments = ("build", tmp_path / "gesture", "--board", "nano33ble", "--toolchain", "zig", "--json")
    plain, without = (
        json.loads(runeflash(*arguments, *more).stdout) for more in ((), ("--no-pass", "order", "--no-pass", "copies"))
    )
    assert plain["build"] != without["build"]
    (model,), (other,) = plain["models"], without["models"]
    assert {item["name"] for item in model["passes"]} == set(PASS_NAMES)
    assert all(item["enabled"] for item in model["passes"])
    assert [item["name"] for item in other["passes"] if not item["enabled"]] == ["copies", "order"]
    assert len(other["layers"]) == len(model["layers"]) + 1
    for layer in model["layers"]:
        assert layer["given_macs"] == layer["macs"]
        assert 0 <= layer["arena_bytes"] <= model["arena_bytes"]
    assert sum(layer["given_macs"] for layer in model["layers"]) == model["given_macs"] == 62_016


def test_a_name_that_is_none(runeflash: Callable[..., Any]) -> None:
    for command in ("run", "build", "profile"):
        more = () if command == "run" else ("--board", "nano33ble")
        done = runeflash(command, GESTURE / "Runefile.yml", *more, "--no-pass", "deadchannels")
        assert done.returncode == 2
        assert "--no-pass is one of constant-folding, " in done.stderr
    done = runeflash("model-info", GESTURE / "model.tflite", "--no-pass", "x")
    assert done.returncode == 2
