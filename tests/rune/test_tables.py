"""tables.c: what it makes becomes constant data of the stage; what is wrong with it is said."""

from __future__ import annotations

from pathlib import Path

import block_runner
import numpy as np
import pytest

from runeflash.blocks import read_block
from runeflash.blocks.vectors import Call, Case, Vector
from runeflash.errors import ToolError, UserError
from runeflash.tensors import ElementType, TensorType

MANIFEST = """
summary: A table read out.
inputs: [{name: indices, types: [u8, u16], shape: [n]}]
outputs: [{name: values, types: f32, shape: [n]}]
arguments:
  size: {type: u32, default: 4, description: Its size.}
  factor: {type: f32, default: 0.5, description: Its factor.}
"""
BLOCK = """
#include "rune_proc_block.h"
#include "rune_stage_tables.h"
void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *index = in[0].data;
    float *y = out[0].data;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = index[i] < table_size ? sines[index[i]] + (float)signs[index[i]] : -1.0f;
    }
}
"""
TABLES = """
#include "rune_table_math.h"
#include "rune_tables.h"
void rune_make_tables(void) {
    static float sines[RUNE_ARGUMENT_SIZE];
    static int8_t signs[RUNE_ARGUMENT_SIZE];
    for (uint32_t i = 0; i < RUNE_ARGUMENT_SIZE; i++) {
        sines[i] = rune_arguments.factor * (float)rune_table_sine(i, RUNE_ARGUMENT_SIZE);
        signs[i] = i % 2 ? -100 : 0;
    }
    rune_table_constant("table_size", RUNE_ARGUMENT_SIZE);
    rune_table_f32("sines", sines, RUNE_ARGUMENT_SIZE);
    rune_table_i8("signs", signs, RUNE_ARGUMENT_SIZE);
}
"""


def case(size: int) -> Case:
    given = Vector(TensorType(ElementType.U8, (5,)), (0, 1, 2, 3, 4))
    expected = Vector(TensorType(ElementType.F32, (5,)), (0.0,) * 5)
    return Case("reads", {"size": size, "factor": 0.5}, (Call((given,), (expected,), None),))


def folder_with(tmp_path: Path, tables: str) -> Path:
    place = tmp_path / "lookup"
    place.mkdir()
    (place / "block.yaml").write_text(MANIFEST)
    (place / "lookup.c").write_text(BLOCK)
    (place / "tables.c").write_text(tables)
    return place


@pytest.mark.parametrize("runner", [block_runner.run_natively, block_runner.run_in_engine])
def test_tables_are_made_for_the_arguments_of_the_stage(runner: object, tmp_path: Path) -> None:
    block = read_block(folder_with(tmp_path, TABLES), is_built_in=False)
    assert callable(runner)
    assert runner(block, case(4), tmp_path) == [[[0.0, 0.5 - 100, 0.0, -0.5 - 100, -1.0]]]
    assert runner(block, case(2), tmp_path) == [[[0.0, -100.0, -1.0, -1.0, -1.0]]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("void rune_make_tables(void) { no_such_thing(); }", "tables.c:1"),
        ('#include "rune_tables.h"\nvoid rune_make_tables(void) { __builtin_trap(); }', "unreachable"),
        (
            '#include "rune_tables.h"\nvoid rune_make_tables(void) { rune_table_constant("a b", 1); }',
            'called "a b"',
        ),
    ],
)
def test_wrong_tables(wrong: str, message: str, tmp_path: Path) -> None:
    block = read_block(folder_with(tmp_path, wrong), is_built_in=False)
    with pytest.raises((ToolError, UserError)) as failure:
        block_runner.run_in_engine(block, case(4), tmp_path)
    assert message in f"{failure.value.message} {failure.value.hint}"


def test_functions_for_tables_are_right(tmp_path: Path) -> None:
    """Sines, cosines, logarithms and powers, rounded to f32, are those of the standard library."""
    tables = """
#include "rune_table_math.h"
#include "rune_tables.h"
void rune_make_tables(void) {
    static float sines[256];
    static int8_t signs[256];
    for (uint32_t i = 0; i < 64; i++) {
        sines[i] = (float)rune_table_sine(i, 61);
        sines[64 + i] = (float)rune_table_cosine(i, 48);
        sines[128 + i] = (float)rune_table_log(0.01 + i * 7.5);
        sines[192 + i] = (float)rune_table_power(0.3 + i, 1.7 - i * 0.05);
    }
    rune_table_constant("table_size", 256);
    rune_table_f32("sines", sines, 256);
    rune_table_i8("signs", signs, 256);
}
"""
    block = read_block(folder_with(tmp_path, tables), is_built_in=False)
    given = Vector(TensorType(ElementType.U16, (256,)), tuple(range(256)))
    expected = Vector(TensorType(ElementType.F32, (256,)), (0.0,) * 256)
    found = block_runner.run_natively(
        block, Case("all", {"size": 4, "factor": 0.5}, (Call((given,), (expected,), None),)), tmp_path
    )[0][0]
    i = np.arange(64)
    exact = [
        np.sin(2 * np.pi * i / 61),
        np.cos(2 * np.pi * i / 48),
        np.log(0.01 + i * 7.5),
        (0.3 + i) ** (1.7 - i * 0.05),
    ]
    np.testing.assert_allclose(found, np.concatenate(exact), rtol=6e-8, atol=1e-14)
