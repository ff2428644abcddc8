"""The kernels' integer arithmetic at compile time, for tables that hold what a kernel would compute.

A fixed-point number "Qn" has n bits before the point, besides the sign, and 31 - n behind it. Source: gemmlowp's
definitions of exp, logistic and tanh ("fixedpoint.h"), which the reference kernels of both runtimes use.
"""

from __future__ import annotations

from runeflash.model.operators.quantized import Multiplier

_INT32_GREATEST = (1 << 31) - 1
_ONE_Q2 = 1 << 29
#: exp(-1/8), a third, and exp(-2^i) for i from -2 on, all Q0.
_EXP_OF_MINUS_EIGHTH = 1895147668
_THIRD = 715827883
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def multiply_high(a: int, b: int) -> int:
    """Return a * b / 2^31, rounded half up."""
    return (a * b + (1 << 30)) >> 31


def divide_by_power(x: int, shift: int) -> int:
    """Return x / 2^shift, rounded half away from zero."""
    half = (1 << shift) >> 1
    return (x + half) >> shift if x >= 0 else -((-x + half) >> shift)


def requantise(x: int, multiplier: Multiplier) -> int:
    """Return an integer of 32 bits times a real number, rounded twice."""
    left, right = max(-multiplier.shift, 0), max(multiplier.shift, 0)
    shifted = ((x << left) + (1 << 31)) % (1 << 32) - (1 << 31)
    return divide_by_power(multiply_high(shifted, multiplier.fraction), right)


def clamp(x: int, least: int, greatest: int) -> int:
    """Return x, moved into a range."""
    return min(max(x, least), greatest)


def shift_left_saturating(x: int, bits: int, width: int = 32) -> int:
    """Return x * 2^bits, kept within a signed integer of ``width`` bits."""
    greatest = (1 << (width - 1)) - 1
    return clamp(x << bits, -greatest - 1, greatest)


def logistic(x: int) -> int:
    """Return 1 / (1 + exp(-x)), Q0, for x, Q4."""
    if x == 0:
        return 1 << 30
    positive = _reciprocal_of_one_plus(_exp(-abs(x), 4))
    return positive if x > 0 else _INT32_GREATEST - positive


def tanh(x: int) -> int:
    """Return the hyperbolic tangent, Q0, for x, Q4."""
    if x == 0:
        return 0
    # exp(-2|x|): twice a Q4 number is a Q5 number with the same bits.
    magnitude = shift_left_saturating(_newton(_exp(-abs(x), 5)) - _ONE_Q2, 2)
    return magnitude if x > 0 else -magnitude


def _exp(a: int, integer_bits: int) -> int:
    """Return exp(a), Q0, for a <= 0: the fraction of a quarter by a series, the rest by a product of known powers."""
    if a == 0:
        return _INT32_GREATEST
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    fraction = (a & (quarter - 1)) - quarter
    rest = fraction - a
    result = _exp_quarter(shift_left_saturating(fraction, integer_bits))
    for i, power in enumerate(_EXP_OF_POWERS[: integer_bits + 2]):
        if rest & (quarter << i):
            result = multiply_high(result, power)
    return result


def _exp_quarter(a: int) -> int:
    """Return exp(a), Q0, for -1/4 <= a < 0, Q0: four terms of the series around -1/8."""
    x = a + (1 << 28)
    x2 = multiply_high(x, x)
    x3 = multiply_high(x2, x)
    quarter = divide_by_power(multiply_high(x2, x2), 2)
    tail = divide_by_power(multiply_high(quarter + x3, _THIRD) + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + multiply_high(_EXP_OF_MINUS_EIGHTH, x + tail)


def _newton(a: int) -> int:
    """Return 2 / (1 + a), Q2, for 0 <= a < 1, Q0: three steps of Newton's method."""
    half_denominator = (a + _INT32_GREATEST + 1) // 2
    x = 1515870810 + multiply_high(half_denominator, -1010580540)  # Q2: 48/17 - 32/17 * half
    for _ in range(3):
        error = _ONE_Q2 - multiply_high(half_denominator, x)
        x += shift_left_saturating(multiply_high(x, error), 2)
    return x


def _reciprocal_of_one_plus(a: int) -> int:
    """Return 1 / (1 + a), Q0, for 0 <= a < 1, Q0."""
    return shift_left_saturating(_newton(a), 1)
