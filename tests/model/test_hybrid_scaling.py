"""How hybrid kernels quantise a batch of floats, against TensorFlow Lite's arithmetic, in double where that has it."""

from __future__ import annotations

import ctypes
import math
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given
from native_models import shared_library

SOURCE = """
#include "kernels/hybrid.h"

void quantise(int32_t asymmetric, const float *input, int32_t count, int8_t *output, float *scale, int32_t *zero);
void quantise(int32_t asymmetric, const float *input, int32_t count, int8_t *output, float *scale, int32_t *zero)
{
    const rune_hybrid_form form = asymmetric ? RUNE_HYBRID_ASYMMETRIC : RUNE_HYBRID_SYMMETRIC;
    const rune_scaling scaling = rune_quantise_batch(form, input, count, output);
    *scale = scaling.scale;
    *zero = scaling.zero_point;
}
"""
Quantised = tuple[float, int, list[int]]
f32 = np.float32


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    return shared_library({"quantise.c": SOURCE})


def quantise(library: ctypes.CDLL, asymmetric: bool, values: np.ndarray) -> Quantised:
    output = np.zeros(len(values), np.int8)
    scale, zero = ctypes.c_float(), ctypes.c_int32()
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (values, output))
    source, target = pointers
    library.quantise(int(asymmetric), source, len(values), target, ctypes.byref(scale), ctypes.byref(zero))
    return scale.value, zero.value, output.tolist()


def round_away(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def symmetric(values: np.ndarray) -> Quantised:
    limit = f32(np.abs(values).max())
    if limit == 0:
        return 1.0, 0, [0] * len(values)
    inverse = f32(127) / limit
    return float(limit / f32(127)), 0, [max(-127, min(127, round_away(float(v * inverse)))) for v in values]


def asymmetric(values: np.ndarray) -> Quantised:
    least, greatest = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if least == greatest:
        return 1.0, 0, [0] * len(values)
    scale = (greatest - least) / 255.0
    from_least, from_greatest = -128 - least / scale, 127 - greatest / scale
    nearer = 128 + abs(least / scale) < 127 + abs(greatest / scale)
    zero_point = max(-128, min(127, round_away(from_least if nearer else from_greatest)))
    inverse = f32(1) / f32(scale)
    moved = [f32(zero_point) + v * inverse for v in values]
    return float(f32(scale)), zero_point, [max(-128, min(127, round_away(float(v)))) for v in moved]


def is_exact_half(values: np.ndarray) -> bool:
    """Whether the zero point lies exactly between two integers, so that the errors of doubles decide."""
    below, above = Fraction(float(max(0, -values.min()))), Fraction(float(max(0, values.max())))
    return below + above > 0 and (below * 510 / (below + above)) % 2 == 1


FLOATS = st.floats(-1e6, 1e6, width=32).map(lambda x: 0.0 if abs(x) < 1e-20 else x)


@given(st.lists(FLOATS, min_size=1, max_size=20))
@example([0.0, -0.0])
@example([1.0])
@example([-3.5, -3.5])
def test_any_numbers(library: ctypes.CDLL, numbers: list[float]) -> None:
    values = np.array(numbers, f32)
    assert quantise(library, False, values) == symmetric(values)
    if not is_exact_half(values):
        assert quantise(library, True, values) == asymmetric(values)


@pytest.mark.parametrize("limit", [1.0, 2.0, 0.5, 10.0, 9.81, 100.0])
def test_a_range_to_both_sides_alike(library: ctypes.CDLL, limit: float) -> None:
    values = np.array([limit, -limit, limit / 3], f32)
    assert quantise(library, True, values) == asymmetric(values)


def test_many_ranges(library: ctypes.CDLL) -> None:
    # Most of them so that the zero point is all but halfway between two integers.
    generator = np.random.default_rng(12)
    for _ in range(6_000):
        above = f32(2.0 ** generator.uniform(-10, 10))
        half = int(generator.integers(0, 255)) + 0.5
        below = f32(float(above) * half / (255 - half)) * f32(1 + int(generator.integers(-3, 4)) * 2.0**-23)
        values = np.array([above, -below, above / 3], f32)
        if not is_exact_half(values):
            assert quantise(library, True, values) == asymmetric(values), values


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 1e-45, 3.4e38])
def test_special_numbers_give_something(library: ctypes.CDLL, special: float) -> None:
    for is_asymmetric in (False, True):
        _, zero_point, values = quantise(library, is_asymmetric, np.array([special, 1.0, -special], f32))
        assert -128 <= zero_point <= 127
        assert all(-128 <= value <= 127 for value in values)
