"""Random modules in both engines, compiled by every compiler, against wasmtime as a third opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("wasmtime")

from engine_program import Outcome, as_rune, assemble, in_wasmtime, on_a_core, on_this_computer
from random_modules import ModuleMaker
from reached_opcodes import PERMITTED, reached

from runeflash.toolchain import gcc

FUNCTIONS = 100
#: How deep calls may go is the engine's own.
STACK = "stack overflow"


def wrong(expected: list[Outcome | None], found: list[Outcome]) -> list[str]:
    """Say where two lists differ; traps by their reason, results by their bits."""
    return [
        f"call {number}: wasmtime {one}, engine {other}"
        for number, (one, other) in enumerate(zip(expected, found, strict=True))
        if one is not None and one != other and other.trap != STACK
    ]


def compare(seed: int, work: Path, *, toolchains: tuple[str, ...] = ()) -> None:
    maker = ModuleMaker(seed, FUNCTIONS, every=True)
    wasm = assemble(maker.text())
    expected = in_wasmtime(wasm, maker.calls)
    wanted = "".join("01"[outcome is not None] for outcome in expected)
    assert wanted.count("1") > FUNCTIONS // 2
    assert [hex(opcode) for opcode in PERMITTED ^ reached(wasm, wanted)] == []
    returned = sum(outcome is not None and outcome.trap == "" for outcome in expected)
    assert FUNCTIONS // 5 < returned < maker.calls, "the modules should both trap and return"
    rune = as_rune(wasm)
    for engine in ("aot", "wasm3"):
        found = on_this_computer(rune, engine, wanted, work)
        assert wrong(expected, found) == [], f"{engine}, seed {seed}"
        assert sum(outcome.trap == STACK for outcome in found) < FUNCTIONS // 10
    for toolchain in toolchains:
        assert wrong(expected, on_a_core(rune, "aot", toolchain, wanted, work)) == [], f"{toolchain}, seed {seed}"


TOOLCHAINS = ("zig",) if gcc.version() is None else ("zig", "gcc")


def test_random_modules(tmp_path: Path) -> None:
    compare(1, tmp_path, toolchains=TOOLCHAINS)


@pytest.mark.parametrize(
    "compiler", [pytest.param(name, marks=[] if name == "zig" else pytest.mark.exhaustive) for name in TOOLCHAINS]
)
def test_a_random_module_in_wasm3_on_a_core(tmp_path: Path, compiler: str) -> None:
    """A small one, as the interpreter compiles it anew for every call; but every instruction is in it."""
    maker = ModuleMaker(14, 12, every=True)
    wasm = assemble(maker.text())
    expected = in_wasmtime(wasm, maker.calls)
    wanted = "".join("01"[outcome is not None] for outcome in expected)
    assert [hex(opcode) for opcode in PERMITTED - reached(wasm, wanted)] == []
    assert wrong(expected, on_a_core(as_rune(wasm), "wasm3", compiler, wanted, tmp_path)) == []


#: 0 / 0, whose sign is the processor's own, made canonical: a compiler must not take one for the other.
CANONICAL_NAN = """
(module (memory (export "memory") 1 1)
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32) (local $f f32) (local $d f64)
    (local.set $f (f32.load (i32.const 32)))
    (local.set $d (f64.load (i32.const 32)))
    (f32.store (i32.const 4) (select (f32.const nan)
      (local.tee $f (f32.sqrt (f32.div (local.get $f) (local.get $f)))) (f32.ne (local.get $f) (local.get $f))))
    (f64.store (i32.const 16) (select (f64.const nan)
      (local.tee $d (f64.sqrt (f64.div (local.get $d) (local.get $d)))) (f64.ne (local.get $d) (local.get $d))))
    (i32.const 0)))
"""


def test_a_canonical_nan(tmp_path: Path) -> None:
    wasm = assemble(CANONICAL_NAN)
    expected = in_wasmtime(wasm, 1)
    assert expected[0] is not None
    assert expected[0].result == 0x7FC00000
    for engine in ("aot", "wasm3"):
        assert on_this_computer(as_rune(wasm), engine, "1", tmp_path) == expected, engine


#: The table holds a function of the host, which gives out the numbers 0, 1, 2, ..., and one of the rune's own.
IMPORT_IN_THE_TABLE = """
(module
  (import "env" "request_output" (func $output (param i32) (result i32)))
  (memory (export "memory") 1 1)
  (global $stage (mut i32) (i32.const 0))
  (table 2 2 funcref)
  (elem (i32.const 0) $output $seven)
  (func $seven (param i32) (result i32) (i32.const 7))
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (global.set $stage (i32.const 1))
    (drop (call $output (i32.const 1)))
    (i64.store (i32.const 4) (i64.extend_i32_u
      (call_indirect (param i32) (result i32) (i32.const 1) (i32.load (i32.const 0)))))
    (i32.const 0)))
"""


@pytest.mark.parametrize("profile", [False, True])
@pytest.mark.parametrize("engine", ["aot", "wasm3"])
def test_an_import_in_the_table(tmp_path: Path, engine: str, profile: bool) -> None:
    """With a profile, every function of the rune has another number."""
    rune = as_rune(assemble(IMPORT_IN_THE_TABLE), stage_global=0)
    found = on_this_computer(rune, engine, "111", tmp_path, profile=profile)
    assert [outcome.trap or outcome.result for outcome in found] == [1, 7, "undefined element"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2, 22))
def test_more_random_modules(tmp_path: Path, seed: int) -> None:
    compare(seed, tmp_path, toolchains=TOOLCHAINS if seed % 4 == 0 else ())
