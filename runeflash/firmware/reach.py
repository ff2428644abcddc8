"""Bounds checks that come first: a pass over the C of a rune's functions that saves most of those which follow.

Where code reaches for several places near to each other (the parts of a complex number, neighbours in a table), each
access has its own check, and none of them makes the next one needless as long as the farthest comes last. This pass
puts one before the first of them, for all: ``reach(address, extent)``. What the compiler knows after it lets it leave
out the others.

It takes nothing away: every access keeps its check, so that a mistake here can never open the sandbox. And it moves a
trap only past what nobody sees. Between the new check and the accesses that it is for there is nothing but arithmetic
and other accesses: no other trap, no charge of the budget, no call, no branch. A trap ends the instance with its
memory, so the stores that would have come before it are not missed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ACCESS = re.compile(
    r"\b[if](?P<type>\d\d)_(?:load|store)(?P<bits>\d*)\w*_at\(memory, (?P<name>var_\w+), (?P<offset>\d+)u"
)
_COPY = re.compile(r"(?P<to>var_\w+) = (?P<source>var_\w+);")
_CONSTANT = re.compile(r"(?P<to>var_\w+) = (?P<value>\d+)u;")
_ADDITION = re.compile(r"(?P<to>var_\w+) (?P<sign>[+-])= (?P<operand>var_\w+);")
_ASSIGNMENT = re.compile(r"(?P<to>var_\w+) (?:[-+*/&|^]|<<|>>)?= .*;")
#: Calls of these can do nothing but give a value.
_VALUE_ONLY = {"u32", "s32", "u64", "s64", "f32", "f64", "I32_CLZ", "I32_CTZ", "I64_CLZ", "I64_CTZ", "wasm_sqrtf"}
_CALL = re.compile(r"(\w+) ?\(")
_WRAP = 1 << 32
#: How far from each other the addresses of a group are at most, so that none of them can wrap behind a valid one.
_FARTHEST = 1 << 16


@dataclass(frozen=True)
class _Value:
    """What a variable holds: a number that is added to something unknown, or to nothing (``base`` 0); modulo 2^32."""

    base: int
    addend: int


@dataclass(frozen=True)
class _Access:
    """An access: its line, its variable, what that holds, and how many bytes behind it the access ends."""

    line: int
    name: str
    value: _Value
    end: int


def with_reach(body: str) -> str:
    """Return a function's C with a check before each group of accesses that would need several.

    Args:
        body: in the terms of ``rune_aot_code.h``, a statement a line, as wasm2c writes them.
    """
    result: list[str] = []
    stretch: list[str] = []
    for line in body.split("\n"):
        if _is_plain(line.strip()):
            stretch.append(line)
        else:
            result += [*_checked(stretch), line]
            stretch = []
    return "\n".join([*result, *_checked(stretch)])


def _is_plain(statement: str) -> bool:
    """Return whether a statement is an access, or calculates a value and does nothing else."""
    if _ASSIGNMENT.fullmatch(statement) is None and _ACCESS.match(statement) is None:
        return False
    return all(name in _VALUE_ONLY for name in _CALL.findall(_ACCESS.sub("", statement)))


def _checked(stretch: list[str]) -> list[str]:
    """Return statements that are executed one after the other, with the checks that help."""
    groups: dict[int, list[_Access]] = {}
    for access in _accesses(stretch):
        groups.setdefault(access.value.base, []).append(access)
    checks: dict[int, list[str]] = {}
    for base, group in groups.items():
        check = _check(group) if base != 0 else None
        if check is not None:
            line = group[0].line
            indentation = stretch[line][: len(stretch[line]) - len(stretch[line].lstrip())]
            checks.setdefault(line, []).append(indentation + check)
    return [text for number, line in enumerate(stretch) for text in (*checks.get(number, ()), line)]


def _accesses(stretch: list[str]) -> list[_Access]:
    """Return the accesses with what is known of their addresses."""
    values: dict[str, _Value] = {}
    bases = 0

    def unknown() -> _Value:
        nonlocal bases
        bases += 1
        return _Value(bases, 0)

    def value_of(name: str) -> _Value:
        return values[name] if name in values else values.setdefault(name, unknown())

    found = []
    for number, line in enumerate(stretch):
        statement = line.strip()
        access = _ACCESS.search(statement)
        if access is not None:
            width = int(access["bits"] or access["type"]) // 8
            found.append(_Access(number, access["name"], value_of(access["name"]), int(access["offset"]) + width))
        assignment = _ASSIGNMENT.fullmatch(statement)
        if assignment is None:
            continue
        if copy := _COPY.fullmatch(statement):
            value = value_of(copy["source"])
        elif constant := _CONSTANT.fullmatch(statement):
            value = _Value(0, int(constant["value"]))
        elif addition := _ADDITION.fullmatch(statement):
            value = _sum(value_of(addition["to"]), addition["sign"], value_of(addition["operand"])) or unknown()
        else:
            value = unknown()
        values[assignment["to"]] = value
    return found


def _sum(left: _Value, sign: str, right: _Value) -> _Value | None:
    """Return the sum or difference of two values, or None where both have an unknown part."""
    if right.base == 0:
        addend = right.addend if sign == "+" else -right.addend
        return _Value(left.base, (left.addend + addend) % _WRAP)
    if left.base == 0 and sign == "+":
        return _Value(right.base, (left.addend + right.addend) % _WRAP)
    return None


def _check(group: list[_Access]) -> str | None:
    """Return the check for all accesses from one unknown address, or None where the first one's own is enough.

    It fails only where one of the accesses would: either that with the lowest address does, or its address lies in the
    memory, and then those of the others, less than ``_FARTHEST`` above it, do not wrap, so that the farthest fails.
    """
    first = group[0]
    distances = [(access.value.addend - first.value.addend + _WRAP // 2) % _WRAP - _WRAP // 2 for access in group]
    lowest = min(distances)
    extent = max(distance - lowest + access.end for distance, access in zip(distances, group, strict=True))
    if max(distances) - lowest >= _FARTHEST or extent >= _WRAP // 2 or (lowest == 0 and extent == first.end):
        return None
    return f"reach({first.name} - {-lowest}u, {extent}u);" if lowest else f"reach({first.name}, {extent}u);"
