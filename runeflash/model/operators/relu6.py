"""RELU6: min(max(x, 0), 6). Input and output have one type and shape; those of integers may differ in scale."""

from __future__ import annotations

from runeflash.model.graph import Layer
from runeflash.model.operators import unary
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import Activation, DataType

_NEWEST_VERSION = 3


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Where input and output differ in scale, the stored values are converted, as LiteRT does it; TensorFlow Lite Micro
    stores the input's values unchanged, which then mean something else.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, output = unary.read_tensors(context, _NEWEST_VERSION)
    if source.type is DataType.FLOAT32:
        return unary.float_layer(context, source, output)
    return unary.activation_layer(context, source, output, Activation.RELU6)
