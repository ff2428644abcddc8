"""The binary reader and writer, against modules that wat2wasm makes and against damage."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runeflash.errors import UserError
from runeflash.rune.stack import stack_bytes
from runeflash.rune.wasm import CUSTOM, Module, Section, WasmError, custom_section, read_module, unsigned

TEXT = """
(module
  (import "env" "_debug" (func $debug (param i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (global $sp (mut i32) (i32.const 4096))
  (global i32 (i32.const -5))
  (table 2 funcref)
  (elem (i32.const 0) $small $large)
  (func $small (result i32) (i32.const -1))
  (func $large (export "_call") (param i32 i32 i32) (result i32)
    (local i64 f64)
    (block (loop (br_if 1 (i32.const 1)) (br 0)))
    (drop (f32.const 1.5)) (drop (f64.const 2.5)) (drop (i64.const -9000000000))
    (block (block (br_table 0 1 0 (local.get 0))))
    (memory.copy (i32.const 0) (i32.const 8) (i32.const 8))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 8))
    (i32.store offset=70000 align=2 (i32.const 0) (i32.load8_u (i32.const 3)))
    (drop (i32.trunc_sat_f32_s (f32.const 3)))
    (call_indirect (result i32) (i32.const 0)))
  (data (i32.const 16) "hello")
)
"""


def assemble(text: str, folder: Path) -> bytes:
    (folder / "module.wat").write_text(text)
    wat2wasm = Path(sys.executable).parent / "wat2wasm"
    subprocess.run([wat2wasm, folder / "module.wat", "-o", folder / "module.wasm"], check=True)
    return (folder / "module.wasm").read_bytes()


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return assemble(TEXT, tmp_path_factory.mktemp("wat"))


def test_a_module_survives_reading_and_writing(binary: bytes) -> None:
    assert read_module(binary).to_bytes() == binary


def test_what_a_module_has(binary: bytes) -> None:
    module = read_module(binary)
    assert [(item.module, item.name, item.kind) for item in module.imports] == [("env", "_debug", 0)]
    assert [item.name for item in module.exports] == ["memory", "_call"]
    assert module.memory_limits == (1, 1)
    assert module.globals == ((True, 4096), (False, -5))
    assert sum(module.data_sizes) == 5
    assert module.element_functions == {1, 2}
    opcodes = [instruction.opcode for instruction in module.bodies[1]]
    assert {0x0E, 0xFC0A, 0xFC0B, 0xFC00, 0x11, 0x36, 0x2D} <= set(opcodes)
    assert opcodes[-1] == 0x0B


def test_custom_sections(binary: bytes) -> None:
    module = read_module(binary)
    more = Module((*module.sections, custom_section("a", b"1"), custom_section("b", b"2"), custom_section("a", b"3")))
    again = read_module(more.to_bytes())
    assert again.custom_sections == (("a", b"1"), ("b", b"2"), ("a", b"3"))
    assert again.custom("a") == b"13"
    assert again.custom("c") is None


def everything(data: bytes) -> None:
    module = read_module(data)
    _ = (module.imports, module.exports, module.memory_limits, module.globals, module.bodies)
    _ = (module.element_functions, module.data_sizes, module.custom_sections)


def test_every_truncation_is_an_error_or_whole_sections(binary: bytes) -> None:
    for length in range(len(binary)):
        try:
            everything(binary[:length])
        except WasmError:
            continue
        assert read_module(binary[:length]).to_bytes() == binary[:length]


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=300)
def test_damage_never_ends_in_another_error(binary: bytes, place: int, flip: int) -> None:
    damaged = bytearray(binary)
    damaged[place % len(damaged)] ^= flip
    with contextlib.suppress(WasmError):
        everything(bytes(damaged))


@given(st.integers(0, 2**32 - 1))
def test_numbers(value: int) -> None:
    section = Section(CUSTOM, unsigned(value))
    from runeflash.rune.wasm import Reader

    assert Reader(section.payload).unsigned() == value


def module_with(body: str, more: str = "") -> str:
    return f'(module (global $sp (mut i32) (i32.const 65536)) {more} (func (export "_call") {body}))'


FRAME = "(local i32) (local.set 0 (i32.sub (global.get $sp) (i32.const {size}))) (global.set $sp (local.get 0))"


def test_the_stack_is_the_deepest_path(tmp_path: Path) -> None:
    inner = f"(func $a {FRAME.format(size=32)}) (func $b {FRAME.format(size=64)} (call $a))"
    text = module_with(FRAME.format(size=16) + "(call $a) (call $b)", inner)
    assert stack_bytes(read_module(assemble(text, tmp_path))) == 16 + 64 + 32


def test_no_stack_is_the_least(tmp_path: Path) -> None:
    assert stack_bytes(read_module(assemble(module_with(""), tmp_path))) == 16


def test_recursion_has_no_bound(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="calls itself"):
        stack_bytes(
            read_module(assemble(module_with("(call $a)", "(func $a (call $b)) (func $b (call $a))"), tmp_path))
        )


def test_an_indirect_call_may_reach_whatever_a_table_holds(tmp_path: Path) -> None:
    more = f"(table 1 funcref) (elem (i32.const 0) $a) (func $a {FRAME.format(size=48)})"
    text = module_with("(call_indirect (i32.const 0))", more)
    assert stack_bytes(read_module(assemble(text, tmp_path))) == 48


def test_an_array_of_variable_size_is_refused(tmp_path: Path) -> None:
    body = "(local i32) (global.set $sp (i32.sub (global.get $sp) (local.get 0)))"
    with pytest.raises(UserError, match="not constant"):
        stack_bytes(read_module(assemble(module_with(body), tmp_path)))
