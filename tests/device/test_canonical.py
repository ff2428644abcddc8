"""Canonical lines: the reference's 0.11.3 form."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.device.canonical import canonical_line, format_f64
from runeflash.device.lines import Output


def line(type_name: str, elements: list[object]) -> str:
    return canonical_line(
        Output({"type_name": type_name, "channel": 2, "elements": elements, "dimensions": [len(elements)]})
    )


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert line("utf8", ["Ring"]) == '{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}'


def test_f32_is_widened() -> None:
    assert line("f32", [0.6972786, 1.0, None]) == (
        '{"channel":2,"dimensions":[3],"elements":[0.697278618812561,1.0,null],"type_name":"f32"}'
    )


def test_text_is_not_escaped_more_than_needed() -> None:
    assert '"elements":["Jürgen \\"x\\" \\n"]' in line("utf8", ['Jürgen "x" \n'])


def test_integers_stay_whole() -> None:
    assert '"elements":[18446744073709551615,0]' in line("u64", [2**64 - 1, 0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (1e-7, "1e-7"),
        (1e-5, "0.00001"),
        (1.5e-6, "1.5e-6"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1.5e20, "1.5e20"),
        (123456789.125, "123456789.125"),
        (-0.001, "-0.001"),
        (5e-324, "5e-324"),
        (float("inf"), "null"),
    ],
)
def test_the_layout_of_numbers(value: float, text: str) -> None:
    assert format_f64(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(value: float) -> None:
    assert float(format_f64(value)) == value
    json.loads(format_f64(value))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_f32_survives_its_shortest_decimal(value: float) -> None:
    # any decimal of at most 9 digits that reads back to the f32 must end as the same f32
    shortest = next(
        text
        for digits in range(1, 10)
        if struct.unpack("f", struct.pack("f", float(text := f"{value:.{digits}g}")))[0] == value
    )
    assert f'"elements":[{format_f64(value)}]' in line("f32", [float(shortest)])
