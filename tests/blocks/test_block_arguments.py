from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.blocks.arguments import ArgumentError, convert, parse_number, split_lines
from runeflash.blocks.manifest import ArgumentType, BlockArgument


def argument(kind: str, minimum: float | None = None, maximum: float | None = None) -> BlockArgument:
    return BlockArgument("a", ArgumentType(kind), None, minimum, maximum, (), "")


@pytest.mark.parametrize(
    ("kind", "given_value", "value"),
    [
        ("f32", "360.0", 360.0),
        ("f32", "360", 360.0),
        ("f32", "-.5", -0.5),
        ("f32", 2, 2.0),
        ("f32", "0.1", struct.unpack("<f", struct.pack("<f", 0.1))[0]),
        ("i32", "-5", -5),
        ("i32", "5.0", 5),
        ("i32", "-2147483648", -(2**31)),
        ("u32", "4294967295", 2**32 - 1),
        ("u32", "1e3", 1000),
        ("bool", "true", True),
        ("bool", "False", False),
        ("bool", True, True),
        ("string", "text", "text"),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("lines", "a\nb", ("a", "b")),
    ],
)
def test_values(kind: str, given_value: str | float, value: object) -> None:
    result = convert(argument(kind), given_value)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("f32", "x", "expected a number"),
        ("f32", "", "expected a number"),
        ("f32", "nan", "expected a number"),
        ("f32", "1e39", "fits in an f32"),
        ("f32", "1" * 150, "expected a number"),
        ("f32", True, "expected a number"),
        ("i32", "1.5", "expected a whole number"),
        ("i32", "2147483648", "from -2147483648 to 2147483647"),
        ("i32", "1e30", "from -2147483648"),
        ("u32", "-1", "from 0 to 4294967295"),
        ("bool", "1", "true or false"),
        ("bool", "yes", "true or false"),
    ],
)
def test_errors(kind: str, value: str | bool, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        convert(argument(kind), value)


def test_ranges() -> None:
    assert convert(argument("f32", 0, 1), "1") == 1.0
    with pytest.raises(ArgumentError, match="a number from 0 to 1"):
        convert(argument("f32", 0, 1), "1.5")
    with pytest.raises(ArgumentError, match="of at least 1"):
        convert(argument("u32", minimum=1), "0")
    with pytest.raises(ArgumentError, match="of at most 3"):
        convert(argument("i32", maximum=3), "4")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        (" \n \n", ()),
        ("a", ("a",)),
        ("\n a \n  b\n\nc \n", ("a ", "  b", "", "c")),
        ("a\r\nb\r\n", ("a", "b")),
        ("a\x0bb\u2028c", ("a\x0bb\u2028c",)),
    ],
)
def test_lines(text: str, lines: tuple[str, ...]) -> None:
    assert split_lines(text) == lines


@given(st.text(alphabet="0123456789+-.eE x", max_size=30))
def test_numbers_are_those_that_python_reads(text: str) -> None:
    number = parse_number(text)
    if number is not None:
        assert number == float(text) if isinstance(number, float) else number == int(text)
