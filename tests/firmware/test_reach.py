"""The pass that puts one bounds check before several accesses: where it does, and that it changes no outcome."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.firmware.reach import with_reach

MEMORY = 1000


def lines(*statements: str) -> str:
    return "\n".join(f"  {statement}" for statement in statements)


LOAD = "var_i0 = i32_load_at(memory, var_i0, {}u);"


def test_the_farthest_is_checked_first() -> None:
    body = lines(
        "var_i0 = var_p0;",
        LOAD.format(0),
        "var_i0 = var_p0;",
        "var_i1 = 8u;",
        "var_i0 += var_i1;",
        "var_i0 = i32_load16_u_at(memory, var_i0, 100u);",
    )
    first, *rest = with_reach(body).split("\n")
    assert first == "  var_i0 = var_p0;"
    assert rest[0] == "  reach(var_i0, 110u);"
    assert "\n".join([first, *rest[1:]]) == body, "every access is still there"


def test_the_lowest_may_come_later() -> None:
    body = lines("f32_store_at(memory, var_l3, 0u, var_f1);", "var_i0 = 4u;", "var_l3 -= var_i0;", LOAD.format(0))
    body = body.replace("i32_load_at(memory, var_i0", "i32_load_at(memory, var_l3")
    assert with_reach(body).startswith("  reach(var_l3 - 4u, 8u);\n  f32_store_at")


@pytest.mark.parametrize(
    "between",
    [
        "tick(12u);",
        "var_L7:",
        "if (var_i1) {goto var_B2;}",
        "function_12(var_i1);",
        "var_i2 = function_12(var_i1);",
        "var_i2 = rune_aot_debug(var_i1, var_i1);",
        "var_i2 = DIV_U(var_i1, var_i1);",
        "var_i2 = I32_TRUNC_S_F32(var_f1);",
        "memory_copy(var_i1, var_i1, var_i1);",
        "rune_aot_stage = var_i1;",
        "global_0 = var_i1;",
        "UNREACHABLE;",
    ],
)
def test_nothing_is_moved_past(between: str) -> None:
    body = lines("var_i2 = i32_load_at(memory, var_p0, 0u);", between, "var_i2 = i32_load_at(memory, var_p0, 4u);")
    assert with_reach(body) == body


def test_nothing_to_gain() -> None:
    alone = lines(LOAD.format(4))
    farthest_first = lines("var_i1 = i32_load_at(memory, var_p0, 8u);", "var_i1 = i32_load_at(memory, var_p0, 4u);")
    unrelated = lines("var_i1 = i32_load_at(memory, var_p0, 0u);", "var_i1 = i32_load_at(memory, var_p1, 4u);")
    far_apart = lines("var_i1 = i32_load_at(memory, var_p0, 0u);", "var_i1 = i32_load_at(memory, var_p0, 4294967295u);")
    for body in (alone, farthest_first, unrelated, far_apart):
        assert with_reach(body) == body


# --- outcomes -------------------------------------------------------------------------------------------------

_NAMES = ("var_p0", "var_p1", "var_l2", "var_i0", "var_i1")
_name = st.sampled_from(_NAMES)
_number = st.one_of(
    st.integers(0, 20),
    st.integers(MEMORY - 20, MEMORY + 20),
    st.integers(0, 2**32 - 1),
    st.integers(2**32 - 20, 2**32 - 1),
)
_statement = st.one_of(
    st.tuples(_name, _name).map(lambda given: f"{given[0]} = {given[1]};"),
    st.tuples(_name, _number).map(lambda given: f"{given[0]} = {given[1]}u;"),
    st.tuples(_name, st.sampled_from("+-&"), _name).map(lambda given: f"{given[0]} {given[1]}= {given[2]};"),
    st.tuples(_name, st.sampled_from(["i32_load", "i32_load8_u", "i32_load16_u"]), _name, _number).map(
        lambda given: f"{given[0]} = {given[1]}_at(memory, {given[2]}, {given[3]}u);"
    ),
    st.tuples(st.sampled_from(["i32_store", "i32_store8", "i64_store"]), _name, _number, _name).map(
        lambda given: f"{given[0]}_at(memory, {given[1]}, {given[2]}u, {given[3]});"
    ),
    st.just("tick(1u);"),
)


def outcome(body: str, given_values: dict[str, int]) -> tuple[bool, int, dict[str, int]]:
    """Execute statements: whether an access has trapped, the ticks before it, and the variables if none has."""
    values, ticks = dict(given_values), 0
    for line in body.split("\n"):
        statement = line.strip()
        if statement.startswith("tick"):
            ticks += 1
        elif reach := re.fullmatch(r"reach\((\w+)(?: - (\d+)u)?, (\d+)u\);", statement):
            if (values[reach[1]] - int(reach[2] or 0)) % 2**32 + int(reach[3]) > MEMORY:
                return True, ticks, {}
        elif access := re.search(r"(\d\d)_(?:load|store)(\d*)\w*_at\(memory, (\w+), (\d+)u", statement):
            address = values[access[3]] + int(access[4])
            if address + int(access[2] or access[1]) // 8 > MEMORY:
                return True, ticks, {}
            if " = " in statement:
                values[statement.split(" ")[0]] = address * 7 % 256  # any value that depends on where it was
        else:
            to, operator, source = statement.removesuffix(";").split(" ")
            number = int(source.removesuffix("u")) if source[0].isdigit() else values[source]
            old = values[to]
            new = {"=": number, "+=": old + number, "-=": old - number, "&=": old & number}[operator]
            values[to] = new % 2**32
    return False, ticks, values


@given(st.lists(_statement, min_size=2, max_size=20), st.lists(_number, min_size=len(_NAMES), max_size=len(_NAMES)))
def test_no_outcome_changes(statements: list[str], numbers: list[int]) -> None:
    body = lines(*statements)
    given_values = dict(zip(_NAMES, numbers, strict=True))
    assert outcome(with_reach(body), given_values) == outcome(body, given_values)


@given(st.integers(0, MEMORY), st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 12)), min_size=2, max_size=6))
def test_no_outcome_changes_at_the_edges(start: int, places: list[tuple[int, int]]) -> None:
    statements = []
    for distance, offset in places:
        statements += ["var_i0 = var_p0;", f"var_i1 = {distance % 2**32}u;", "var_i0 += var_i1;", LOAD.format(offset)]
    body = lines(*statements)
    for begin in (start, MEMORY - start % 40, start % 40, -(start % 40) % 2**32):
        given_values = dict.fromkeys(_NAMES, begin)
        assert outcome(with_reach(body), given_values) == outcome(body, given_values)
