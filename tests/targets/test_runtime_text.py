"""Numbers, text and lines as the C runtime writes them."""

from __future__ import annotations

import ctypes
import json
import random
import struct
import zlib
from decimal import Decimal
from fractions import Fraction

import pytest
import runtime_build
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_library import STATUS, Capability, CapabilityParameter, FakeBoard, Library, Parameter

numpy = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def runtime() -> Library:
    return Library(runtime_build.library(engine=False))


def print_f32(runtime: Library, bits: int) -> str:
    text = ctypes.create_string_buffer(28)
    length = runtime.c.rune_float_print(bits, text)
    return text.raw[:length].decode()


def print_f64(runtime: Library, bits: int) -> str:
    text = ctypes.create_string_buffer(28)
    length = runtime.c.rune_double_print(bits, text)
    return text.raw[:length].decode()


def pretty(shortest: str, smallest: int, largest: int) -> str:
    """Return a decimal in the form of JSON writers: plain for 10^(n-1) <= x < 10^n, smallest < n <= largest."""
    sign, digits, exponent = Decimal(shortest).as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    stripped = figures.rstrip("0") or "0"
    assert isinstance(exponent, int)
    exponent = exponent + len(figures) - len(stripped) if figures else 0
    point = len(stripped) + exponent
    if not smallest < point <= largest:
        fraction = f".{stripped[1:]}" if len(stripped) > 1 else ""
        text = f"{stripped[0]}{fraction}e{point - 1}"
    elif exponent >= 0:
        text = stripped + "0" * exponent + ".0"
    elif point > 0:
        text = f"{stripped[:point]}.{stripped[point:]}"
    else:
        text = "0." + "0" * -point + stripped
    return "-" * sign + text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.6972786, "0.6972786"),
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (1e20, "1e20"),
        (1e12, "1000000000000.0"),
        (1e13, "1e13"),
        (-12.5, "-12.5"),
        (3.4028235e38, "3.4028235e38"),
        (1e-45, "1e-45"),
        (16777216.0, "16777216.0"),
    ],
)
def test_f32_examples(runtime: Library, value: float, text: str) -> None:
    assert print_f32(runtime, struct.unpack("<I", struct.pack("<f", value))[0]) == text


def test_f32_against_numpy(runtime: Library) -> None:
    edges = [exponent << 23 | fraction for exponent in range(255) for fraction in (0, 1, 0x400000, 0x7FFFFF)]
    generator = random.Random(1)
    patterns = edges + list(range(300)) + [generator.getrandbits(32) for _ in range(20_000)]
    for bits in patterns:
        value = numpy.uint32(bits).view(numpy.float32)
        if numpy.isfinite(value):
            expected = pretty(numpy.format_float_scientific(value, unique=True, trim="-"), -6, 13)
            assert print_f32(runtime, bits) == expected, hex(bits)
        else:
            assert print_f32(runtime, bits) == ""


def fraction_of(bits: int) -> Fraction:
    return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 0x7F7FFFFE))
def test_f32_is_shortest_and_closest(runtime: Library, bits: int) -> None:
    """From the rule itself, with exact fractions: no shorter decimal lies between the halves to the neighbours."""
    text = print_f32(runtime, bits)
    exact, printed = fraction_of(bits), Fraction(Decimal(text))
    low, high = (exact + fraction_of(bits - 1)) / 2, (exact + fraction_of(bits + 1)) / 2

    def reads_back(decimal: Fraction) -> bool:
        return low < decimal < high or (bits % 2 == 0 and decimal in {low, high})

    assert reads_back(printed)
    figures = Decimal(text).normalize()
    unit = Fraction(10) ** int(figures.as_tuple().exponent)
    for other in (printed - unit, printed + unit):
        assert not reads_back(other) or abs(other - exact) >= abs(printed - exact)
    if len(figures.as_tuple().digits) > 1:
        coarse = unit * 10
        assert not reads_back(exact // coarse * coarse)
        assert not reads_back((exact // coarse + 1) * coarse)


@settings(max_examples=500, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_f64_against_repr(runtime: Library, value: float) -> None:
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    assert print_f64(runtime, bits) == pretty(repr(value), -5, 16)


def test_f64_edges(runtime: Library) -> None:
    for exponent in range(2047):
        for fraction in (0, 1, (1 << 52) - 1):
            bits = exponent << 52 | fraction
            value = struct.unpack("<d", struct.pack("<Q", bits))[0]
            assert print_f64(runtime, bits) == pretty(repr(value), -5, 16)
    assert print_f64(runtime, 0x7FF << 52) == ""


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=700), st.integers(0, 700))
def test_crc32(runtime: Library, content: bytes, cut: int) -> None:
    first = runtime.c.rune_crc32(0, content[:cut], len(content[:cut]))
    assert runtime.c.rune_crc32(first, content[cut:], len(content[cut:])) == zlib.crc32(content)


def test_crc32_check_value(runtime: Library) -> None:
    assert runtime.c.rune_crc32(0, b"123456789", 9) == 0xCBF43926


def log_line(runtime: Library, message: bytes) -> str:
    board = FakeBoard()
    runtime.c.rune_line_start(ctypes.byref(board.c))
    runtime.c.rune_line_log(2, message, len(message))
    assert board.sent.count(b"\n") == 1
    (line,) = board.of_kind("log")
    assert line["level"] == "info"
    return str(line["message"])


# Bytes of which many are near to being UTF-8.
_PIECES = st.one_of(
    st.text(max_size=4).map(lambda text: text.encode("utf-8")),
    st.binary(max_size=4),
    st.sampled_from(
        [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff", b'"\\\x00']
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=60).map(b"".join))
def test_text_is_escaped_and_repaired(runtime: Library, text: bytes) -> None:
    """Any bytes become one line of JSON that holds what Python makes of the bytes: one U+FFFD per damaged piece."""
    assert log_line(runtime, text) == text.decode("utf-8", "replace")
    valid = text.decode("utf-8", "replace").encode() == text
    assert runtime.c.rune_utf8_valid(text, len(text)) == valid


def test_escapes_are_those_of_json_writers(runtime: Library) -> None:
    board = FakeBoard()
    runtime.c.rune_line_start(ctypes.byref(board.c))
    text = bytes(range(32)) + b'"\\/\x7f'
    runtime.c.rune_line_log(1, text, len(text))
    expected = json.dumps(
        {"runeflash": "log", "level": "warning", "message": text.decode()}, separators=(",", ":"), ensure_ascii=False
    )
    assert bytes(board.sent).decode() == expected + "\n"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_integers(runtime: Library, value: int) -> None:
    text = ctypes.create_string_buffer(28)
    runtime.c.rune_unsigned_print.argtypes = (ctypes.c_uint64, ctypes.c_char_p)
    length = runtime.c.rune_unsigned_print(value, text)
    assert text.raw[:length].decode() == str(value)


def test_status_names_are_those_of_the_wire(runtime: Library) -> None:
    names = [runtime.c.rune_status_name(number).decode() for number in range(len(STATUS))]
    assert tuple(names) == STATUS
    assert runtime.c.rune_status_name(len(STATUS)) == b"unknown"
    assert runtime.c.rune_status_name(-1) == b"unknown"


def test_need_line(runtime: Library) -> None:
    board = FakeBoard()
    runtime.c.rune_line_start(ctypes.byref(board.c))
    capability = Capability(0, 4, 2, 3)
    capability.parameters[0] = CapabilityParameter(b"width", Parameter(False, -96, 0))
    capability.parameters[1] = CapabilityParameter(b"gain", Parameter(True, 0, 0.5))
    capability.parameters[2] = CapabilityParameter(b'"\xff', Parameter(True, 0, float("nan")))
    runtime.c.rune_line_need(ctypes.byref(capability), 7, 2**32 - 1, 3, 4)
    assert bytes(board.sent).decode() == (
        '{"runeflash":"need","request":7,"kind":"IMAGE","source":2,"bytes":4294967295,"next":3,"window":4,'
        '"parameters":{"width":-96,"gain":0.5,"\\"\ufffd":null}}\n'
    )


def test_library_has_its_sanitizer() -> None:
    """The tests of this folder mean less if it was not linked in."""
    assert b"__ubsan_handle" in runtime_build.library(engine=False).read_bytes()


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["u8", "f32", "utf8", "i64", "bool", ""]),
    st.lists(st.integers(0, 2**33), max_size=10),
    st.sampled_from([", ", ",", " ,", ";"]),
)
def test_tensor_types(runtime: Library, element: str, dimensions: list[int], comma: str) -> None:
    text = (element + (f"[{comma.join(map(str, dimensions))}]" if dimensions else "")).encode()
    read = (ctypes.c_uint32 * 12)()
    product = 1
    fits = len(dimensions) <= 8 and all(dimension < 2**31 for dimension in dimensions)
    for dimension in dimensions:
        product *= dimension
        fits = fits and product < 2**31
    valid = element in {"u8", "f32", "utf8", "i64"} and (comma in {", ", ","} or len(dimensions) < 2) and fits
    assert runtime.c.rune_tensor_type_read(text, len(text), read) == valid
    if valid:
        assert read[1] == len(dimensions)
        assert list(read[2 : 2 + len(dimensions)]) == dimensions
        assert read[10] == product
