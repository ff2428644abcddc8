"""``check`` and ``build`` on Runefiles that are wrong, in both dialects, as a user meets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

GESTURE = """\
FROM runicos/base
CAPABILITY<F32[128, 3]> accelerometer ACCEL -n 128
PROC_BLOCK<F32[128, 3], F32[128, 3]> normalize hotg-ai/rune#proc_blocks/normalize
OUT serial
RUN accelerometer normalize serial
"""

REASONS = {
    "known-model-formats": ["A model in the onnx format cannot be compiled", "in the tensorflow-js format"],
    "models-with-multiple-inputs": ['The model of "model" has 1 input, but 2 are connected', "takes f32[1, 1]"],
    "directories-are-zipped-when-used-for-models": ['"./sine-wave/" is a folder'],
    "model-arguments-should-be-used": ['The resource "MODEL" has no data', "--resource MODEL=@FILE"],
}


@pytest.mark.parametrize("name", REASONS)
def test_a_build_refuses_what_no_microcontroller_can_run(
    runeflash, tmp_path: Path, fixtures: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    shutil.copytree(fixtures / "rune-suite" / "compile-pass" / name, folder)
    before = sorted(folder.rglob("*"))
    # A cache of its own would show that something was compiled.
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert runeflash("check", folder / "Runefile.yml").returncode == 0
    done = runeflash("build", folder / "Runefile.yml", "--board", "nano33ble")
    assert done.returncode == 1
    for reason in REASONS[name]:
        assert reason in done.stderr
    assert sorted(folder.rglob("*")) == before
    assert not cache.exists()


def test_a_mistyped_name(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile").write_text(GESTURE.replace("RUN accelerometer", "RUN acelerometer"))
    done = runeflash("check")
    assert done.returncode == 1
    assert 'Unknown name "acelerometer"' in done.stderr
    assert "Runefile:5:5" in done.stderr
    assert 'did you mean "accelerometer"?' in done.stderr


def test_an_edge_that_does_not_fit(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile").write_text(GESTURE.replace("<F32[128, 3], ", "<F32[384, 3], "))
    done = runeflash("check")
    assert done.returncode == 1
    assert '"accelerometer" gives f32[128, 3], but "normalize" takes f32[384, 3]' in done.stderr
    assert "Runefile:3:12" in done.stderr
    lenient = runeflash("check", "--lenient")
    assert lenient.returncode == 0
    assert 'warning: "accelerometer" gives f32[128, 3]' in lenient.stderr


def test_three_mistakes_in_one_file(runeflash, tmp_path: Path) -> None:
    text = GESTURE.replace("ACCEL -n 128", "ACELL -n 128").replace("<F32[128, 3], F32", "<F32[128, 3], F23")
    (tmp_path / "Runefile").write_text(text.replace("normalize serial", "normalise serial"))
    done = runeflash("check")
    assert [line.split("[RF")[0].strip() for line in done.stderr.splitlines() if line.startswith("error:")] == [
        'error: This isn\'t one of the builtin capabilities: "ACELL"',
        'error: Unknown type "F23"',
        'error: Unknown name "normalise"',
    ]
    assert "Error: There were 3 build errors" in done.stderr


def test_strict_and_lenient(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile").write_text(GESTURE)
    assert runeflash("check", "--strict", "--lenient").returncode == 2


def test_a_resource_on_the_command_line(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile.yml").write_text(
        "version: 1\nimage: runicos/base\npipeline:\n  i: {capability: RAW, outputs: [{type: u32}]}\n"
        "  l: {proc-block: label, inputs: [i], args: {wordlist: $WORDS}}\n  o: {out: serial, inputs: [l]}\n"
        "resources:\n  WORDS: {type: string}\n"
    )
    without = runeflash("check")
    assert "no data" in without.stderr
    given = runeflash("check", "--resource", "WORDS=yes\nno")
    assert given.returncode == 0
    assert not given.stderr
