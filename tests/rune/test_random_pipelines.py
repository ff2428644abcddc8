"""Random pipelines on this computer in both engines, on virtual boards, and in wasmtime as a third opinion."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("wasmtime")

import wasmtime_host
from random_pipelines import BLOCKS, RandomPipeline

from runeflash.cli.inputs import load_rune
from runeflash.device.random import Xoshiro128PlusPlus
from runeflash.firmware.options import ENGINES

CALLS = 4
STAGES = 24
#: In the default run; both have every block and every type of model.
SEEDS = (1, 9)
MORE_SEEDS = range(100, 120)
#: Where a pipeline is run on a board too.
BOARDS = {1: "nano33ble", 100: "nano33ble", 101: "netduinoplus2", 102: "nano33ble", 103: "netduinoplus2"}


def provider(pipeline: RandomPipeline) -> Callable[[int, dict[str, int | float], int], bytes]:
    """What ``--advance`` and ``--random SEED`` give to the capabilities."""
    generator = Xoshiro128PlusPlus(pipeline.seed)
    positions = [0] * len(pipeline.recordings)

    def provide(kind: int, parameters: dict[str, int | float], length: int) -> bytes:
        if kind == wasmtime_host.RAND:
            return generator.bytes(length)
        assert kind == wasmtime_host.RAW
        source = int(parameters.get("source", 0))
        start, positions[source] = positions[source], positions[source] + length
        return pipeline.recordings[source][start : start + length]

    return provide


def place(pipeline: RandomPipeline, folder: Path) -> list[str | Path]:
    """Put a pipeline into a folder; return the command that runs it."""
    (folder / "Runefile.yml").write_text(pipeline.runefile)
    command: list[str | Path] = ["run", "-r", str(pipeline.calls), "--advance", "--random", str(pipeline.seed)]
    for name, model in pipeline.models.items():
        (folder / f"{name}.tflite").write_bytes(model.data)
    for number, data in enumerate(pipeline.recordings):
        (folder / f"input_{number}.bin").write_bytes(data)
        command += ["--raw", f"input_{number}.bin"]
    return command


def third_opinion(pipeline: RandomPipeline, folder: Path) -> list[str]:
    rune = load_rune(folder / "Runefile.yml", ())
    lines = wasmtime_host.run_in_wasmtime(
        rune, provider(pipeline), pipeline.calls, lambda name, given: pipeline.models[name].infer(given)
    )
    assert len(lines) == pipeline.calls * rune.output_count
    return lines


def says_something(lines: list[str]) -> bool:
    """Whether calls differ, and numbers do: a pipeline whose results are all alike would agree with anything."""
    values = [value if isinstance(value, list) else [value] for value in map(json.loads, lines)]
    elements = [str(element) for value in values for tensor in value for element in tensor["elements"]]
    return len(set(elements)) > 50 and len(set(lines)) > len(lines) // 2


def places(seed: int, engine: str) -> list[list[str]]:
    """Where a pipeline is run in an engine: in the default run each engine is compiled by another compiler."""
    if seed not in BOARDS:
        return [[]]
    compilers = {"wasm3": ("zig",), "aot": ("auto",)}[engine] if seed in SEEDS else ("auto", "zig")
    return [[], *(["--board", BOARDS[seed], "--toolchain", compiler] for compiler in compilers)]


def compare(runeflash, seed: int, folder: Path) -> None:
    pipeline = RandomPipeline(seed, STAGES, CALLS)
    command = place(pipeline, folder)
    expected = third_opinion(pipeline, folder)
    assert says_something(expected)
    for engine in ENGINES:
        for options in places(seed, engine):
            done = runeflash(*command, "--engine", engine, *options)
            assert done.returncode == 0, (engine, options, done.stderr)
            assert done.stdout.splitlines() == expected, (engine, options)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_pipelines(runeflash, seed: int, tmp_path: Path) -> None:
    compare(runeflash, seed, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_random_pipelines(runeflash, seed: int, tmp_path: Path) -> None:
    compare(runeflash, seed, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_block_is_among_them(seed: int) -> None:
    blocks = RandomPipeline(seed, STAGES, CALLS).blocks
    assert [block for block in BLOCKS if blocks[block] == 0] == []
