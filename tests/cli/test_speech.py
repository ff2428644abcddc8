"""Speech and pictures: the seeds and the reference's pipelines with signal processing, on this computer and on boards.

Every firmware is built by one toolchain or the other in the default run; the rest of the table is exhaustive.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from suite import inputs, run_pass

from runeflash.virtual.qemu import PROGRAM as QEMU

SUITE = ("microspeech-up", "microspeech-down", "resources-in-proc-block-args")
YES_AND_NO = (("yes_01d22d03_nohash_0", "yes"), ("no_b66f4f93_nohash_8", "no"))

Words = list[str]
HERE: Words = []
NANO_GCC = ["--board", "nano33ble", "--toolchain", "gcc"]
NANO_ZIG = ["--board", "nano33ble", "--toolchain", "zig"]
NETDUINO_GCC = ["--board", "netduinoplus2", "--toolchain", "gcc"]
NETDUINO_ZIG = ["--board", "netduinoplus2", "--toolchain", "zig"]
NETDUINO_QEMU = [*NETDUINO_ZIG, "--emulator", "qemu"]
EVERYWHERE = (NANO_GCC, NANO_ZIG, NETDUINO_GCC, NETDUINO_ZIG, NETDUINO_QEMU)
DEFAULT = (NANO_GCC, NETDUINO_QEMU)


def places(*chosen: Words) -> list[object]:
    """Where a test runs: on this computer and in the chosen places by default, everywhere in exhaustive runs."""
    return [
        pytest.param(
            where, id=" ".join(where[1::2]) or "computer", marks=() if where in chosen else pytest.mark.exhaustive
        )
        for where in (HERE, *EVERYWHERE)
    ]


def need(where: Words) -> None:
    for word, program in (("gcc", "arm-none-eabi-gcc"), ("qemu", QEMU)):
        if word in where and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize(
    ("name", "where"),
    [
        pytest.param(name, *place.values, id=f"{name}-{place.id}", marks=place.marks)
        for name, chosen in zip(SUITE, [(HERE, *DEFAULT), (HERE,), (HERE,)], strict=True)
        for place in places(*chosen)
    ],
)
def test_the_reference_suite(runeflash, fixtures: Path, name: str, where: Words) -> None:
    need(where)
    folder, expected = run_pass(fixtures, name)
    done = runeflash("run", folder / "Runefile.yml", *inputs(folder), *where)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


@pytest.fixture
def seeds(fixtures: Path, tmp_path: Path) -> Path:
    """The seeds in a folder of their own, as their models lie beside both."""
    shutil.copytree(fixtures / "seeds", tmp_path / "seeds")
    return tmp_path / "seeds"


@pytest.mark.parametrize("where", places(HERE, NANO_GCC))
def test_yes_and_no(runeflash, fixtures: Path, seeds: Path, where: Words) -> None:
    need(where)
    for name, word in YES_AND_NO:
        recording = fixtures / "rune-examples" / "v0.2.2" / "microspeech" / "data" / f"{name}.wav"
        done = runeflash("run", seeds / "Runefile", "--sound", recording, *where)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["elements"] == [word]


@pytest.mark.parametrize("where", places(HERE, NETDUINO_ZIG)[:-1])  # QEMU has no random numbers
def test_random_degrees(runeflash, seeds: Path, where: Words) -> None:
    need(where)
    # The first number of seed 1 is no number; those of the further calls show more.
    command = ("run", seeds / "Runefile.yml", "--random", "1", "-r", "5")
    here, there = runeflash(*command), runeflash(*command, *where)
    assert here.returncode == there.returncode == 0, there.stderr
    lines = here.stdout.splitlines()
    assert len(lines) == 10
    assert there.stdout.splitlines() == lines
    for alone, together in zip(lines[::2], lines[1::2], strict=True):
        random, remainder, sine = (tensor["elements"][0] for tensor in json.loads(together))
        assert json.loads(alone)["elements"] == [random]
        assert (sine is None) == (remainder is None)
        assert remainder is None or remainder == np.fmod(np.float32(random), np.float32(360))


def test_a_block_in_a_folder_that_is_not_there(runeflash, fixtures: Path) -> None:
    folder = fixtures / "rune-suite" / "run-pass" / "proc-block-path-dependencies"
    done = runeflash("run", folder / "Runefile.yml", "--random", "2")
    assert done.returncode == 0
    assert (folder / "output.stderr").read_text().strip() in done.stderr
    assert 'the built-in proc block "identity" is used' in done.stderr
    alone, together = (json.loads(line) for line in done.stdout.splitlines())
    assert len(together) == 3
    assert together[0]["elements"] == alone["elements"]


PICTURE = """
version: 1
image: runicos/base
pipeline:
  image:
    capability: IMAGE
    outputs: [{{type: u8, dimensions: [1, 6, 5, {channels}]}}]
    args: {{width: 5, height: 6, pixel_format: "@PixelFormat::{pixel_format}"}}
  normal: {{proc-block: image-normalization, inputs: [image]}}
  serial: {{out: serial, inputs: [image, normal]}}
"""


@pytest.mark.parametrize(
    ("pixel_format", "where"), [("RGB", NANO_GCC), ("BGR", NETDUINO_QEMU), ("GrayScale", NETDUINO_ZIG)]
)
def test_pictures(runeflash, tmp_path: Path, pixel_format: str, where: Words) -> None:
    """What a picture becomes is checked where recordings are; here it goes over the stream."""
    need(where)
    channels = 1 if pixel_format == "GrayScale" else 3
    (tmp_path / "Runefile.yml").write_text(PICTURE.format(pixel_format=pixel_format, channels=channels))
    noise = np.random.default_rng(8).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    here = runeflash("run", "--image", "noise.png")
    there = runeflash("run", "--image", "noise.png", *where)
    assert here.returncode == there.returncode == 0, there.stderr
    pixels, normal = json.loads(here.stdout)
    assert len(set(pixels["elements"])) > 10
    assert normal["elements"] == [float(np.float32(value) / np.float32(255)) for value in pixels["elements"]]
    assert there.stdout == here.stdout


def test_memory_of_microspeech(runeflash, fixtures: Path, tmp_path: Path) -> None:
    folder, _ = run_pass(fixtures, "microspeech-up")
    done = runeflash("build", folder / "Runefile.yml", "--board", "nano33ble", "-o", tmp_path / "build")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "build" / "report.json").read_text())
    assert report["linear_memory"]["total"] <= 64 * 1024
    assert report["ram"]["used"] <= 128 * 1024
    # An fft keeps one frame, the filter an estimate of each element; nearly all data of the rune are the blocks'.
    blocks = {block["block"]: block for block in report["proc_blocks"]}
    assert list(blocks) == ["fft", "noise_filtering", "most_confident_indices", "label"]
    assert blocks["fft"]["variables"] == 4 * 512
    assert blocks["noise_filtering"]["variables"] == 4 * 1960
    taken = sum(block[part] for block in blocks.values() for part in ("variables", "tables", "texts"))
    assert taken <= report["linear_memory"]["data"] <= taken + 2048
    text = runeflash("inspect", tmp_path / "build" / "microspeech-up.rune").stdout
    assert "fft (fft): " in text
    assert f"variables {4 * 1960:,}" in text
