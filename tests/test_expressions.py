from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.expressions import ExpressionError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("244*244*3", 178608),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("1 << 10", 1024),
        ("1 << 2 + 3", 32),
        ("-1024 >> 3", -128),
        ("0x10 + 1_000", 1016),
        ("--3", 3),
        ("1.5 * 2", 3.0),
        ("7.5 % 2", 1.5),
        ("1e3", 1000.0),
        ("-(2 - 5)", 3),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775807 - 1", -(2**63)),
    ],
)
def test_arithmetic(text: str, value: float) -> None:
    result = parse(text).evaluate()
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("1 +", "missing"),
        ("1 2", 'unexpected "2"'),
        ("(1", r'a "\)" is missing'),
        (")", "unexpected"),
        ("x", 'unknown name "x"'),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("1.0 / 0", "division by zero"),
        ("9223372036854775808", "overflow"),
        ("9223372036854775807 + 1", "overflow"),
        ("4611686018427387904 * 2", "overflow"),
        ("1 << 63", "overflow"),
        ("1 << 64", "overflow"),
        ("1 << -1", "overflow"),
        ("1.5 << 1", "only integers"),
        ("1e999", "overflow"),
        ("1e300 * 1e300", "overflow"),
        ("1 == 1", "unexpected"),
        ("2 ** 3", "unexpected"),
        ("__import__('os')", "unexpected|unknown"),
        ("f(1)", "unknown name"),
        ("1;2", "unexpected"),
        ("(" * 30 + "1" + ")" * 30, "nested"),
        ("-" * 100 + "1", "nested"),
        ("1" + "+1" * 100, "chain"),
        ("1" * 501, "at most 500"),
        ("1" * 200, "at most 100 digits"),
        ("1e5_0", "unexpected"),
        ("0x_", "no number"),
    ],
)
def test_errors_say_why(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        parse(text).evaluate()


def test_names_and_logic() -> None:
    condition = parse("count <= n and not (count == 0 or n > 9)", names=frozenset({"count", "n", "other"}), logic=True)
    assert condition.names == {"count", "n"}
    assert condition.evaluate({"count": 3, "n": 5})
    assert not condition.evaluate({"count": 6, "n": 5})
    assert not condition.evaluate({"count": 3, "n": 10})


def test_and_and_or_do_not_evaluate_what_does_not_matter() -> None:
    names = frozenset({"n"})
    assert not parse("n != 0 and 10 / n > 1", names=names, logic=True).evaluate({"n": 0})
    assert parse("n == 0 or 10 / n > 1", names=names, logic=True).evaluate({"n": 0})


integers = st.integers(-(2**40), 2**40)


@given(integers, integers, integers)
def test_agrees_with_exact_arithmetic(a: int, b: int, c: int) -> None:
    values = {"a": a, "b": b, "c": c}
    names = frozenset(values)
    expected = a + b * 3 - c
    assert parse("a + b * 3 - c", names=names).evaluate(values) == expected
    if b:
        sign = 1 if (a < 0) == (b < 0) else -1
        assert parse("a / b", names=names).evaluate(values) == sign * (abs(a) // abs(b))
        assert parse("(a / b) * b + a % b", names=names).evaluate(values) == a


@given(st.text(alphabet="0123456789+-*/%()<>=. xnea_", max_size=80))
def test_any_text_gives_a_number_or_an_error(text: str) -> None:
    try:
        value = parse(text, names=frozenset({"n"}), logic=True).evaluate({"n": 3})
    except ExpressionError:
        return
    assert math.isfinite(value)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("2", 2), ("480", 512), ("512 + 1", 1024), ("1 << 62", 1 << 62)])
def test_powers_of_two(text: str, value: int) -> None:
    assert (
        parse(
            f"3 * power_of_two({text}) / 3 + 0" if value < 1 << 60 else f"power_of_two({text})", logic=True
        ).evaluate()
        == value
    )


@pytest.mark.parametrize(
    "text", ["power_of_two(0)", "power_of_two(-1)", "power_of_two(2.5)", "power_of_two((1 << 62) + 1)"]
)
def test_numbers_without_a_power_of_two(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"power_of_two|overflow"):
        parse(text, logic=True).evaluate()


def test_functions_are_for_manifests_alone() -> None:
    with pytest.raises(ExpressionError, match='unknown name "power_of_two"'):
        parse("power_of_two(3)")
    with pytest.raises(ExpressionError, match='unknown name "power_of_two"'):
        parse("power_of_two + 3", logic=True)
