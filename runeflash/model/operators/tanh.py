"""TANH: the hyperbolic tangent. Input and output have one type and shape; the output's scale is a definition."""

from __future__ import annotations

import math

from runeflash.model.graph import Layer
from runeflash.model.operators import fixed_point, unary
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Scaling
from runeflash.model.schema import DataType

_NEWEST_VERSION = 3
_OUTPUTS = {DataType.INT8: Scaling(1 / 128, 0), DataType.UINT8: Scaling(1 / 128, 128)}


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, output = unary.read_tensors(context, _NEWEST_VERSION)
    if source.type is DataType.FLOAT32:
        return unary.float_layer(context, source, output)
    return unary.sigmoid_layer(context, source, output, _OUTPUTS[output.type], fixed_point.tanh, math.tanh)
