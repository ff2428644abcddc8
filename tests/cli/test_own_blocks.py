"""A proc block of the user's own, in C: it has all that a block can have, and mistakes come back at their place."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

RUNEFILE = """
version: 1
image: runicos/base
pipeline:
  a: {capability: RAW, outputs: [{type: f32, dimensions: [2, 3]}]}
  b: {capability: RAW, outputs: [{type: u8, dimensions: [3]}], args: {source: 1}}
  stats:
    proc-block: ./my-stats
    inputs: [a, b]
    args: {size: 8, names: [low, high, größe], gain: 2.5, title: hello}
  serial: {out: serial, inputs: [stats.0, stats.1]}
"""
MANIFEST = """
summary: Weighted sums of rows, and a word.
inputs:
  - {name: rows, types: f32, shape: [h, w], description: The numbers.}
  - {name: weights, types: u8, shape: [w]}
outputs:
  - {name: sums, types: f32, shape: [h]}
  - {name: word, types: utf8, shape: [1], text_bytes: "longest line of names, title"}
arguments:
  size: {type: u32, default: 4, minimum: 2, maximum: 64, description: How long the window is.}
  gain: {type: f32, default: 1.0}
  names: {type: lines, required: true}
  title: {type: string, default: nothing}
  loud: {type: bool, default: false}
checks:
  - {require: w <= size, message: "{w} columns are more than {size}"}
state: true
memory: {state: 4, tables: 4 * size}
"""
SOURCE = """\
#include "rune_proc_block.h"
#include "rune_stage_tables.h"

static uint32_t calls;

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const float *rows = in[0].data;
    const uint8_t *weights = in[1].data;
    float *sums = out[0].data;
    rune_string *word = out[1].data;
    uint32_t w = in[0].dimensions[1];
    for (uint32_t r = 0; r < in[0].dimensions[0]; r++) {
        sums[r] = 0.0f;
        for (uint32_t c = 0; c < w; c++) {
            sums[r] += rows[r * w + c] * (float)weights[c] * window[c] * rune_arguments.gain;
        }
    }
    *word = calls < rune_arguments.names_count ? rune_arguments.names[calls] : rune_arguments.title;
    calls++;
}
"""
TABLES = """\
#include "rune_tables.h"

void rune_make_tables(void) {
    static float window[RUNE_ARGUMENT_SIZE];
    for (uint32_t i = 0; i < RUNE_ARGUMENT_SIZE; i++) {
        window[i] = (float)i;
    }
    rune_table_f32("window", window, RUNE_ARGUMENT_SIZE);
}
"""
RUN = ("run", "--raw", "a.bin", "--raw", "b.bin")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "my-stats").mkdir()
    (tmp_path / "Runefile.yml").write_text(RUNEFILE)
    (tmp_path / "my-stats" / "block.yaml").write_text(MANIFEST)
    (tmp_path / "my-stats" / "my_stats.c").write_text(SOURCE)
    (tmp_path / "my-stats" / "tables.c").write_text(TABLES)
    (tmp_path / "a.bin").write_bytes(struct.pack("<6f", 1, 2, 3, 4, 5, 6))
    (tmp_path / "b.bin").write_bytes(bytes([1, 2, 3]))
    return tmp_path


def test_all_that_a_block_can_have(runeflash, project: Path) -> None:
    assert runeflash("check", "--strict").returncode == 0
    here = runeflash(*RUN, "-r", "4")
    there = runeflash(*RUN, "-r", "4", "--board", "nano33ble")
    assert here.returncode == there.returncode == 0, there.stderr
    assert here.stdout == there.stdout
    assert here.stderr.count("\n") == 1
    results = [[tensor["elements"] for tensor in json.loads(line)] for line in here.stdout.splitlines()]
    sums = [2.5 * (2 * 2 + 3 * 3 * 2), 2.5 * (5 * 2 + 6 * 3 * 2)]
    assert results == [[sums, [word]] for word in ("low", "high", "größe", "hello")]


def test_it_is_described(runeflash, project: Path) -> None:
    text = runeflash("blocks", "./my-stats").stdout
    for part in ("my_stats: Weighted", "weights: u8, shape [w]", "at most 64. How long the window is.", "state 4"):
        assert part in text
    data = json.loads(runeflash("blocks", "./my-stats", "--json").stdout)
    assert data["memory"] == {"state": "4", "working": "0", "tables": "4 * size"}
    assert runeflash("blocks", "./nothing").returncode == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "message"),
    [
        ("my_stats.c", "calls++;", "callz++;", 3, "my-stats/my_stats.c:19:5: error: use of undeclared identifier"),
        ("my_stats.c", "calls++;", "calls += sin(1.0);", 3, "my-stats/my_stats.c:19:14: error: call to undeclared"),
        (
            "my_stats.c",
            "calls++;",
            "sums[0] = __builtin_sinf(sums[0]);",
            3,
            "my_stats.c of the stage stats uses sinf, which",
        ),
        ("my_stats.c", "void RUNE", "void OTHER", 3, "my_stats.c does not define the function RUNE_PROC_BLOCK"),
        ("my_stats.c", "calls++;", "int n = 3;", 0, "warning: unused variable 'n'"),
        ("my_stats.c", "calls++;", 'rune_fail("no %u", w);', 4, "the rune failed in the stage stats (block): no 3"),
        ("tables.c", "(float)i", "(float)j", 3, "my-stats/tables.c:6:28: error: use of undeclared identifier 'j'"),
        ("tables.c", "(float)i", "(float)(1 / __builtin_abs(0)); __builtin_trap()", 3, "failed, in my-stats/tables.c"),
        ("tables.c", "rune_make_tables", "make_tables", 3, "tables.c does not define the function rune_make_tables"),
        ("tables.c", None, None, 3, "there is no tables.c beside the block"),
        ("my_stats.c", None, None, 1, "has no my_stats.c"),
        ("block.yaml", None, None, 1, "it has no block.yaml"),
        (
            "block.yaml",
            "minimum",
            "minimun",
            1,
            'block.yaml:10:33: the argument size has no key "minimun": did you mean',
        ),
        ("block.yaml", "state: 4", "state: 2", 1, "take 4 bytes, but its block.yaml declares at most 2"),
        ("../Runefile.yml", "size: 8", "size: 65", 1, 'Unable to set my_stats\'s "size" to 65'),
        ("../Runefile.yml", "size: 8", "size: 2", 1, "3 columns are more than 2"),
        ("../Runefile.yml", "size: 8", "sise: 8", 1, 'did you mean "size"?'),
        (
            "../Runefile.yml",
            "dimensions: [3]",
            "dimensions: [4]",
            1,
            "my_stats's weights has the shape [w] with w = 3, but found [4]",
        ),
    ],
)
def test_mistakes_come_back_at_their_place(
    runeflash, project: Path, file: str, old: str | None, new: str | None, code: int, message: str
) -> None:
    path = project / "my-stats" / file
    if old is None or new is None:
        path.unlink()
    else:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    done = runeflash(*RUN)
    assert message in done.stderr
    assert done.returncode == code, done.stderr
