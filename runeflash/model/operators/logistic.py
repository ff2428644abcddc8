"""LOGISTIC: 1 / (1 + exp(-x)). Input and output have one type and shape; the output's scale is a definition."""

from __future__ import annotations

import math

from runeflash.model.graph import Layer
from runeflash.model.operators import fixed_point, unary
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Scaling
from runeflash.model.schema import DataType

_NEWEST_VERSION = 3
_OUTPUTS = {DataType.INT8: Scaling(1 / 256, -128), DataType.UINT8: Scaling(1 / 256, 0)}


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, output = unary.read_tensors(context, _NEWEST_VERSION)
    if source.type is DataType.FLOAT32:
        return unary.float_layer(context, source, output)
    return unary.sigmoid_layer(context, source, output, _OUTPUTS[output.type], fixed_point.logistic, _logistic)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -80 else 0.0
