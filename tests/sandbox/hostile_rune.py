"""A rune that does whatever its input tells it to: every bad thing that a rune can do, in one module.

Each call reads ten words from the capability RAW: the number of an action in its table, and what the action works on.
Action 0 is good behaviour: it prints what a restart must set back, and what a model makes of its input.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

from rune_modules import IMPORTS, assemble, data
from tflite_builder import ModelBuilder, fully_connected_options

from runeflash.rune.container import (
    MemoryLayout,
    Rune,
    RuneModel,
    json_section,
    model_section,
    read_rune,
    resource_section,
    runeflash_section,
)
from runeflash.rune.wasm import Module

SIZE = 1024
#: Enough for the deepest recursion that any stack here allows, and little for a loop without end.
BUDGET = 60_000
RECORD = struct.Struct("<10I")
STAGES = ("input", "net", "attack", "serial")
RESOURCE = b"ABCDEFGH"
RAW, MODEL, OPEN, TENSOR, SERIAL = range(5)  # handles

# Where things lie in linear memory.
WORDS = 0  # the input
SINK = 40  # where results of instructions go, so that no compiler leaves them out
PRINTED = 64
COUNTER = 128
POINTERS = 144  # to the model's input, its output, both in one place, and outside
TENSORS = 176
TEXTS = 256
MARK = 1020  # the last word: filled, and to be found unchanged

_MIMETYPE = b"application/vnd.runeflash.model"
_TFLITE = b"application/tflite-model"
TEXT = {}
_at = TEXTS
for _name, _text in {
    "mimetype": _MIMETYPE,
    "tflite": _TFLITE,
    "net": b"net",
    "other": b"other",
    "in": b"f32[1, 2]",
    "out": b"f32[1, 1]",
    "wrong size": b"f32[1, 3]",
    "wrong type": b"i32[1, 2]",
    "nonsense": b"f32[",
    "hz": b"hz",
    "line": b"two\nlines",
    "utf8": b"\xff\xfe",
    "error": b'{"level":"ERROR","message":"the block says no","target":"attack"}',
}.items():
    TEXT[_name] = (_at, len(_text), _text)
    _at += len(_text)
#: Lists of one descriptor, by what is in it.
DESCRIPTORS = {
    name: 768 + 8 * number for number, name in enumerate(("in", "out", "wrong size", "wrong type", "nonsense"))
}
OUTSIDE = 768 + 8 * 5  # a descriptor whose text lies outside


def model() -> bytes:
    """Return the model: y = 2 x0 + 3 x1 + 1."""
    import numpy as np

    builder = ModelBuilder()
    x = builder.tensor((1, 2), name="x")
    weights = builder.tensor((1, 2), np.array([[2, 3]], np.float32), name="weights")
    bias = builder.tensor((1,), np.array([1], np.float32), name="bias")
    y = builder.tensor((1, 1), name="y")
    builder.operator("FULLY_CONNECTED", [x, weights, bias], [y], fully_connected_options())
    return builder.build([x], [y])


# --- actions ----------------------------------------------------------------------------------------------------

LOADS = {
    **{f"i32.load{suffix}": width for suffix, width in (("", 4), ("8_s", 1), ("8_u", 1), ("16_s", 2), ("16_u", 2))},
    **{
        f"i64.load{suffix}": width
        for suffix, width in (("", 8), ("8_s", 1), ("8_u", 1), ("16_s", 2), ("16_u", 2), ("32_s", 4), ("32_u", 4))
    },
    "f32.load": 4,
    "f64.load": 8,
}
STORES = {
    **{f"i32.store{suffix}": width for suffix, width in (("", 4), ("8", 1), ("16", 2))},
    **{f"i64.store{suffix}": width for suffix, width in (("", 8), ("8", 1), ("16", 2), ("32", 4))},
    "f32.store": 4,
    "f64.store": 8,
}
DIVISIONS = tuple(f"{kind}.{name}" for kind in ("i32", "i64") for name in ("div_s", "div_u", "rem_s", "rem_u"))
TRUNCATIONS = tuple(f"{to}.trunc_{of}_{sign}" for to in ("i32", "i64") for of in ("f32", "f64") for sign in ("s", "u"))
IMPORTED = {
    "debug": 2,
    "capability": 1,
    "parameter": 6,
    "read": 3,
    "output": 1,
    "emit": 3,
    "load": 8,
    "infer": 3,
    "open": 2,
    "get": 3,
    "close": 1,
}


def offsets(width: int) -> tuple[int, ...]:
    """Return the constant offsets of an access: none, the last that fits, one beyond, and the largest there is."""
    return (0, SIZE - width, SIZE - width + 1, 0xFFFFFFFF)


def _word(number: int) -> str:
    return f"(i32.load (i32.const {WORDS + 4 * (number + 1)}))"


def _value(kind: str, number: int = 0) -> str:
    """Return an operand of a type that begins at a word of the arguments."""
    return f"({kind}.load (i32.const {WORDS + 4 * (number + 1)}))"


def _sink(kind: str, value: str) -> str:
    return f"({kind}.store (i32.const {SINK}) {value})"


_GOOD = f"""
  (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
  (i32.store (i32.const {COUNTER}) (i32.add (i32.load (i32.const {COUNTER})) (i32.const 1)))
  (global.set $stage (i32.const 2))
  (f32.store (i32.const {TENSORS}) (f32.convert_i32_s {_word(0)}))
  (f32.store (i32.const {TENSORS + 4}) (f32.convert_i32_s {_word(1)}))
  (drop (call $infer (i32.const {MODEL}) (i32.const {POINTERS}) (i32.const {POINTERS + 4})))
  (drop (call $get (i32.const {OPEN}) (i32.const {SINK}) (i32.const 1)))
  (global.set $stage (i32.const 4))
  (i32.store align=1 (i32.const {PRINTED + 10}) (global.get $calls))
  (i32.store align=1 (i32.const {PRINTED + 14}) (i32.load (i32.const {COUNTER})))
  (i32.store align=1 (i32.const {PRINTED + 18}) (i32.trunc_sat_f32_s (f32.load (i32.const {TENSORS + 8}))))
  (i32.store align=1 (i32.const {PRINTED + 22}) (i32.load8_u (i32.const {SINK})))
  (i32.store align=1 (i32.const {PRINTED + 26}) (i32.load (i32.const {MARK})))
  (drop (call $emit (i32.const {TENSOR}) (i32.const {PRINTED}) (i32.const 30)))"""


def _actions() -> dict[str, str]:
    actions = {"good": _GOOD, "unreachable": "unreachable"}
    for name, width in LOADS.items():
        for offset in offsets(width):
            actions[f"{name} {offset}"] = _sink(name[:3], f"({name} offset={offset} {_word(0)})")
    for name, width in STORES.items():
        for offset in offsets(width):
            actions[f"{name} {offset}"] = f"({name} offset={offset} {_word(0)} {_value(name[:3], 1)})"
    actions["memory.copy"] = f"(memory.copy {_word(0)} {_word(1)} {_word(2)})"
    actions["memory.fill"] = f"(memory.fill {_word(0)} {_word(1)} {_word(2)})"
    for name in DIVISIONS:
        kind = name[:3]
        second = 1 if kind == "i32" else 2
        actions[name] = _sink(kind, f"({name} {_value(kind)} {_value(kind, second)})")
    for name in TRUNCATIONS:
        actions[name] = _sink(name[:3], f"({name} {_value(name[10:13])})")
    actions["loop"] = "(loop $again (br $again))"
    actions["recursion"] = "(drop (call $down (i32.const 1)))"
    actions["recursion with many locals"] = "(drop (call $down_wide (i32.const 1)))"
    actions["recursion through the table"] = (
        f"(call_indirect (type $action) (i32.load (i32.const {WORDS})))"
        f" (i32.store (i32.const {SINK}) (i32.add (i32.load (i32.const {SINK})) (i32.const 1)))"
    )
    actions["handles"] = "(loop $again (drop (call $output (i32.const 1))) (br $again))"
    for name, arity in IMPORTED.items():
        arguments = " ".join(_word(number) for number in range(arity))
        actions[f"env {name}"] = f"(drop (call ${name} {arguments}))"
    return actions


_ACTIONS = _actions()
ACTION = {name: number for number, name in enumerate(_ACTIONS)}
NULL, ANOTHER_TYPE, BEYOND = len(ACTION), len(ACTION) + 1, len(ACTION) + 2

_WIDE = 40
_LOCALS = " ".join(f"(local $l{number} i64)" for number in range(_WIDE))
_LOADED = "\n    ".join(
    f"(local.set $l{n} (i64.load (i32.and (i32.add (local.get $x) (i32.const {n})) (i32.const 63))))"
    for n in range(_WIDE)
)
_STORED = "\n    ".join(
    f"(i64.store (i32.const {SINK}) (i64.xor (local.get $l{n}) (i64.load (i32.const {SINK}))))" for n in range(_WIDE)
)
#: What is done after the inner call keeps compilers from making loops of these.
_RECURSIONS = f"""
  (func $down (param $x i32) (result i32) (local $deeper i32)
    (local.set $deeper (call $down (i32.add (local.get $x) (i32.const 1))))
    (i32.store (i32.const {SINK}) (i32.xor (local.get $deeper) (local.get $x)))
    (i32.rotl (local.get $deeper) (local.get $x)))
  (func $down_wide (param $x i32) (result i32) {_LOCALS}
    {_LOADED}
    (local.set $x (call $down_wide (i32.add (local.get $x) (i32.const 1))))
    {_STORED}
    (local.get $x))
"""

_MANIFEST = f"""
  (func (export "_manifest") (result i32)
    (drop (call $capability (i32.const 5)))
    (drop (call $load (i32.const {TEXT["mimetype"][0]}) (i32.const {len(_MIMETYPE)})
      (i32.const {TEXT["net"][0]}) (i32.const 3)
      (i32.const {DESCRIPTORS["in"]}) (i32.const 1) (i32.const {DESCRIPTORS["out"]}) (i32.const 1)))
    (drop (call $open (i32.const {TEXT["net"][0]}) (i32.const 3)))
    (drop (call $output (i32.const 5)))
    (drop (call $output (i32.const 1)))
    (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (global.set $stage (i32.const 1))
    (drop (call $read (i32.const {WORDS}) (i32.const {RECORD.size}) (i32.const {RAW})))
    (global.set $stage (i32.const 3))
    (call_indirect (type $action) (i32.load (i32.const {WORDS})))
    (i32.const 0))
"""


def _text() -> str:
    functions = "\n".join(f"(func $a{number} {body})" for number, body in enumerate(_ACTIONS.values()))
    names = " ".join(f"$a{number}" for number in range(len(_ACTIONS)))
    contents = [data(at, text) for at, _, text in TEXT.values()]
    contents += [data(at, struct.pack("<2I", *TEXT[name][:2])) for name, at in DESCRIPTORS.items()]
    contents += [
        data(OUTSIDE, struct.pack("<2I", SIZE - 2, 6)),
        data(PRINTED, struct.pack("<I", 6) + b"i32[5]"),
        data(COUNTER, struct.pack("<I", 100)),
        data(POINTERS, struct.pack("<4I", TENSORS, TENSORS + 8, TENSORS + 2, SIZE - 2)),
        data(MARK, struct.pack("<I", 77)),
    ]
    close = '(import "env" "rune_resource_close" (func $close (param i32) (result i32)))'
    return f"""(module {IMPORTS} {close}
  (memory (export "memory") 1 1)
  (type $action (func))
  (table {len(_ACTIONS) + 2} {len(_ACTIONS) + 2} funcref)
  (elem (i32.const 0) {names})
  (elem (i32.const {ANOTHER_TYPE}) $down)
  (global $stage (mut i32) (i32.const 0))
  (global $calls (mut i32) (i32.const 0))
  {_RECURSIONS}
  {functions}
  {_MANIFEST}
  {" ".join(contents)})"""


@cache
def hostile_rune() -> Rune:
    """Return the rune."""
    models = (RuneModel("net", model()),)
    kinds = {"capabilities": "input", "models": "net", "proc-blocks": "attack", "outputs": "serial"}
    graph = {
        "rune": {"name": "hostile"},
        **{kind: {name: {"kind": {"type": "raw"}, "args": {}, "inputs": ["t"]}} for kind, name in kinds.items()},
        "tensors": {"t": {"element_type": "I32"}},
    }
    sections = (
        json_section(".rune_graph", graph),
        resource_section((("net", RESOURCE),)),
        model_section(models),
        runeflash_section(MemoryLayout(SIZE, 0, 0, 0), models, 0),
    )
    return read_rune(assemble(_text()) + Module(sections).to_bytes()[8:], "hostile.rune")


# --- what it is told, and what it must answer ---------------------------------------------------------------------


def order(action: str | int, *words: int) -> bytes:
    """Return the input of a call."""
    number = ACTION[action] if isinstance(action, str) else action
    return RECORD.pack(number, *(word & 0xFFFFFFFF for word in words), *[0] * (9 - len(words)))


def good(x: int, y: int) -> bytes:
    """Return the input of a good call, whose model gives 2 x + 3 y + 1."""
    return order("good", x, y)


def good_line(x: int, y: int, since_restart: int) -> dict[str, object]:
    """Return what the good call prints, being so many calls after a restart (the first one's number is 1)."""
    letter = RESOURCE[since_restart - 1] if since_restart <= len(RESOURCE) else 0
    return {
        "channel": TENSOR,
        "dimensions": [5],
        "elements": [since_restart, 100 + since_restart, 2 * x + 3 * y + 1, letter, 77],
        "type_name": "i32",
    }


@dataclass(frozen=True)
class Trap:
    """A bad thing to do.

    Attributes:
        row: of the table in docs/sandbox.md.
        name: of the case.
        order: the input of the call.
        code: of the error line.
        message: how its message begins.
        stage: whom the error line names.
    """

    row: str
    name: str
    order: bytes
    code: str
    message: str
    stage: str = "attack"
