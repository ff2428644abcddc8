"""The command line: exit codes, messages, and what users of like tools type."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

NOOP = """
version: 1
image: runicos/base
pipeline:
  input:
    capability: RAW
    outputs:
      - {type: i32, dimensions: [4]}
  serial:
    out: serial
    inputs: [input]
"""


@pytest.fixture
def noop(tmp_path: Path) -> Path:
    (tmp_path / "Runefile.yml").write_text(NOOP)
    (tmp_path / "input.bin").write_bytes(bytes(range(16)))
    return tmp_path


def test_check_finds_the_runefile_here(runeflash, noop: Path) -> None:
    done = runeflash("check")
    assert done.returncode == 0
    assert done.stdout == "Runefile.yml: 2 stages, no errors\n"


def test_check_shows_the_place_and_a_hint(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(NOOP.replace("inputs: [input]", "inputs: [inptu]"))
    done = runeflash("check")
    assert done.returncode == 1
    assert 'Unable to find "inptu" to use as an input for "serial"' in done.stderr
    assert "--> Runefile.yml:11:14" in done.stderr
    assert "^^^^^" in done.stderr
    assert "input" in done.stderr.partition("hint:")[2]
    assert "Error: There was a build error" in done.stderr


def test_check_as_data(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(NOOP.replace("i32", "str"))
    done = runeflash("check", "--json")
    content = json.loads(done.stdout)
    assert done.returncode == 1
    assert content["ok"] is False
    (item,) = (item for item in content["diagnostics"] if item["severity"] == "error")
    assert item["message"] == 'Unknown element type, "str"'
    assert (item["line"], item["file"]) == (8, "Runefile.yml")


def test_check_for_a_board(runeflash, noop: Path) -> None:
    assert runeflash("check", "--board", "nano33ble").returncode == 0
    done = runeflash("check", "--board", "nano33bel")
    assert done.returncode == 1
    assert "there is no board called 'nano33bel'" in done.stderr
    assert "did you mean nano33ble?" in done.stderr


def test_a_warning_is_counted(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(NOOP.replace("version: 1\n", ""))
    assert runeflash("check").stdout == "Runefile.yml: 2 stages, no errors, 1 warning\n"


def test_a_runefile_with_errors_is_not_run(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(NOOP.replace("inputs: [input]", "inputs: [inptu]"))
    done = runeflash("run", "--raw", "input.bin")
    assert done.returncode == 1
    assert done.stderr.endswith("Error: There was a build error\n")


@pytest.mark.parametrize("board", [[], ["--board", "nano33ble"]])
def test_a_rune_that_fails(runeflash, noop: Path, board: list[str]) -> None:
    text = NOOP.replace("  serial:", "  name: {proc-block: label, inputs: [input], args: {labels: [a, b]}}\n  serial:")
    (noop / "Runefile.yml").write_text(text.replace("inputs: [input]\n", "inputs: [name]\n"))
    done = runeflash("run", "--raw", "input.bin", *board)
    assert done.returncode == 4
    assert "the rune failed in the stage name (block): Index out of bounds: there are 2 labels but label" in done.stderr
    assert done.stdout == ""


def test_strict_makes_warnings_errors(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(NOOP.replace("version: 1\n", ""))
    assert runeflash("check").returncode == 0
    done = runeflash("check", "--strict")
    assert done.returncode == 1
    assert "missing field `version`" in done.stderr


def test_no_runefile(runeflash) -> None:
    done = runeflash("check")
    assert done.returncode == 1
    assert "there is no Runefile in" in done.stderr


def test_a_file_that_is_not_there(runeflash) -> None:
    done = runeflash("run", "nothing.yml")
    assert done.returncode == 1
    assert "there is no file nothing.yml" in done.stderr


def test_a_board_that_does_not_exist(runeflash, noop: Path) -> None:
    done = runeflash("build", "--board", "uno")
    assert done.returncode == 1
    assert "there is no board called 'uno'" in done.stderr
    assert "nano33ble" in done.stderr


def test_a_build_without_a_board(runeflash, noop: Path) -> None:
    done = runeflash("build")
    assert done.returncode == 2
    assert "no board was named" in done.stderr


def test_a_missing_input_file(runeflash, noop: Path) -> None:
    done = runeflash("run", "--raw", "nothing.bin")
    assert done.returncode == 1
    assert "the recording nothing.bin cannot be read (No such file or directory)" in done.stderr


def test_a_csv_with_two_columns(runeflash, noop: Path) -> None:
    (noop / "Runefile.yml").write_text(
        NOOP.replace("RAW", "ACCEL").replace("i32, dimensions: [4]", "f32, dimensions: [2, 3]")
    )
    (noop / "two.csv").write_text("1,2\n3,4\n")
    done = runeflash("run", "--accelerometer", "two.csv")
    assert done.returncode == 1
    assert 'Expected a row with 3 columns but found "1,2" (two.csv:1)' in done.stderr


def test_a_short_recording_is_filled_and_said(runeflash, noop: Path) -> None:
    (noop / "short.bin").write_bytes(b"\1")
    done = runeflash("run", "--raw", "short.bin")
    assert done.returncode == 0
    assert '"elements":[1,0,0,0]' in done.stdout
    assert "filled with zeros" in done.stderr


def test_a_truncated_model(runeflash, noop: Path) -> None:
    text = NOOP.replace(
        "  serial:", "  net: {model: ./net.tflite, inputs: [input], outputs: [{type: f32, dimensions: [1]}]}\n  serial:"
    )
    (noop / "Runefile.yml").write_text(text.replace("inputs: [input]\n", "inputs: [net]\n"))
    (noop / "net.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    done = runeflash("build", "--board", "nano33ble")
    assert done.returncode == 1
    assert "net.tflite" in done.stderr
    assert "damaged" in done.stderr.lower() or "truncated" in done.stderr.lower()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["compile"], "runeflash build"),
        (["upload"], "runeflash flash"),
        (["logs"], "runeflash monitor"),
        (["config"], "runeflash check"),
        (["biuld"], "did you mean: runeflash build?"),
        (["run", "--engine", "v8"], "--engine is one of wasm3, aot"),
        (["run", "--count"], "--count needs --board"),
        (["build", "--board", "nano33ble", "--sensors", "onboard"], "not part of this version yet"),
        (["build", "--board", "nano33ble", "--toolchain", "iar"], "--toolchain is one of auto, gcc, zig"),
        (["run", "--resource", "nonsense"], "--resource wants NAME=TEXT"),
        (["check", "--nonsense"], "No such option"),
        (["run", "-r", "0"], "0 is not in the range"),
    ],
)
def test_wrong_command_lines(runeflash, noop: Path, arguments: list[str], text: str) -> None:
    done = runeflash(*arguments)
    assert done.returncode == 2, done.stderr
    assert text in done.stderr


def test_no_arguments_help_and_version(runeflash) -> None:
    assert "Commands" in runeflash("--help").stdout
    assert runeflash("version").stdout.startswith("runeflash 0.")
    assert runeflash("--version").stdout == f"runeflash {importlib.metadata.version('runeflash')}\n"
    assert json.loads(runeflash("version", "--json").stdout)["wasm3"] == "0.5.0"


def test_boards(runeflash) -> None:
    done = runeflash("boards")
    assert done.returncode == 0
    assert "nano33ble: Arduino Nano 33 BLE" in done.stdout
    boards = {board["id"]: board for board in json.loads(runeflash("boards", "--json").stdout)}
    assert boards["nano33ble"]["flash"]["length"] == 983_040


def test_doctor(runeflash) -> None:
    done = runeflash("doctor")
    assert done.returncode == 0
    assert "wasm3 source" in done.stdout
    assert json.loads(runeflash("doctor", "--json").stdout)["ok"] is True


def test_folders_that_cannot_be_written(runeflash, noop: Path) -> None:
    (noop / "file").write_text("")
    done = runeflash("build", "--board", "nano33ble", "-o", "file/out")
    assert done.returncode == 1
    assert "file/out: Not a directory" in done.stderr
    done = runeflash("run", "--raw", "input.bin", environment={"RUNEFLASH_CACHE_DIR": str(noop / "file" / "cache")})
    assert done.returncode == 1
    assert "Not a directory" in done.stderr


def test_a_closed_pipe_is_no_error(noop: Path) -> None:
    import subprocess
    import sys

    command = Path(sys.executable).parent / "runeflash"
    process = subprocess.Popen(
        [command, "run", "--raw", "input.bin", "-r", "2000"],
        cwd=noop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"channel":1')
    process.stdout.close()
    errors = process.stderr.read()
    process.wait(timeout=60)
    assert b"Traceback" not in errors
    assert b"bug" not in errors


def test_inspect(runeflash, noop: Path) -> None:
    from runeflash.pipeline import load
    from runeflash.rune import build_rune

    _, pipeline, _ = load(noop / "Runefile.yml", for_build=True)
    assert pipeline is not None
    (noop / "noop.rune").write_bytes(build_rune(pipeline).data)
    done = runeflash("inspect", "noop.rune")
    assert done.returncode == 0
    assert "- input: raw" in done.stdout
    assert "Linear memory:" in done.stdout
    content = json.loads(runeflash("inspect", "noop.rune", "--json").stdout)
    assert content["rune"]["capabilities"]["input"]["kind"] == {"type": "raw"}
    run = runeflash("run", "noop.rune", "--raw", "input.bin")
    assert (
        run.stdout
        == '{"channel":1,"dimensions":[4],"elements":[50462976,117835012,185207048,252579084],"type_name":"i32"}\n'
    )
    damaged = (noop / "noop.rune").read_bytes()[:-20]
    (noop / "damaged.rune").write_bytes(damaged)
    for command in ("inspect", "run"):
        done = runeflash(command, "damaged.rune")
        assert done.returncode == 1
        assert "damaged.rune" in done.stderr


def wasm_with(**sections: bytes) -> bytes:
    """A module of custom sections only, called ``.`` and the parameter's name."""
    module = b"\0asm\x01\0\0\0"
    for name, content in sections.items():
        payload = bytes([len(name) + 1]) + b"." + name.encode() + content
        size = bytes([len(payload) & 0x7F | 0x80, len(payload) >> 7])
        module += b"\0" + size + payload
    return module


def test_inspect_a_rune_of_the_reference(runeflash, tmp_path: Path) -> None:
    graph = {
        "rune": {"name": "sine"},
        "capabilities": {"rand": {"kind": {"type": "random"}, "outputs": ["a"]}},
        "resources": {"LABELS": {"default_value": {"Inline": "x"}, "ty": "string"}},
        "tensors": {"a": {"element_type": "F32", "dimensions": [1, 1]}},
    }
    content = wasm_with(rune_version=b'{"version":"0.11.3"}', rune_graph=json.dumps(graph).encode())
    (tmp_path / "x.rune").write_bytes(content)
    lines = runeflash("inspect", "x.rune").stdout.splitlines()
    assert lines[:3] == ["Name: sine", "Capabilities:", "- rand: random"]
    assert "  - f32[1, 1]" in lines
    assert lines[-3:] == ["Resources:", "\tLABELS (string)", "Compiled by: Rune 0.11.3"]
    data = json.loads(runeflash("inspect", "x.rune", "--json").stdout)
    assert (data["version"], data["rune"], data["memory"]) == ({"version": "0.11.3"}, graph, None)


def test_inspect_a_module_that_says_nothing_of_itself(runeflash, tmp_path: Path) -> None:
    (tmp_path / "x.rune").write_bytes(wasm_with())
    data = json.loads(runeflash("inspect", "x.rune", "--json").stdout)
    assert (data["version"], data["rune"]) == (None, None)
    assert runeflash("inspect", "x.rune").returncode == 0


@pytest.mark.parametrize(
    "graph", [b"[1]", b'{"tensors":3}', b'{"tensors":{"a":3}}', b'{"models":{"m":[]}}', b"{", b"\xff"]
)
def test_inspect_a_damaged_graph(runeflash, tmp_path: Path, graph: bytes) -> None:
    (tmp_path / "x.rune").write_bytes(wasm_with(rune_graph=graph))
    done = runeflash("inspect", "x.rune")
    assert done.returncode == 1
    assert "x.rune is damaged" in done.stderr
