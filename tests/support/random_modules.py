"""Random valid WebAssembly modules: arithmetic, memory, control flow, calls and traps, and all of it ends.

A module has one page of memory, no imports, and an export ``_call`` that runs one of its functions, by the number in
the first word of memory, and puts the function's result into the next two. NaNs are made canonical wherever their bits
could be seen, as the specification leaves those open (4.3.3).
"""

from __future__ import annotations

import random
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
    "i64": (("load", 8), ("load8_s", 1), ("load16_u", 2), ("load32_s", 4), ("load32_u", 4)),
    "f32": (("load", 4),),
    "f64": (("load", 8),),
}
_STORES = {
    "i32": (("store", 4), ("store8", 1), ("store16", 2)),
    "i64": (("store", 8), ("store8", 1), ("store16", 2), ("store32", 4)),
    "f32": (("store", 4),),
    "f64": (("store", 8),),
}


@dataclass
class _Function:
    """What a function being made has."""

    parameters: tuple[str, ...]
    result: str
    loops: int = 0
    labels: list[str] = field(default_factory=list)


class ModuleMaker:
    """Makes one module.

    Args:
        seed: the same seed makes the same module.
        count: how many functions, each of which may call those before it.
        trapping: how often, of a hundred, something that may trap is made.
    """

    def __init__(self, seed: int, count: int, trapping: int = 6) -> None:
        self._random = random.Random(seed)
        self._trapping = trapping
        self._functions: list[_Function] = []
        self._count = count

    def text(self) -> str:
        """Return the module in the text form."""
        bodies = [self._function(number) for number in range(self._count)]
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

    def _statement(self, function: _Function, depth: int) -> str:
        choose = self._random
        kind = choose.choice(TYPES)
        what = choose.randrange(12 if depth > 0 else 5)
        if what <= 1:
            return f"(local.set ${kind}{choose.randrange(_LOCALS)} {self._expression(function, kind, 3)})"
        if what == 2:
            return f"(global.set $g{kind} {self._expression(function, kind, 3)})"
        if what <= 4:
            name, width = choose.choice(_STORES[kind])
            value = self._canonical(kind, self._expression(function, kind, 3))
            address, offset = self._address(function, width)
            return f"({kind}.{name} offset={offset} align=1 {address} {value})"
        if what == 5:
            length = f"(i32.and {self._expression(function, 'i32', 1)} (i32.const 1023))"
            to, source = (self._in_memory(function, 1024) for _ in range(2))
            if choose.randrange(100) < self._trapping:
                to = self._expression(function, "i32", 2)
            return choose.choice([f"(memory.copy {to} {source} {length})", f"(memory.fill {to} {source} {length})"])
        inner = " ".join(self._statement(function, depth - 1) for _ in range(choose.randrange(1, 4)))
        condition = self._expression(function, "i32", 2)
        if what <= 7:
            other = " ".join(self._statement(function, depth - 1) for _ in range(choose.randrange(2)))
            return f"(if {condition} (then {inner}) (else {other}))"
        if what <= 9:
            counter = f"$count{function.loops}"
            label = f"$loop{function.loops}"
            function.loops += 1
            return (
                f"(local.set {counter} (i32.const {choose.randrange(1, 6)}))"
                f"(loop {label} {inner} (br_if {label}"
                f" (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
            )
        if what == 10:
            return f"(block $out (br_if $out {condition}) {inner})"
        arms = " ".join(f"$b{i}" for i in range(3))
        return f"(block $b2 (block $b1 (block $b0 (br_table {arms} {condition})) {inner}) {inner})"

    # -- expressions

    def _expression(self, function: _Function, kind: str, depth: int) -> str:
        choose = self._random
        sort = kind[0]
        if depth == 0 or choose.randrange(8) == 0:
            return self._leaf(function, kind)
        what = choose.randrange(14)

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
            return f"({kind}.{name} offset={offset} align=1 {address})"
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
            return f"(i32.eqz {below()})" if other == "i32" else self._comparison(function, other, depth)
        return self._leaf(function, kind)

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
