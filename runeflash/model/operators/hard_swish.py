"""HARD_SWISH: x * min(max(x + 3, 0), 6) / 6. Input and output have one type and shape."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import fixed_point, quantized, unary
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import to_float32
from runeflash.model.schema import DataType

_NEWEST_VERSION = 1
#: Bits by which the 9 bits of an input without its zero point are moved to the left, into 16.
_INPUT_BITS = 7


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    The reference computes integers in 16 bits: a factor from 0 to 1, which is x from -3 to 3, saturated, times x.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, output = unary.read_tensors(context, _NEWEST_VERSION)
    if source.type is DataType.FLOAT32:
        return unary.float_layer(context, source, output)
    before = quantized.per_tensor(context, source, "input")
    after = quantized.per_tensor(context, output, "output")
    fine_scale = to_float32(before.scale / (1 << _INPUT_BITS))
    output_fraction, output_shift = _multiplier_16(context, to_float32(fine_scale / after.scale))
    factor_fraction, factor_shift = _multiplier_16(context, to_float32(fine_scale / to_float32(3 / 32768)))
    if output_shift < 0:
        raise context.unsupported(f"the scale {after.scale} of its output, {output}, is too small for its input's")
    least, greatest = quantized.STORED_RANGES[output.type]

    def result(stored: int) -> int:
        fine = (stored - before.zero_point) << _INPUT_BITS
        factor = fine
        if factor_shift < 0:
            factor = fixed_point.shift_left_saturating(factor, -factor_shift - 1, 16)
        factor = _multiply_high_16(factor, factor_fraction)
        if factor_shift < 0:
            factor = fixed_point.shift_left_saturating(factor, 1, 16)
        factor = fixed_point.divide_by_power(factor, max(factor_shift, 0))
        factor = (factor + (1 << 15)) >> 1
        product = factor * _multiply_high_16(fine, output_fraction)
        truncated = abs(product) >> 15
        scaled = fixed_point.divide_by_power(-truncated if product < 0 else truncated, output_shift)
        return fixed_point.clamp(scaled + after.zero_point, least, greatest)

    return unary.table_layer(context, source, output, result)


def _multiplier_16(context: OperatorContext, real: float) -> tuple[int, int]:
    """Return a positive real number as a fraction of 15 bits and a shift to the right."""
    found = quantized.multiplier(context, real)
    fraction = 0x7FFF if found.fraction >= 0x7FFF0000 else (found.fraction + (1 << 15)) >> 16
    return fraction, found.shift


def _multiply_high_16(a: int, b: int) -> int:
    return (a * b + (1 << 14)) >> 15
