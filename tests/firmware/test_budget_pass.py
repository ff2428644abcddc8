"""The instruction budget's pass, and what of a rune no engine is given."""

from __future__ import annotations

import pytest

pytest.importorskip("wasmtime")

import wasmtime
from engine_program import as_rune, assemble
from hypothesis import given, settings
from hypothesis import strategies as st
from random_modules import ModuleMaker

from runeflash.errors import UserError
from runeflash.firmware.budget import HOST_CALL, entry_weight, with_budget
from runeflash.firmware.module import firmware_module
from runeflash.rune.stack import recursive_functions
from runeflash.rune.validate import validate
from runeflash.rune.wasm import Module, read_module

MODULE = """(module (memory (export "memory") 1 1)
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32) BODY (i32.const 0)) MORE)"""


def module(body: str = "", more: str = "") -> bytes:
    return assemble(MODULE.replace("BODY", body).replace("MORE", more))


def left_after(wasm: bytes, budget: int) -> int:
    """Run ``_call`` of a counted module in wasmtime; return what is left of the budget, below zero after its trap."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    compiled = wasmtime.Module(engine, wasm)
    i32 = wasmtime.ValType.i32()
    hosts = [wasmtime.Func(store, wasmtime.FuncType([i32] * 3, [i32]), lambda *_: 0) for _ in compiled.imports]
    exports = wasmtime.Instance(store, compiled, hosts).exports(store)
    left, call = exports["budget"], exports["_call"]
    assert isinstance(left, wasmtime.Global)
    assert isinstance(call, wasmtime.Func)
    left.set_value(store, budget)
    try:
        call(store, 0, 0, 0)
    except wasmtime.Trap as trap:
        assert trap.trap_code == wasmtime.TrapCode.UNREACHABLE
        assert int(left.value(store)) < 0
    return int(left.value(store))


def spent(body: str) -> int:
    return 1_000_000 - left_after(with_budget(read_module(module(body)), None).to_bytes(), 1_000_000)


def test_what_things_cost() -> None:
    empty = spent("")
    assert empty > 0
    assert spent("(drop (i32.add (local.get 0) (local.get 1)))") == empty + 4
    assert spent("(drop (f32.div (f32.const 1) (f32.const 2)))") == empty + 51
    assert spent("(memory.fill (i32.const 0) (i32.const 0) (i32.const 40000))") >= empty + 20_000
    loop = "(loop $l (br_if $l (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const {}))))"
    ten, twenty = spent(loop.format(10)), spent(loop.format(20))
    assert (twenty - ten) % 10 == 0
    assert twenty - ten >= 10 * 7  # the instructions of an iteration


def test_a_call_ends_when_nothing_is_left() -> None:
    wasm = with_budget(read_module(module("(loop $l (br $l))")), None).to_bytes()
    assert -1000 < left_after(wasm, 12_345) < 0


INFER = '(import "env" "rune_model_infer" (func $infer (param i32 i32 i32) (result i32))) (memory'


CALL = "(drop (call $infer (i32.const 0) (i32.const 0) (i32.const 0)))"


def inferring(body: str, more: str = "", *, inference: int = 0) -> Module:
    """Return a counted module that imports a model's inference."""
    text = MODULE.replace("(memory", INFER, 1).replace("BODY", body).replace("MORE", more)
    return with_budget(read_module(assemble(text)), None, inference)


def call_weight(body: str, more: str = "", *, inference: int = 0) -> int:
    """Return what its ``_call`` is charged at its entry."""
    return entry_weight(inferring(body, more, inference=inference), "_call")


def test_an_inference_is_charged_what_it_can_take() -> None:
    assert call_weight(CALL) - call_weight("") == HOST_CALL + 4
    assert call_weight(CALL, inference=5000) - call_weight("") == HOST_CALL + 5000 + 4
    assert call_weight("", inference=5000) == call_weight("")


def test_less_than_the_weight_at_the_entry_pays_for_nothing() -> None:
    counted = inferring(CALL, inference=5000)
    least = entry_weight(counted, "_call")
    assert left_after(counted.to_bytes(), least) == 0
    assert left_after(counted.to_bytes(), least - 1) == -1
    assert 0 < entry_weight(counted, "_manifest") < 50
    assert entry_weight(counted, "missing") == 0


def test_the_dearest_stretch_that_a_budget_pays_for() -> None:
    """What is left never wraps, up to the last unit; a unit more and no budget would do."""
    most = 2**31 - 1
    free = most - call_weight(CALL)
    counted = inferring(CALL, inference=free)
    assert entry_weight(counted, "_call") == most
    assert left_after(counted.to_bytes(), most) == 0
    assert left_after(counted.to_bytes(), 0) == -most
    with pytest.raises(UserError) as failure:
        inferring(CALL, inference=free + 1)
    assert "is charged 2,147,483,648 units of the instruction budget at once" in failure.value.message
    assert "use smaller models" in str(failure.value.hint)


def test_the_table_is_no_way_around_the_price() -> None:
    arguments = "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
    body = f"(drop (call_indirect (param i32 i32 i32) (result i32) {arguments}))"
    harmless = "(func $f (param i32 i32 i32) (result i32) (i32.const 0)) (table funcref (elem $f))"
    cheap = call_weight(body, harmless, inference=5000)
    assert call_weight(body, "(table funcref (elem $infer))", inference=5000) - cheap == HOST_CALL + 5000


def test_what_a_block_brings_along_is_paid_for() -> None:
    """The interpreter copies a block's result; an empty block is nothing to it."""
    base = call_weight("(drop (i32.const 1))")
    assert call_weight("(block (drop (i32.const 1)))") == base
    assert call_weight("(drop (block (result i32) (i32.const 1)))") == base + 2
    branch = call_weight("(if (i32.const 1) (then (drop (i32.const 1))))")
    with_result = "(drop (if (result i32) (i32.const 1) (then (i32.const 1)) (else (i32.const 1))))"
    assert call_weight(with_result) - branch >= 2
    loop = call_weight("(loop (drop (i32.const 1)))")
    assert call_weight("(drop (loop (result i32) (i32.const 1)))") == loop + 3  # the drop is outside, too


def test_locals_are_paid_for() -> None:
    """A function begins by setting them to zero."""
    few, many = (with_budget(read_module(module("", f"(func {'(local i64)' * n})")), None) for n in (1, 101))
    weights = [item.bodies[2][1].immediates[0] for item in (few, many)]
    assert weights[1] - weights[0] >= 300


def test_host_calls_have_a_price() -> None:
    text = MODULE.replace("(memory", '(import "env" "_debug" (func $debug (param i32 i32) (result i32))) (memory', 1)
    plain = read_module(assemble(text.replace("BODY", "").replace("MORE", "")))
    calling = read_module(
        assemble(text.replace("BODY", "(drop (call $debug (i32.const 0) (i32.const 0)))").replace("MORE", ""))
    )
    weights = []
    for item in (plain, calling):
        body = with_budget(item, None).bodies[1]
        weights.append(body[1].immediates[0])  # global.get; i32.const WEIGHT
    assert HOST_CALL < weights[1] - weights[0] < HOST_CALL + 10


@settings(max_examples=15)
@given(st.integers(0, 1 << 32))
def test_counted_modules_are_valid_and_the_rune_is_as_it_was(seed: int) -> None:
    rune = as_rune(assemble(ModuleMaker(seed, 6).text()))
    before = rune.data
    counted = firmware_module(rune)
    assert rune.data == before
    validate(counted.to_bytes(), "it")
    assert counted.to_bytes() == firmware_module(rune).to_bytes()
    assert {item.name for item in counted.exports} == {"memory", "_manifest", "_call", "budget"}
    assert len(counted.globals) == len(read_module(before).globals) + 1


@pytest.mark.parametrize(
    ("body", "more", "text"),
    [
        ("(drop (memory.grow (i32.const 1)))", "", "grows its memory"),
        ("", "(func $s) (start $s)", "start function"),
        ("(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))", '(data "x")', "memory.init"),
        ("", "(func (result i32 i32) (i32.const 1) (i32.const 2))", "not WebAssembly that an engine here could run"),
        ("(drop (v128.const i32x4 1 2 3 4))", "", "not WebAssembly that an engine here could run"),
    ],
)
def test_what_no_engine_is_given(body: str, more: str, text: str) -> None:
    with pytest.raises(UserError) as failure:
        firmware_module(as_rune(module(body, more)))
    assert text in failure.value.message


def test_who_may_recurse() -> None:
    text = """(module (memory (export "memory") 1 1)
      (func $leaf) (func $a (call $b) (call $leaf)) (func $b (call $a)) (func $root (call $a))
      (func $self (call $self)))"""
    assert recursive_functions(read_module(assemble(text))) == {1, 2, 4}
    assert recursive_functions(read_module(module())) == frozenset()
