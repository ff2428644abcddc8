"""Person detection on the reference system's two pictures: its example, whose model is uint8, and the int8 model that
TensorFlow has of it, in both engines and by every compiler.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from native_models import load_models
from PIL import Image

from runeflash.boards import all_boards, find_board
from runeflash.firmware.options import ENGINES
from runeflash.model import compile_model
from runeflash.virtual.qemu import PROGRAM as QEMU

PICTURES = ("image.png", "image_grayscale.png")
BOARDS = ["nano33ble", pytest.param("netduinoplus2", marks=pytest.mark.exhaustive)]


def example(fixtures: Path, version: str, place: Path) -> Path:
    """Return a copy of the example of a version, with the pictures of the newest."""
    folder = place / version
    shutil.copytree(fixtures / "rune-examples" / version / "person_detection", folder)
    for name in PICTURES:
        shutil.copyfile(fixtures / "rune-examples" / "v0.11.3" / "person_detection" / name, folder / name)
    return folder


def labels(runeflash, folder: Path, runefile: str, *arguments: str) -> list[str]:
    """Return the label of each picture."""
    found = []
    for name in PICTURES:
        done = runeflash("run", folder / runefile, "--image", folder / name, *arguments)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        found += json.loads(line)["elements"]
    return found


@pytest.mark.parametrize(("version", "runefile"), [("v0.11.3", "Runefile.yml"), ("v0.2.2", "Runefile")])
def test_sees_the_person_on_this_computer(
    version: str, runefile: str, fixtures: Path, runeflash, tmp_path: Path
) -> None:
    assert labels(runeflash, example(fixtures, version, tmp_path), runefile) == ["person_prob", "person_prob"]


@pytest.mark.parametrize("board", BOARDS)
def test_sees_the_person_on_a_board(board: str, fixtures: Path, runeflash, tmp_path: Path) -> None:
    folder = example(fixtures, "v0.11.3", tmp_path)
    assert labels(runeflash, folder, "Runefile.yml", "--board", board) == ["person_prob", "person_prob"]


#: Both models in one rune, with the whole of what they give: a label would hide much.
BOTH = """
version: 1
image: runicos/base
pipeline:
  bytes: {capability: RAW, outputs: [{type: u8, dimensions: [1, 96, 96, 1]}], args: {source: 0}}
  signed: {capability: RAW, outputs: [{type: i8, dimensions: [1, 96, 96, 1]}], args: {source: 1}}
  uint8: {model: ./uint8.tflite, inputs: [bytes], outputs: [{type: u8, dimensions: [1, 3]}]}
  int8: {model: ./int8.tflite, inputs: [signed], outputs: [{type: i8, dimensions: [1, 2]}]}
  serial: {out: serial, inputs: [uint8, int8]}
"""


@pytest.fixture
def both(fixtures: Path, tmp_path: Path) -> tuple[list[str | Path], list[list[list[int]]]]:
    """The command that runs both models, with what the compiled models give in a library: for each picture a pair."""
    pictures = fixtures / "rune-examples" / "v0.11.3" / "person_detection"
    paths = (pictures / "model.tflite", fixtures / "models" / "person_detect.tflite")
    names = ("uint8", "int8")
    natives = load_models(
        [compile_model(path.read_bytes(), name=name, symbol=name) for path, name in zip(paths, names, strict=True)]
    )
    generator = np.random.default_rng(7)
    bytes_ = [np.asarray(Image.open(pictures / name).convert("L"), np.uint8) for name in PICTURES]
    bytes_ += [generator.integers(0, 256, (96, 96), np.uint8), np.zeros((96, 96), np.uint8)]
    signed = [(picture.astype(np.int16) - 128).astype(np.int8) for picture in bytes_]
    for path, native, name, data in zip(paths, natives, names, (bytes_, signed), strict=True):
        shutil.copyfile(path, tmp_path / f"{native.compiled.name}.tflite")
        (tmp_path / f"{name}.bin").write_bytes(b"".join(picture.tobytes() for picture in data))
    (tmp_path / "Runefile.yml").write_text(BOTH)
    expected = [
        [
            native.run(value.reshape(1, 96, 96, 1))[0].ravel().tolist()
            for native, value in zip(natives, pair, strict=True)
        ]
        for pair in zip(bytes_, signed, strict=True)
    ]
    command = ["run", "--raw", "uint8.bin", "--raw", "int8.bin", "--advance", "-r", str(len(bytes_))]
    return command, expected


def elements(done) -> list[list[list[int]]]:
    assert done.returncode == 0, done.stderr
    return [[tensor["elements"] for tensor in json.loads(line)] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("engine", [pytest.param("wasm3", marks=pytest.mark.exhaustive), "aot"])
def test_both_models_on_this_computer(engine: str, runeflash, both) -> None:
    command, expected = both
    assert len({str(pair) for pair in expected}) == len(expected)
    assert elements(runeflash(*command, "--engine", engine)) == expected


def firmwares() -> list[object]:
    """In the default run one; the wasm3 of the default run is that of the example, above."""
    found = []
    for board in all_boards():
        for engine in ENGINES:
            for compiler in ("gcc", "zig"):
                is_default = (board.id, engine, compiler) == ("nano33ble", "aot", "zig")
                marks = [] if is_default else [pytest.mark.exhaustive]
                if board.virtual is not None:
                    found.append(pytest.param(board.id, engine, compiler, marks=marks))
    return found


@pytest.mark.parametrize(("board", "engine", "compiler"), firmwares())
def test_both_models_on_a_board(board: str, engine: str, compiler: str, runeflash, both) -> None:
    if compiler == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    command, expected = both
    options = ["--board", board, "--engine", engine, "--toolchain", compiler]
    assert elements(runeflash(*command, *options)) == expected
    if "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
        assert elements(runeflash(*command, *options, "--emulator", "qemu")) == expected
