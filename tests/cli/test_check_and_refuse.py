"""``check`` and ``build`` on Runefiles that are wrong, in both dialects, as a user meets them."""

from __future__ import annotations

import json
import os
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


def test_what_is_no_runefile(runeflash, tmp_path: Path) -> None:
    """Each is an error with the file's name, and none is waited for."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(bytes(range(256)))
    (tmp_path / "empty.yml").write_bytes(b"")
    (tmp_path / "huge").write_bytes(b"#" * ((1 << 20) + 1))
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "folder": "there is no Runefile in",
        "bytes": "the file is not UTF-8",
        "empty.yml": "EOF while parsing a value",
        "huge": "the file is larger than 1,048,576 bytes",
        "pipe": "it is not a regular file",
        "nothing": "there is no file",
    }.items():
        done = runeflash("check", name)
        assert done.returncode == 1, name
        assert message in done.stderr
        assert name in done.stderr
        with_options = runeflash("check", "--json", name)
        assert with_options.returncode == 1
        assert message in with_options.stderr + with_options.stdout


def test_a_folder_and_standard_input(runeflash, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "Runefile").write_text(GESTURE)
    assert "3 stages, no errors" in runeflash("check", "inner").stdout
    for options in ([], ["--strict"]):
        done = runeflash("check", "-", *options, standard_input=GESTURE.replace("ACCEL", "ACELL"))
        assert done.returncode == 1
        assert "--> -:2:39" in done.stderr


@pytest.mark.parametrize("dialect", ["Runefile", "Runefile.yml"])
def test_text_and_data_say_the_same(runeflash, tmp_path: Path, dialect: str) -> None:
    text = (
        GESTURE.replace("ACCEL", "ACELL").replace("F32[128, 3]>", "F33[128, 3]>")
        if dialect == "Runefile"
        else "version: 1\nimage: runicos/base\npipeline:\n  a: {capability: ACELL}\n  o: {out: serial, inputs: [b]}\n"
    )
    (tmp_path / dialect).write_text(text)
    shown = runeflash("check").stderr
    found = json.loads(runeflash("check", "--json").stdout)
    assert found["ok"] is False
    assert len(found["diagnostics"]) >= 2
    for item in found["diagnostics"]:
        assert f"{item['severity']}: {item['message']} [{item['code']}]" in shown
        assert f"--> {item['file']}:{item['line']}:{item['column']}" in shown
        assert item["hint"] is None or f"hint: {item['hint']}" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_that_cannot_be_printed(runeflash, tmp_path: Path, encoding: str) -> None:
    name = os.fsdecode(b"r\xffn \xc3\xa4")
    (tmp_path / name).write_text(GESTURE)
    environment = {"PYTHONIOENCODING": encoding}
    assert "3 stages, no errors" in runeflash("check", name, environment=environment).stdout
    (tmp_path / name).write_text(GESTURE.replace("ACCEL", "ACÄL"))
    done = runeflash("check", name, "--json", environment=environment)
    assert done.returncode == 1
    assert json.loads(done.stdout)["diagnostics"][0]["file"] == name
    assert runeflash("check", name, environment=environment).returncode == 1
