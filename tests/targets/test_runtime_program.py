"""The runtime as a program of this computer, under sanitizers, through its real standard input and output."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import runtime_build
from rune_modules import data, rune

from runeflash.device.frames import data_frame, encode_frame
from runeflash.device.random import Xoshiro128PlusPlus
from runeflash.toolchain import zig

Program = Callable[[bytes], Path]
MAIN = [runtime_build.HOST / name for name in ("main.c", "rune_board_host.c", "rune_random.c")]
TIMEOUT = 60

RANDOM = (
    data(32, struct.pack("<I", 5) + b"u8[6]")
    + """
  (func (export "_manifest") (result i32)
    (drop (call $capability (i32.const 1)))
    (call $output (i32.const 5)))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (drop (call $read (i32.const 64) (i32.const 6) (i32.const 0)))
    (memory.copy (i32.const 41) (i32.const 64) (i32.const 6))
    (call $emit (i32.const 1) (i32.const 32) (i32.const 15)))
"""
)
SENSOR = (
    data(32, struct.pack("<I", 7) + b"u8[400]")
    + """
  (func (export "_manifest") (result i32)
    (drop (call $capability (i32.const 5)))
    (call $output (i32.const 5)))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (drop (call $read (i32.const 1024) (i32.const 400) (i32.const 0)))
    (memory.copy (i32.const 43) (i32.const 1024) (i32.const 400))
    (call $emit (i32.const 1) (i32.const 32) (i32.const 411)))
"""
)
TRAP = """
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32) unreachable)
"""


@pytest.fixture(scope="module", params=runtime_build.SANITIZERS)
def build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Return what builds the program of a rune."""
    sources = tuple(runtime_build.runtime_sources(engine=True) + MAIN)

    def make(wasm: bytes) -> Path:
        folder = tmp_path_factory.mktemp("program")
        image = folder / "image.c"
        image.write_text(
            '#include "rune_image.h"\n'
            f"static const uint8_t rune[] = {{{', '.join(map(str, wasm))}}};\n"
            "static uint8_t heap[32768] __attribute__((aligned(16)));\n"
            'const rune_image rune_image_self = {.name = "test", .build_id = "00", .rune = rune,\n'
            "    .rune_length = sizeof rune, .heap = heap, .heap_size = sizeof heap, .budget = 1000000,\n"
            "    .interval_microseconds = 1000};\n"
        )
        return runtime_build.build_program(request.param, sources, folder / "rune", wasm3_too=True, more=image)

    return make


def run(program: Path, *arguments: str, stdin: Any = subprocess.DEVNULL) -> tuple[int, list[Any], str]:
    """Run to the end; return the exit status, the lines, and standard error."""
    done = subprocess.run(
        [program, *arguments],
        stdin=stdin,
        capture_output=True,
        text=True,
        env=zig.environment(),
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_random_bytes_are_those_of_the_seed(build: Program) -> None:
    program = build(rune(RANDOM))
    for seed in (0, 42, 2**64 - 1):
        status, (boot, *outputs), errors = run(program, "--random", str(seed), "--calls", "3")
        assert (status, errors) == (0, "")
        assert (boot["runeflash"], boot["board"]) == ("boot", "host")
        generator = Xoshiro128PlusPlus(seed)
        assert [line["elements"] for line in outputs] == [list(generator.bytes(6)) for _ in range(3)]
    different = {json.dumps(run(program, "--calls", "2")[1][1:]) for _ in range(2)}
    assert len(different) == 2, "without a seed the bytes are different each time"


def test_frames_on_standard_input(build: Program) -> None:
    program = build(rune(SENSOR))
    content = bytes(i & 0xFF for i in range(400))
    with subprocess.Popen(
        [program, "--calls", "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=zig.environment()
    ) as process:
        assert process.stdin and process.stdout
        outputs = []
        for text in process.stdout:
            line = json.loads(text)
            if line.get("runeflash") == "need":
                frames = [data_frame(line["request"], sequence, content) for sequence in (0, 1)]
                process.stdin.write(b"noise" + frames[1] + b"".join(frames))
                process.stdin.flush()
            elif "elements" in line:
                outputs.append(line["elements"])
        assert process.wait(TIMEOUT) == 0
    assert outputs == [list(content)] * 2


def test_the_end_of_the_input_ends_it_quietly(build: Program) -> None:
    status, lines, errors = run(build(rune(SENSOR)))
    assert (status, errors) == (0, "")
    assert [line["runeflash"] for line in lines] == ["boot", "need"]


def test_a_failure_is_reported_and_ends_it(build: Program) -> None:
    status, (boot, error), errors = run(build(rune(TRAP)), "--calls", "5")
    assert (status, errors) == (4, "")
    assert boot["runeflash"] == "boot"
    assert error == {"runeflash": "error", "code": "trap", "stage": None, "message": "unreachable executed"}


def test_no_data_is_a_failure(build: Program, tmp_path: Path) -> None:
    (tmp_path / "frames").write_bytes(encode_frame(2, 1, 0))
    with (tmp_path / "frames").open("rb") as frames:
        status, lines, _ = run(build(rune(SENSOR)), stdin=frames)
    assert status == 4
    assert lines[-1]["code"] == "no-data"


def test_a_closed_output_ends_it(build: Program) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [build(rune(RANDOM))],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=TIMEOUT,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


WRONG_ARGUMENTS = (
    ("--calls",),
    ("--calls", "x"),
    ("--calls", "-1"),
    ("--calls", " 1"),
    ("--calls", "4294967296"),
    ("--random", "18446744073709551616"),
    ("--random", "1.5"),
    ("--other", "1"),
    ("3",),
)


def test_wrong_arguments(build: Program) -> None:
    program = build(rune(TRAP))
    for arguments in WRONG_ARGUMENTS:
        status, lines, errors = run(program, *arguments)
        assert (status, lines) == (2, []), arguments
        assert errors.startswith("usage: ") and errors.count("\n") == 1
