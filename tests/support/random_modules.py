"""Random valid WebAssembly modules: arithmetic, memory, control flow, calls and traps, and all of it ends.

A module has one page of memory, no imports, and an export ``_call`` that runs one of its functions, by the number in
the first word of memory, and puts the function's result into the next two. NaNs are made canonical wherever their bits
could be seen, as the specification leaves those open (4.3.3).
"""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass, field

TYPES = ("i32", "i64", "f32", "f64")
_LOCALS = 3  # of each type
_TABLED = 6
_EDGES = {
    "i32": (0, 1, 2, 7, 31, 32, -1, -2, -(1 << 31), (1 << 31) - 1, 65535, 65536, 65532, 65529, 0x55AA1234),
    "i64": (0, 1, 3, 63, 64, -1, -(1 << 63), (1 << 63) - 1, 1 << 32, -(1 << 31), 0x0123456789ABCDEF),
    "f32": ("0", "-0", "1", "-1.5", "0.5", "2.5", "1e-40", "-0x1p31", "0x1p31", "0x1p32", "-0x1.000002p31", "0x1p63"),
    "f64": ("0", "-0", "1", "-1.5", "3.5", "1e-310", "-0x1p31", "-0x1.00000002p31", "0x1p32", "0x1p63", "-0x1p63"),
}
_SPECIAL = ("inf", "-inf", "nan", "0x1.fffffep127", "0x1p64")
_BINARY = {
    "i": ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr"),
    "division": ("div_s", "div_u", "rem_s", "rem_u"),
    "f": ("add", "sub", "mul", "div", "min", "max"),
}
_UNARY = {
    "i": ("clz", "ctz", "popcnt", "extend8_s", "extend16_s"),
    "f": ("abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest"),
}
_COMPARE = {
    "i": ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"),
    "f": ("eq", "ne", "lt", "gt", "le", "ge"),
}
_LOADS = {
    "i32": (("load", 4), ("load8_s", 1), ("load8_u", 1), ("load16_s", 2), ("load16_u", 2)),
    "i64": (
        *(("load", 8), ("load8_s", 1), ("load8_u", 1), ("load16_s", 2)),
        *(("load16_u", 2), ("load32_s", 4), ("load32_u", 4)),
    ),
    "f32": (("load", 4),),
    "f64": (("load", 8),),
}
_STORES = {
    "i32": (("store", 4), ("store8", 1), ("store16", 2)),
    "i64": (("store", 8), ("store8", 1), ("store16", 2), ("store32", 4)),
    "f32": (("store", 4),),
    "f64": (("store", 8),),
}
#: Of each type, values in memory for the functions that have every instruction: no compiler knows them.
_VALUES_AT = 1024
_PACKED = {"i32": "<I", "i64": "<Q", "f32": "<f", "f64": "<d"}


def _every_instruction() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return those that compute: name, type of the result, types of the operands."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for kind in TYPES:
        sort = kind[0]
        binary = (*_BINARY["i"], *_BINARY["division"]) if sort == "i" else (*_BINARY["f"], "copysign")
        unary = (*_UNARY[sort], "extend32_s") if kind == "i64" else _UNARY[sort]
        found += [(f"{kind}.{name}", kind, (kind, kind)) for name in binary]
        found += [(f"{kind}.{name}", kind, (kind,)) for name in unary]
        found += [(f"{kind}.{name}", "i32", (kind, kind)) for name in _COMPARE[sort]]
    for i in ("i32", "i64"):
        found.append((f"{i}.eqz", "i32", (i,)))
        for f in ("f32", "f64"):
            for sign in "su":
                found += [(f"{i}.trunc{sat}_{f}_{sign}", i, (f,)) for sat in ("", "_sat")]
                found.append((f"{f}.convert_{i}_{sign}", f, (i,)))
    for one, other in (("i32", "f32"), ("i64", "f64")):
        found += [(f"{one}.reinterpret_{other}", one, (other,)), (f"{other}.reinterpret_{one}", other, (one,))]
    found += [("i32.wrap_i64", "i32", ("i64",)), ("f32.demote_f64", "f32", ("f64",))]
    found += [("f64.promote_f32", "f64", ("f32",))]
    found += [(f"i64.extend_i32_{sign}", "i64", ("i32",)) for sign in "su"]
    found += [(f"{kind}.{name} align=1", kind, ("address",)) for kind in TYPES for name, _ in _LOADS[kind]]
    return found


def _traps(name: str) -> bool:
    return "div_" in name or "rem_" in name or ("trunc_f" in name and "sat" not in name)


@dataclass
class _Function:
    """What a function being made has.

    Attributes:
        loops: how many have been made: each has a counter.
        blocks: how many have been made: each has a label of its own.
        labels: of the blocks around the statement being made, which has nothing to give them.
    """

    parameters: tuple[str, ...]
    result: str
    loops: int = 0
    blocks: int = 0
    labels: list[str] = field(default_factory=list)


class ModuleMaker:
    """Makes one module.

    Args:
        seed: the same seed makes the same module.
        count: how many functions, each of which may call those before it.
        trapping: how often, of a hundred, something that may trap is made.
        every: whether there are further functions, which have every instruction that computes.

    Attributes:
        calls: how many functions there are in all.
    """

    def __init__(self, seed: int, count: int, trapping: int = 6, *, every: bool = False) -> None:
        self._random = random.Random(seed)
        self._trapping = trapping
        self._functions: list[_Function] = []
        self._count = count
        self._every = every

    @property
    def calls(self) -> int:
        return len(self._functions)

    def text(self) -> str:
        """Return the module in the text form."""
        bodies = [self._function(number) for number in range(self._count)]
        bodies += self._functions_with_every_instruction() if self._every else []
        arms = []
        for number, function in enumerate(self._functions):
            arguments = " ".join(self._constant(kind) for kind in function.parameters)
            call = self._canonical(function.result, f"(call $f{number} {arguments})")
            store = f"({function.result}.store (i32.const 4) {call})"
            arms.append(f"(if (i32.eq (local.get $n) (i32.const {number})) (then {store}))")
        data = "".join(f"\\{self._random.randrange(256):02x}" for _ in range(200))
        table = " ".join(f"$f{number}" for number in range(min(self._count, _TABLED)))
        return "\n".join(
            [
                "(module",
                '(memory (export "memory") 1 1)',
                "(table 8 8 funcref)",
                f"(elem (i32.const 1) {table})",
                "(global $gi32 (mut i32) (i32.const 77))",
                "(global $gi64 (mut i64) (i64.const -5))",
                "(global $gf32 (mut f32) (f32.const 1.25))",
                "(global $gf64 (mut f64) (f64.const -2.5))",
                f'(data (i32.const 64) "{data}")',
                f'(data (i32.const {_VALUES_AT}) "{_values()}")',
                f'(data (i32.const 65336) "{data}")',
                *bodies,
                '(func (export "_manifest") (result i32) (i32.const 1))',
                '(func (export "_call") (param i32 i32 i32) (result i32) (local $n i32)',
                "(local $xf32 f32) (local $xf64 f64)",
                "(local.set $n (i32.load (i32.const 0)))",
                *arms,
                "(i32.const 0)))",
            ]
        )

    # -- functions and statements

    def _function(self, number: int) -> str:
        choose = self._random
        parameters = tuple(choose.choice(TYPES) for _ in range(choose.randrange(4)))
        function = _Function(parameters, choose.choice(TYPES))
        statements = [self._statement(function, 3) for _ in range(choose.randrange(2, 7))]
        result = self._expression(function, function.result, 4)
        self._functions.append(function)
        heads = [f"(param $p{i} {kind})" for i, kind in enumerate(parameters)]
        places = [f"(local ${kind}{i} {kind})" for kind in TYPES for i in range(_LOCALS)]
        places += ["(local $xf32 f32) (local $xf64 f64)"]
        places += [f"(local $count{i} i32)" for i in range(function.loops)]
        head = f"(func $f{number} {' '.join(heads)} (result {function.result}) {' '.join(places)}"
        return "\n".join([head, *statements, f"{result})"])

    def _functions_with_every_instruction(self) -> list[str]:
        """Return functions that mix the results of a few instructions; what may trap is alone, and there twice."""
        every = _every_instruction()
        self._random.shuffle(every)
        alone = [[one] for one in every if _traps(one[0]) for _ in range(2)]
        quiet = [one for one in every if not _traps(one[0])]
        texts = []
        for group in [*alone, *(quiet[start : start + 8] for start in range(0, len(quiet), 8))]:
            lines = [self._mix(*one) for one in group for _ in range(6 if len(group) > 1 else 1)]
            head = f"(func $f{len(self._functions)} (result i64) (local $mix i64) (local $xf32 f32) (local $xf64 f64)"
            texts.append("\n".join([head, *lines, "(local.get $mix))"]))
            self._functions.append(_Function((), "i64"))
        head = f"(func $f{len(self._functions)} (result i64) (unreachable))"
        self._functions.append(_Function((), "i64"))
        return [*texts, head]

    def _mix(self, name: str, result: str, operands: tuple[str, ...]) -> str:
        value = self._canonical(result, f"({name} {' '.join(self._known(kind, name) for kind in operands)})")
        bits = {
            "i32": f"(i64.extend_i32_u {value})",
            "i64": value,
            "f32": f"(i64.extend_i32_u (i32.reinterpret_f32 {value}))",
            "f64": f"(i64.reinterpret_f64 {value})",
        }[result]
        return f"(local.set $mix (i64.xor (i64.rotl (local.get $mix) (i64.const 7)) {bits}))"

    def _known(self, kind: str, name: str) -> str:
        """Return a value that lies in memory; its sign, for what takes that of a NaN, is the canonical one's."""
        if kind == "address":
            return f"(i32.const {_VALUES_AT + self._random.randrange(200)})"
        kinds = TYPES[: TYPES.index(kind)]
        place = _VALUES_AT + 8 * (sum(_count(other) for other in kinds) + self._random.randrange(_count(kind)))
        value = f"({kind}.load (i32.const {place}))"
        return self._canonical(kind, value) if "copysign" in name or "reinterpret_f" in name else value

    def _statement(self, function: _Function, depth: int) -> str:
        choose = self._random
        kind = choose.choice(TYPES)
        what = choose.randrange(15 if depth > 0 else 5)
        if what <= 1:
            return f"(local.set ${kind}{choose.randrange(_LOCALS)} {self._expression(function, kind, 3)})"
        if what == 2:
            return f"(global.set $g{kind} {self._expression(function, kind, 3)})"
        if what <= 4:
            name, width = choose.choice(_STORES[kind])
            value = self._canonical(kind, self._expression(function, kind, 3))
            address, offset = self._address(function, width)
            return f"({kind}.{name} offset={offset} {self._alignment(width)} {address} {value})"
        if what == 5:
            length = f"(i32.and {self._expression(function, 'i32', 1)} (i32.const 1023))"
            to, source = (self._in_memory(function, 1024) for _ in range(2))
            if choose.randrange(100) < self._trapping:
                to = self._expression(function, "i32", 2)
            return choose.choice([f"(memory.copy {to} {source} {length})", f"(memory.fill {to} {source} {length})"])
        condition = self._expression(function, "i32", 2)
        if what == 6:
            return f"(drop {self._expression(function, kind, 3)})(nop)"
        if what == 7:
            return f"(if {condition} (then {self._leave(function)}))"
        if what >= 13:
            return self._block(function, depth, condition)
        inner = self._statements(function, depth)
        if what <= 10:
            other = " ".join(self._statement(function, depth - 1) for _ in range(choose.randrange(2)))
            return f"(if {condition} (then {inner}) (else {other}))"
        if what <= 12:
            counter = f"$count{function.loops}"
            label = f"$loop{function.loops}"
            function.loops += 1
            return (
                f"(local.set {counter} (i32.const {choose.randrange(1, 6)}))"
                f"(loop {label} {inner} (br_if {label}"
                f" (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
            )
        raise AssertionError(what)

    def _statements(self, function: _Function, depth: int) -> str:
        return " ".join(self._statement(function, depth - 1) for _ in range(self._random.randrange(1, 4)))

    def _block(self, function: _Function, depth: int, condition: str) -> str:
        """Return blocks within each other, which a table of branches or a condition leaves, and so may all inside."""
        choose = self._random
        labels = [f"$block{function.blocks + i}" for i in range(choose.choice((1, 3)))]
        function.blocks += len(labels)
        if len(labels) == 1:
            text = f"(br_if {labels[0]} {condition})"
        else:
            text = f"(br_table {' '.join(choose.choice(labels) for _ in range(choose.randrange(1, 6)))} {condition})"
        for number, label in enumerate(labels):
            function.labels = [*function.labels, *labels[number:]]
            inner = self._statements(function, depth)
            function.labels = function.labels[: -len(labels) + number]
            text = f"(block {label} {text} {inner})"
        return text

    def _leave(self, function: _Function) -> str:
        """Return a statement after which nothing is executed: out of a block, of the function, or of it all."""
        choose = self._random
        if choose.randrange(100) < self._trapping:
            return "(unreachable)"
        if function.labels and choose.randrange(3):
            return f"(br {choose.choice(function.labels)})"
        return f"(return {self._expression(function, function.result, 2)})"

    # -- expressions

    def _expression(self, function: _Function, kind: str, depth: int) -> str:
        choose = self._random
        sort = kind[0]
        if depth == 0 or choose.randrange(8) == 0:
            return self._leaf(function, kind)
        what = choose.randrange(16)

        def below(other: str = kind) -> str:
            return self._expression(function, other, depth - 1)

        if what <= 3:
            if sort == "i" and choose.randrange(100) < 3 * self._trapping:
                divisor = (
                    below() if choose.randrange(100) < 2 * self._trapping else f"({kind}.or {below()} ({kind}.const 4))"
                )
                return f"({kind}.{choose.choice(_BINARY['division'])} {below()} {divisor})"
            return f"({kind}.{choose.choice(_BINARY[sort])} {below()} {below()})"
        if what == 4:
            names = (*_UNARY[sort], "extend32_s") if kind == "i64" else _UNARY[sort]
            return f"({kind}.{choose.choice(names)} {below()})"
        if what == 5:
            return self._conversion(function, kind, depth)
        if what == 6:
            name, width = choose.choice(_LOADS[kind])
            address, offset = self._address(function, width)
            return f"({kind}.{name} offset={offset} {self._alignment(width)} {address})"
        if what == 7:
            return f"(select {below()} {below()} {below('i32')})"
        if what == 8:
            return f"(if (result {kind}) {below('i32')} (then {below()}) (else {below()}))"
        if what == 9 and self._functions:
            number = choose.randrange(len(self._functions))
            if self._functions[number].result == kind:
                arguments = " ".join(self._expression(function, item, 1) for item in self._functions[number].parameters)
                return f"(call $f{number} {arguments})"
        if what == 10 and self._functions:
            return self._indirect(function, kind, depth)
        if what == 11 and sort == "f":
            return f"({kind}.copysign {self._canonical(kind, below())} {self._canonical(kind, below())})"
        if what == 12 and kind == "i32":
            other = choose.choice(TYPES)
            is_eqz = other[0] == "i" and choose.randrange(4) == 0
            return f"({other}.eqz {below(other)})" if is_eqz else self._comparison(function, other, depth)
        if what >= 14:
            return self._valued(function, kind, depth)
        return self._leaf(function, kind)

    def _valued(self, function: _Function, kind: str, depth: int) -> str:
        """Return a block or loop that gives a value, at its end or by a branch."""
        choose = self._random
        values = [self._expression(function, kind, depth - 1) for _ in range(3)]
        condition = self._expression(function, "i32", depth - 1)
        label = f"$value{function.blocks}"
        function.blocks += 1
        what = choose.randrange(4)
        if what == 0:
            return f"(loop (result {kind}) {values[0]})"
        if what == 1:
            inner = f"(drop (br_if {label} {values[0]} {condition})) {values[1]}"
        elif what == 2:
            inner = f"(br_table {label} {label} {values[0]} {condition})"
        else:
            inner = f"(if {condition} (then (br {label} {values[0]}))) {values[1]}"
        return f"(block {label} (result {kind}) {inner})"

    def _indirect(self, function: _Function, kind: str, depth: int) -> str:
        """Return a call through the table, mostly of a function with the type that it says."""
        choose = self._random
        number = choose.randrange(min(len(self._functions), _TABLED))
        callee = self._functions[number]
        if callee.result != kind:
            return self._leaf(function, kind)
        arguments = " ".join(self._expression(function, item, 1) for item in callee.parameters)
        parameters = " ".join(callee.parameters)
        index = f"(i32.const {number + 1})"
        if choose.randrange(100) < 2 * self._trapping:
            index = f"(i32.and {self._expression(function, 'i32', 1)} (i32.const 15))"
        return f"(call_indirect (param {parameters}) (result {kind}) {arguments} {index})"

    def _comparison(self, function: _Function, kind: str, depth: int) -> str:
        name = self._random.choice(_COMPARE[kind[0]])
        left, right = (self._expression(function, kind, depth - 1) for _ in range(2))
        return f"({kind}.{name} {left} {right})"

    def _conversion(self, function: _Function, kind: str, depth: int) -> str:
        choose = self._random
        other = {"i32": "i64", "i64": "i32", "f32": "f64", "f64": "f32"}[kind]
        source = self._expression(function, other, depth - 1)
        plain = {
            "i32": f"(i32.wrap_i64 {source})",
            "i64": f"(i64.extend_i32_{choose.choice('su')} {source})",
            "f32": f"(f32.demote_f64 {source})",
            "f64": f"(f64.promote_f32 {source})",
        }[kind]
        way = choose.randrange(3)
        if way == 0:
            return plain
        from_kind = choose.choice(("f32", "f64") if kind[0] == "i" else ("i32", "i64"))
        value = self._expression(function, from_kind, depth - 1)
        if kind[0] == "f" and way == 1:
            same = "i32" if kind == "f32" else "i64"
            return f"({kind}.reinterpret_{same} {self._expression(function, same, depth - 1)})"
        if kind[0] == "f":
            return f"({kind}.convert_{from_kind}_{choose.choice('su')} {value})"
        if way == 1:
            same = "f32" if kind == "i32" else "f64"
            bits = self._canonical(same, self._expression(function, same, depth - 1))
            return f"({kind}.reinterpret_{same} {bits})"
        saturating = "" if choose.randrange(100) < 2 * self._trapping else "_sat"
        return f"({kind}.trunc{saturating}_{from_kind}_{choose.choice('su')} {value})"

    def _leaf(self, function: _Function, kind: str) -> str:
        choose = self._random
        parameters = [i for i, item in enumerate(function.parameters) if item == kind]
        what = choose.randrange(6)
        if kind == "i32" and choose.randrange(20) == 0:
            return "(memory.size)"
        if what == 0:
            return f"(global.get $g{kind})"
        if what <= 2 and parameters:
            return f"(local.get $p{choose.choice(parameters)})"
        if what <= 4:
            return f"(local.get ${kind}{choose.randrange(_LOCALS)})"
        return self._constant(kind)

    def _constant(self, kind: str) -> str:
        choose = self._random
        if kind[0] == "f" and choose.randrange(5) == 0:
            return f"({kind}.const {choose.choice(_SPECIAL)})"
        if choose.randrange(3) == 0:
            value: object = choose.choice(_EDGES[kind])
        elif kind[0] == "i":
            value = choose.randrange(-(1 << 31), 1 << 31) if choose.randrange(2) else choose.randrange(-9, 9)
        else:
            value = float.hex(choose.uniform(-8, 8) * 10.0 ** choose.randrange(-3, 12))
        return f"({kind}.const {value})"

    # -- memory, NaNs

    def _in_memory(self, function: _Function, room: int) -> str:
        """Return an address with so much room behind it, away from the first words."""
        small = self._expression(function, "i32", 1)
        return f"(i32.add (i32.const 16) (i32.rem_u {small} (i32.const {65536 - 16 - room})))"

    def _alignment(self, width: int) -> str:
        """Return what an access says of its alignment, which is only advice."""
        return f"align={self._random.choice((1, width))}"

    def _address(self, function: _Function, width: int) -> tuple[str, int]:
        """Return an address and an offset: mostly inside the memory, now and then at or beyond its end."""
        choose = self._random
        if choose.randrange(100) < self._trapping:
            offset = choose.choice((0, 1, 65535, 65536, 65536 - width, 0xFFFFFFFF, 0x7FFFFFFF))
            return self._expression(function, "i32", 1), offset
        if choose.randrange(4) == 0:  # exactly at the end, or one byte too far
            beyond = int(choose.randrange(100) < 2 * self._trapping)
            offset = choose.randrange(0, 60000)
            return f"(i32.const {65536 - width - offset + beyond})", offset
        offset = choose.randrange(0, 512)
        return self._in_memory(function, 512 + width), offset

    def _canonical(self, kind: str, value: str) -> str:
        """Return an expression whose NaN, if it is one, is the canonical one."""
        if kind[0] == "i":
            return value
        place = f"$x{kind}"
        return (
            f"(select ({kind}.const nan) (local.tee {place} {value})"
            f" ({kind}.ne (local.get {place}) (local.get {place})))"
        )


def _constants(kind: str) -> list[int | float]:
    if kind[0] == "i":
        return [int(value) & ((1 << int(kind[1:])) - 1) for value in _EDGES[kind]]
    texts = [str(text) for text in (*_EDGES[kind], *_SPECIAL)]
    numbers = [float.fromhex(text) if "0x" in text else float(text) for text in texts]
    return [number for number in numbers if kind == "f64" or not math.isfinite(number) or abs(number) < 2.0**128]


def _count(kind: str) -> int:
    return len(_constants(kind))


def _values() -> str:
    """Return the text of a data segment: eight bytes for each constant of each type."""
    packed = (struct.pack(_PACKED[kind], value) for kind in TYPES for value in _constants(kind))
    return "".join(f"\\{byte:02x}" for data in packed for byte in data.ljust(8, b"\0"))
