"""The pass that lets a rune call the host when its stage changes: all else is as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("wasmtime")

import wasmtime
from engine_program import as_rune, assemble
from hypothesis import given, settings
from hypothesis import strategies as st
from random_modules import ModuleMaker

from runeflash.errors import UserError
from runeflash.firmware.budget import with_budget
from runeflash.firmware.generate import generate_image
from runeflash.firmware.module import firmware_module
from runeflash.firmware.stage_calls import STAGE_IMPORT, with_stage_calls
from runeflash.rune.validate import validate
from runeflash.rune.wasm import IMPORT, Module, read_module

#: Calls of an import, of a defined function and through the table, before and after the stage is written.
STAGED = """(module
  (import "env" "_debug" (func $debug (param i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (global $other (mut i32) (i32.const 0))
  (global $stage (mut i32) (i32.const 0))
  (table 2 2 funcref)
  (elem (i32.const 0) $two $three)
  (type $number (func (result i32)))
  (func $two (result i32) (i32.const 2))
  (func $three (result i32) (global.set $stage (i32.const 30)) (i32.const 3))
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (local $sum i32)
    (global.set $stage (i32.const 1))
    (global.set $other (i32.const 99))
    (local.set $sum (call $two))
    (global.set $stage (i32.const 2))
    (local.set $sum (i32.add (local.get $sum) (call_indirect (type $number) (i32.const 1))))
    (local.set $sum (i32.add (local.get $sum) (call $debug (i32.const 0) (i32.const 0))))
    (local.get $sum)))"""


def run(module: Module, stage_global: int) -> tuple[int, list[int]]:
    """Run ``_call``; return its result, and the stages that were told, from the global itself."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    told: list[int] = []
    i32 = wasmtime.ValType.i32()
    exports: wasmtime.InstanceExports | None = None

    def hook() -> None:
        assert exports is not None
        stage = exports["stage"]
        assert isinstance(stage, wasmtime.Global)
        told.append(int(stage.value(store)))

    functions = {
        "_debug": wasmtime.Func(store, wasmtime.FuncType([i32, i32], [i32]), lambda a, b: 100),
        STAGE_IMPORT: wasmtime.Func(store, wasmtime.FuncType([], []), hook),
    }
    counted = with_budget(module, stage_global).to_bytes()
    imports = [functions[item.name] for item in module.imports]
    exports = wasmtime.Instance(store, wasmtime.Module(engine, counted), imports).exports(store)
    call = exports["_call"]
    assert isinstance(call, wasmtime.Func)
    return int(call(store, 0, 0, 0)), told


def test_every_write_of_the_stage_is_told() -> None:
    plain = read_module(assemble(STAGED))
    changed = with_stage_calls(plain, 1)
    validate(changed.to_bytes(), "it")
    assert run(plain, 1) == (105, [])
    assert run(changed, 1) == (105, [1, 2, 30])
    assert [item.name for item in changed.imports] == ["_debug", STAGE_IMPORT]
    assert changed.element_functions == {function + 1 for function in plain.element_functions}


def test_a_module_without_imports() -> None:
    text = STAGED.replace('(import "env" "_debug" (func $debug (param i32 i32) (result i32)))', "")
    text = text.replace("(call $debug (i32.const 0) (i32.const 0))", "(i32.const 0)")
    plain = read_module(assemble(text))
    assert plain.reader(IMPORT) is None
    assert run(with_stage_calls(plain, 1), 1) == (5, [1, 2, 30])


@settings(max_examples=15)
@given(st.integers(0, 1 << 32))
def test_modules_stay_valid(seed: int) -> None:
    """Any mutable global may be taken for the stage; what is not changed is as it was."""
    plain = read_module(assemble(ModuleMaker(seed, 6).text()))
    for number, (mutable, _) in enumerate(plain.globals):
        if not mutable:
            continue
        changed = with_stage_calls(plain, number)
        validate(changed.to_bytes(), "it")
        written = sum(
            instruction.opcode == 0x24 and instruction.immediates[0] == number
            for body in plain.bodies
            for instruction in body
        )
        before, after = (sum(map(len, module.bodies)) for module in (plain, changed))
        assert after == before + written
        assert changed.globals == plain.globals
        assert changed.data_segments == plain.data_segments


def test_a_rune_that_has_no_stage_is_not_changed() -> None:
    rune = as_rune(assemble(STAGED))
    assert rune.stage_global is None
    assert firmware_module(rune, profile=True).to_bytes() == firmware_module(rune).to_bytes()


@pytest.mark.parametrize("profile", [False, True])
def test_a_rune_cannot_bring_the_import_itself(profile: bool) -> None:
    rune = as_rune(assemble(STAGED.replace("_debug", STAGE_IMPORT)))
    with pytest.raises(UserError, match="which no host of runeflash has"):
        firmware_module(rune, profile=profile)


@pytest.mark.parametrize("declared", ["i32 (i32.const 0)", "(mut i32) (i32.const 1)", "(mut i64) (i64.const 0)"])
def test_a_stage_that_the_engines_would_not_agree_on(declared: str) -> None:
    text = """(module (memory (export "memory") 1 1) (global DECLARED)
      (func (export "_manifest") (result i32) (i32.const 1))
      (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0)))"""
    assert as_rune(assemble(text.replace("DECLARED", "(mut i32) (i32.const 0)")), stage_global=0).stage_global == 0
    for number in (0, 1):  # there is no second
        with pytest.raises(UserError, match="is not a mutable i32 of its own that begins with 0"):
            as_rune(assemble(text.replace("DECLARED", declared)), stage_global=number)


@pytest.mark.parametrize(("stages", "parts"), [(1, 4), (66, 199), (67, 200), (10_000, 200)])
def test_how_many_parts_are_told_apart(stages: int, parts: int) -> None:
    graph = {"proc-blocks": {f"stage{number}": {} for number in range(stages)}}
    rune = replace(as_rune(assemble(STAGED)), graph=graph)
    image = generate_image(
        rune,
        firmware_module(rune, profile=True),
        (),
        engine="wasm3",
        build_id="0",
        heap_bytes=16,
        budget=1000,
        watchdog_ms=0,
        interval_ms=0,
        stream_sensors=False,
        profile=True,
    )
    assert f"rune_profile_part rune_profile_parts[{parts}];" in image.files["rune_image.c"]
