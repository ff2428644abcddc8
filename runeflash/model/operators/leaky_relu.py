"""LEAKY_RELU: x where it is positive, elsewhere alpha * x. Input and output have one type and shape."""

from __future__ import annotations

import math

from runeflash.model.graph import Layer
from runeflash.model.operators import fixed_point, quantized, unary
from runeflash.model.operators.c_code import float_literal
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import to_float32
from runeflash.model.schema import DataType, OptionsType

_NEWEST_VERSION = 2


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, output = unary.read_tensors(context, _NEWEST_VERSION)
    options = context.optional_options(OptionsType.LEAKY_RELU)
    alpha = options.f32(0) if options is not None else 0.0
    if not math.isfinite(alpha):
        raise context.wrong(f"its alpha is {alpha}")
    if source.type is DataType.FLOAT32:
        return unary.float_layer(context, source, output, float_literal(alpha))
    before = quantized.per_tensor(context, source, "input")
    after = quantized.per_tensor(context, output, "output")
    # TensorFlow Lite Micro has these factors in doubles, LiteRT in float32: with many scales it shows.
    rounded = to_float32 if source.type is DataType.UINT8 else float
    positive = quantized.multiplier(context, rounded(before.scale / after.scale))
    negative = quantized.multiplier(context, rounded(rounded(before.scale * abs(alpha)) / after.scale))
    # Half up before the sign: measured in both runtimes.
    sign = -1 if alpha < 0 else 1
    least, greatest = quantized.STORED_RANGES[output.type]

    def result(stored: int) -> int:
        x = stored - before.zero_point
        scaled = fixed_point.requantise(x, positive) if x >= 0 else sign * fixed_point.requantise(x, negative)
        return fixed_point.clamp(after.zero_point + scaled, least, greatest)

    return unary.table_layer(context, source, output, result)
