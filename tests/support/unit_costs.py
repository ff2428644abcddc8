"""What a unit of the instruction budget costs: loops of nothing but one instruction, run on an emulated Cortex-M4F.

Each instruction is tried in several forms, for a compiler may find something to leave out of each, with the operands
that take longest. The least that WebAssembly needs around an instruction is around it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import wasmtime
from core_program import link_for_core
from engine_program import as_rune, assemble
from worst_cycles import FlashTiming, worst_cycles

from runeflash.elf_symbols import read_symbols
from runeflash.firmware.generate import generate_image
from runeflash.firmware.model_profile import difference, elf_reader
from runeflash.firmware.module import firmware_module
from runeflash.virtual.measure import run_program

HARNESS = Path(__file__).resolve().parents[1] / "firmware" / "cost_harness.c"
_BUDGET = (1 << 31) - 1
_HEAP = 0x400000
#: So many of an instruction in a row, so often.
_ROW, _TIMES = 16, 12

_OPERANDS = 64  # in memory: each operand value, eight bytes apart, _ROW times
_RESULTS = 32768


@dataclass(frozen=True)
class Case:
    """A loop.

    Attributes:
        name: the instruction, its form and its operands.
        body: of the loop, in the text form; the locals are $i, and $a, $b of each type (``$a_f64``).
        a, b: what the locals have before it.
        more: functions besides.
        times: how often the loop is gone through.
    """

    name: str
    body: str
    kind: str = "i32"
    a: str = "0"
    b: str = "0"
    more: str = ""
    times: int = _TIMES


@dataclass(frozen=True)
class Cost:
    """What a case took: units of the budget, instructions, and the most cycles, for each timing of a flash."""

    case: Case
    units: int
    instructions: int
    cycles: tuple[int, ...]

    def per_unit(self) -> float:
        """Return the cycles of a unit where the flash is slowest."""
        return max(self.cycles) / self.units


# --- instructions -------------------------------------------------------------------------------------------------

_INTEGERS = {
    "i32": ("1", "-1", "0x7fffffff", "0x80000000", "0x12345678"),
    "i64": ("1", "-1", "0x7fffffffffffffff", "0x8000000000000000", "0x123456789abcdef0", "0x100000000"),
}
_FLOATS = {
    "f32": ("1", "1.5", "-0x1.fffffep127", "0x1p-149", "0x1.fffffcp-127", "nan", "0x1.234566p20", "0x1.8p-20"),
    "f64": (
        *("1", "0x1.fffffffffffffp1023", "0x1p-1074", "0x0.fffffffffffffp-1022", "nan", "inf"),
        *("-0x1.23456789abcdep20", "0x1.8000000000001p-20", "0x1.fffffffffffffp52"),
    ),
}
_VALUES = {**_INTEGERS, **_FLOATS}
#: Signs that differ, exponents far from each other and near, results that round, overflow or are subnormal.
_PAIRS = {
    "f32": (("0x1.8p-20", "0x1.234566p20"),),  # in double precision by software, whatever they are
    "f64": (
        ("0x1.8000000000001p-20", "-0x1.23456789abcdep20"),
        ("0x1p-1074", "0x1.fffffffffffffp1023"),
        ("0x1.fffffffffffffp1023", "0x1p-1074"),
        ("0x1p-1074", "0x0.fffffffffffffp-1022"),
        ("0x1.23456789abcdfp-500", "0x1.8000000000001p540"),
        ("0x1.0000000000001p0", "-0x1.0000000000000p0"),
        ("nan", "1"),
        ("inf", "-1"),
    ),
}

_I_BINARY = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr")
_I_DIVISION = ("div_s", "div_u", "rem_s", "rem_u")
_I_COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_F_BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")
_F_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
_F_UNARY = ("abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest")
_I_UNARY = {
    "i32": ("clz", "ctz", "popcnt", "extend8_s", "extend16_s"),
    "i64": ("clz", "ctz", "popcnt", "extend8_s", "extend16_s", "extend32_s"),
}
#: (instruction, operand's type, result's type)
_CONVERSIONS = (
    ("i32.wrap_i64", "i64", "i32"),
    ("i64.extend_i32_s", "i32", "i64"),
    ("i64.extend_i32_u", "i32", "i64"),
    ("f32.demote_f64", "f64", "f32"),
    ("f64.promote_f32", "f32", "f64"),
    ("i32.reinterpret_f32", "f32", "i32"),
    ("i64.reinterpret_f64", "f64", "i64"),
    ("f32.reinterpret_i32", "i32", "f32"),
    ("f64.reinterpret_i64", "i64", "f64"),
    *((f"{f}.convert_{i}_{s}", i, f) for f in ("f32", "f64") for i in ("i32", "i64") for s in "su"),
    *((f"{i}.trunc_sat_{f}_{s}", f, i) for f in ("f32", "f64") for i in ("i32", "i64") for s in "su"),
)
_TRUNCATIONS = tuple((f"{i}.trunc_{f}_{s}", f, i) for f in ("f32", "f64") for i in ("i32", "i64") for s in "su")


def all_cases(engine: str) -> list[Case]:
    """Return every case that an engine cannot leave anything out of: the interpreter does what it is told."""
    cases = [*_arithmetic(), *_memory(), *_control(), *_bulk()]
    told = (", kept",) if engine == "wasm3" else (", dropped",)
    return [case for case in cases if not case.name.endswith(told)]


def _arithmetic() -> Iterator[Case]:
    for kind in ("i32", "i64"):
        values = _VALUES[kind]
        pairs = [(values[-1], value) for value in values] + [(value, values[-1]) for value in values]
        for name in (*_I_BINARY, *_I_COMPARE):
            yield from _binary(f"{kind}.{name}", kind, "i32" if name in _I_COMPARE else kind, pairs[:1])
        divided = list(product(values[1:], ["1", "3", "0xffff", values[-1]]))
        for name in _I_DIVISION:
            yield from _binary(f"{kind}.{name}", kind, kind, [pair for pair in divided if _defined(pair)])
        for name in _I_UNARY[kind]:
            yield from _unary(f"{kind}.{name}", kind, kind, values[-1])
        yield from _unary(f"{kind}.eqz", kind, "i32", values[0])
    for kind in ("f32", "f64"):
        values = _VALUES[kind]
        for name in (*_F_BINARY, *_F_COMPARE):
            yield from _binary(f"{kind}.{name}", kind, "i32" if name in _F_COMPARE else kind, _PAIRS[kind])
        for name, value in product(_F_UNARY, values):
            yield from _unary(f"{kind}.{name}", kind, kind, value)
    for name, of, to in _CONVERSIONS:
        for value in _VALUES[of]:
            yield from _unary(name, of, to, value)
    for name, of, to in _TRUNCATIONS:
        for value in ("0", "1.5", "0x1.23456p20", "0x1p-100"):
            yield from _unary(name, of, to, value)
    for kind in _VALUES:
        a = f"(local.get $a_{kind})"
        row = f"(drop (select {a} (local.get $b_{kind}) (local.get $i)))" * _ROW
        yield Case(f"{kind}.select", row, kind)
        yield Case(
            f"{kind} local.set", f"(local.set $a_{kind} (local.get $b_{kind})) (local.set $b_{kind} {a})" * _ROW, kind
        )
        yield Case(
            f"{kind} local.tee", f"(local.set $b_{kind} (local.tee $a_{kind} (local.get $b_{kind})))" * _ROW, kind
        )
        yield Case(f"{kind} global", f"(global.set ${kind} (global.get ${kind}))" * _ROW, kind)
        yield Case(f"{kind}.const", f"(drop ({kind}.const 77))" * _ROW, kind)
        yield Case(f"{kind}.const set", f"(local.set $a_{kind} ({kind}.const 77))" * _ROW, kind)
    yield Case("nop", "nop " * _ROW)


def _defined(pair: tuple[str, str]) -> bool:
    left, right = pair
    return not (right == "-1" and left.startswith("0x8"))


def _binary(name: str, kind: str, result: str, pairs: Sequence[tuple[str, str]]) -> Iterator[Case]:
    a, b = f"(local.get $a_{kind})", f"(local.get $b_{kind})"
    for left, right in dict.fromkeys(pairs):
        told = f"{name} {left} {right}"
        yield Case(f"{told}, dropped", f"(drop ({name} {a} {b}))" * _ROW, kind, left, right)
        yield Case(f"{told}, kept", _kept(f"{name} {_load(kind)} {b}", kind, result), kind, left, right)
    if result == kind and pairs and name.partition(".")[2] not in {"div_s", "div_u", "rem_s", "rem_u"}:
        left, right = pairs[0]
        chain = a
        for _ in range(_ROW):
            chain = f"({name} {chain} {b})"
        yield Case(f"{name}, in a chain", f"(local.set $a_{kind} {chain})", kind, left, right)
        chain = a
        for _ in range(_ROW):
            chain = f"({name} {b} {chain})"
        yield Case(f"{name}, in a chain to the right", f"(local.set $a_{kind} {chain})", kind, left, right)


def _unary(name: str, kind: str, result: str, value: str) -> Iterator[Case]:
    a = f"(local.get $a_{kind})"
    yield Case(f"{name} {value}, dropped", f"(drop ({name} {a}))" * _ROW, kind, value, value)
    yield Case(f"{name} {value}, kept", _kept(f"{name} {_load(kind)}", kind, result), kind, value, value)
    if result == kind:
        yield Case(
            f"{name} {value}, in a chain", f"(local.set $a_{kind} {f'({name} ' * _ROW}{a}{')' * _ROW})", kind, value
        )


def _load(kind: str) -> str:
    return f"({kind}.load offset=OPERAND (i32.const 0))"


def _kept(operation: str, kind: str, result: str) -> str:
    """Return instructions each of which has an operand and a place for its result of its own."""
    return "".join(
        f"({result}.store offset={_RESULTS + 8 * n} (i32.const 0) "
        f"({operation.replace('OPERAND', str(_OPERANDS + 8 * n))}))"
        for n in range(_ROW)
    )


# --- memory, control ----------------------------------------------------------------------------------------------

_LOADS = {
    "i32": ("load", "load8_s", "load8_u", "load16_s", "load16_u"),
    "i64": ("load", "load8_s", "load8_u", "load16_s", "load16_u", "load32_s", "load32_u"),
    "f32": ("load",),
    "f64": ("load",),
}
_STORES = {
    "i32": ("store", "store8", "store16"),
    "i64": ("store", "store8", "store16", "store32"),
    "f32": ("store",),
    "f64": ("store",),
}


def _memory() -> Iterator[Case]:
    for kind, names in _LOADS.items():
        for name in names:
            row = "".join(f"(drop ({kind}.{name} offset={64 + 9 * n} (local.get $i)))" for n in range(_ROW))
            yield Case(f"{kind}.{name}", row, kind)
            if kind == "i32":
                chain = f"({kind}.{name} offset=3 " * _ROW + "(local.get $a_i32)" + ")" * _ROW
                yield Case(f"{kind}.{name}, in a chain", f"(local.set $a_i32 {chain})", kind)
    for kind, names in _STORES.items():
        for name in names:
            row = "".join(
                f"({kind}.{name} offset={_RESULTS + 9 * n} (local.get $i) (local.get $a_{kind}))" for n in range(_ROW)
            )
            yield Case(f"{kind}.{name}", row, kind)
    yield Case("memory.size", "(drop (memory.size))" * _ROW)


_CALLED = """
  (func $nothing)
  (func $many (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 7))
  (func $deep (param i32) (result i32) (i32.add (local.get 0) (i32.load offset=32000 (i32.const 0))))
"""
_LIVE = 24


def _control() -> Iterator[Case]:
    yield Case("an empty loop", "", times=400)
    inner = (
        "(local.set $a_i32 (i32.const 40))"
        "(loop $m (br_if $m (local.tee $a_i32 (i32.sub (local.get $a_i32) (i32.const 1)))))"
    )
    yield Case("an inner loop", inner)
    yield Case("loops that are left at once", "(loop)" * _ROW)
    yield Case("loops with a value", "(drop (loop (result i64) (i64.const 5)))" * _ROW)
    yield Case("blocks", "(block)" * _ROW)
    yield Case("blocks that are left", "(block (br 0))" * _ROW)
    yield Case("blocks with a value", "(drop (block (result i64) (br 0 (local.get $a_i64))))" * _ROW)
    yield from _nested_blocks()
    yield Case("br_if, taken", "(block (br_if 0 (local.get $i)))" * _ROW)
    yield Case("br_if, not taken", "(br_if 0 (local.get $a_i32))" * _ROW)
    yield Case("br_if with a value", "(drop (block (result f64) (br_if 0 (local.get $a_f64) (local.get $i))))" * _ROW)
    yield Case("if, taken", "(if (local.get $i) (then nop))" * _ROW)
    yield Case("if, else", "(if (local.get $a_i32) (then nop) (else (local.set $b_i32 (i32.const 1))))" * _ROW)
    yield Case(
        "if with a value",
        "(drop (if (result i64) (local.get $i) (then (local.get $a_i64)) (else (i64.const 1))))" * _ROW,
    )
    for labels in (2, 60):
        yield Case(
            f"br_table of {labels}", f"(block (block (br_table {'0 1 ' * (labels // 2)} (local.get $i))))" * _ROW
        )
    table = f"(block (block (br_table {'0 1 ' * 30} (i32.const 59))))"
    yield Case("br_table, the last", table * _ROW)
    table = (
        "(drop (block (result i64) (drop (block (result i64)"
        " (br_table 0 1 0 (local.get $a_i64) (local.get $i)))) (i64.const 4)))"
    )
    yield Case("br_table with a value", table * _ROW)
    yield Case("calls", "(call $nothing)" * _ROW)
    arguments = "(local.get $a_i64)" * 8
    yield Case("calls with eight arguments", f"(drop (call $many {arguments}))" * _ROW)
    yield Case("calls with a result", "(local.set $b_i32 (call $deep (local.get $b_i32)))" * _ROW)
    yield Case("indirect calls", "(call_indirect (type $empty) (local.get $a_i32))" * _ROW)
    yield Case(
        "indirect calls with eight arguments",
        f"(drop (call_indirect (type $many_type) {arguments} (i32.const 1)))" * _ROW,
    )
    names = [f"$live{n}" for n in range(_LIVE)]
    loaded = "".join(f"(local.set {name} (i64.load offset={64 + 8 * n} (i32.const 0)))" for n, name in enumerate(names))
    mixed = "".join(
        f"(local.set {name} (i64.add (local.get {name}) (local.get {other})))"
        for name, other in zip(names, names[::-1], strict=True)
    )
    yield Case(
        "more locals than registers",
        loaded
        + mixed
        + "".join(
            f"(i64.store offset={_RESULTS + 8 * n} (i32.const 0) (local.get {name}))" for n, name in enumerate(names)
        ),
        "i64",
    )
    yield Case("more locals than registers, only added", mixed * 3, "i64")
    many = "".join(f"(local $z{n} i64)" for n in range(60))
    yield Case("calls of a function with many locals", "(call $wide)" * _ROW, more=f"(func $wide {many})")


def _nested_blocks() -> Iterator[Case]:
    """Yield blocks whose values are operands: where a block ends, the interpreter copies its result."""
    for kind, operation in (
        ("i64", "i64.sub (local.get $a_i64) X"),
        ("i64", "i64.extend32_s X"),
        ("i32", "i32.eqz X"),
        ("i64", "i64.extend_i32_u (block (result i32) (i64.eqz X))"),
        ("i64", "local.tee $b_i64 X"),
        ("f64", "local.tee $b_f64 X"),
        ("i64", "br 0 (i64.extend32_s X)"),
    ):
        for block in (f"block (result {kind})", f"loop (result {kind})", f"if (result {kind}) (local.get $i)"):
            chain = f"(local.get $a_{kind})"
            for _ in range(_ROW):
                inner = f"({operation.replace('X', chain)})"
                if block.startswith("if"):
                    inner = f"(then {inner}) (else ({kind}.const 1))"
                elif block.startswith("loop") and operation.startswith("br 0"):
                    break  # a loop's label is its beginning
                chain = f"({block} {inner})"
            else:
                yield Case(f"nested {block}: {operation}", f"(local.set $a_{kind} {chain})" * 8, kind, "1", "1")


def _bulk() -> Iterator[Case]:
    for length in (0, 1, 3, 7, 16, 31, 1001, 16383):
        row = max(1, min(_ROW, 4000 // (length + 1)))
        times = _TIMES if length < 2000 else 2
        for to, value in ((40961, 255), (40960, 0)):
            yield Case(
                f"memory.fill of {length} at {to}",
                f"(memory.fill (i32.const {to}) (i32.const {value}) (i32.const {length}))" * row,
                times=times,
            )
        for to, source in ((40961, 20003), (20001, 20004), (20004, 20001), (40960, 20000), (40963, 20001)):
            yield Case(
                f"memory.copy of {length} from {source} to {to}",
                f"(memory.copy (i32.const {to}) (i32.const {source}) (i32.const {length}))" * row,
                times=times,
            )


# --- the module ---------------------------------------------------------------------------------------------------

_TYPES = tuple(_VALUES)


def module_text(cases: Sequence[Case]) -> str:
    """Return the module whose call number n runs case n; one more, the last, does nothing."""
    functions = []
    for number, case in enumerate(cases):
        live = "".join(f"(local $live{n} i64)" for n in range(_LIVE)) if "$live" in case.body else ""
        declared = "".join(f"(local $a_{kind} {kind}) (local $b_{kind} {kind})" for kind in _TYPES)
        place = 1024 + 16 * number  # where its operands are
        start = f"(local.set $a_{case.kind} ({case.kind}.load (i32.const {place})))"
        start += f"(local.set $b_{case.kind} ({case.kind}.load offset=8 (i32.const {place})))"
        start += (
            "".join(
                f"({case.kind}.store offset={_OPERANDS + 8 * n} (i32.const 0) (local.get $a_{case.kind}))"
                for n in range(_ROW)
            )
            if ", kept" in case.name
            else ""
        )
        finish = f"({case.kind}.store offset=32 (i32.const 0) (local.get $a_{case.kind}))"
        functions.append(f"""(func $case{number} (local $i i32) {declared} {live}
          {start} (local.set $i (i32.const {case.times}))
          (loop $l {case.body} (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          {finish})""")
    functions.append(f"(func $case{len(cases)})")
    names = " ".join(f"$case{number}" for number in range(len(functions)))
    data = "".join(
        f'(data (i32.const {1024 + 16 * number}) "{_bytes(case.kind, case.a)}{_bytes(case.kind, case.b)}")'
        for number, case in enumerate(cases)
    )
    assert 1024 + 16 * len(cases) < _RESULTS
    globals_ = "".join(f"(global ${kind} (mut {kind}) ({kind}.const 1))" for kind in _TYPES)
    return f"""(module (memory (export "memory") 1 1)
      (type $empty (func)) (type $many_type (func (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
      {globals_} {_CALLED} {"".join(case.more for case in cases)}
      (table funcref (elem $nothing $many {names}))
      {"".join(functions)}
      (func (export "_manifest") (result i32) (i32.const 1))
      (func (export "_call") (param i32 i32 i32) (result i32)
        (call_indirect (type $empty) (i32.add (i32.const 2) (i32.load (i32.const 0)))) (i32.const 0))
      {data})"""


def _bytes(kind: str, value: str) -> str:
    if kind.startswith("i"):
        number = int(value, 0) & ((1 << int(kind[1:])) - 1)
        data = number.to_bytes(8, "little")
    else:
        number_ = float.fromhex(value) if "x" in value else float(value)
        data = struct.pack("<d" if kind == "f64" else "<f", number_).ljust(8, b"\0")
    return "".join(f"\\{byte:02x}" for byte in data)


def _units(wasm: bytes, count: int) -> list[int]:
    """Return what each call takes of the budget."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, wasmtime.Module(engine, wasm), []).exports(store)
    memory, left, call = exports["memory"], exports["budget"], exports["_call"]
    assert isinstance(memory, wasmtime.Memory)
    assert isinstance(left, wasmtime.Global)
    assert isinstance(call, wasmtime.Func)
    spent = []
    for number in range(count):
        left.set_value(store, _BUDGET)
        memory.write(store, struct.pack("<I", number), 0)
        call(store, 0, 0, 0)
        spent.append(_BUDGET - int(left.value(store)))
    return spent


def measure(
    cases: Sequence[Case], engine: str, toolchain: str, work: Path, timings: Sequence[FlashTiming]
) -> list[Cost]:
    """Run cases on an emulated core; return what each took, without what a call that does nothing takes."""
    rune = as_rune(assemble(module_text(cases)))
    module = firmware_module(rune)
    count = len(cases) + 1
    units = _units(module.to_bytes(), count)
    image = generate_image(
        rune,
        module,
        (),
        engine=engine,
        build_id="0",
        heap_bytes=_HEAP if engine == "wasm3" else 0,
        budget=_BUDGET,
        watchdog_ms=0,
        interval_ms=0,
        stream_sensors=False,
    )
    for name, text in image.files.items():
        (work / name).write_text(text)
    elf = link_for_core([work / name for name in image.files], HARNESS, engine, toolchain, work)
    address = next(symbol.address for symbol in read_symbols(elf) if symbol.name == "cost_of_call")
    result = run_program(
        elf,
        {"call_count": struct.pack("<I", count)},
        {"statuses": 4 * count, "loaded": 4},
        profile=True,
        watch=[address],
    )
    assert not any(result.outputs["loaded"])
    assert not any(result.outputs["statuses"]), list(struct.unpack(f"<{count}I", result.outputs["statuses"]))
    memory = elf_reader(elf)
    seen = result.passages
    assert len(seen) == 2 * count
    took = []
    for begin, end in zip(seen[::2], seen[1::2], strict=True):
        executed = difference(begin, end)
        cycles = tuple(worst_cycles(executed, memory, timing) for timing in timings)
        took.append((end.instructions - begin.instructions, cycles))
    nothing = took.pop()
    return [
        Cost(
            case,
            spent - units[-1],
            instructions - nothing[0],
            tuple(one - other for one, other in zip(cycles, nothing[1], strict=True)),
        )
        for case, spent, (instructions, cycles) in zip(cases, units, took, strict=False)
    ]
