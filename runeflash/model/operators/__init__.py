"""The operators that can be compiled, one file each: a function from the file's operator to a checked layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runeflash.model.graph import Layer
from runeflash.model.operators import (
    add,
    average_pool_2d,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    fully_connected,
    hard_swish,
    leaky_relu,
    logistic,
    max_pool_2d,
    mul,
    quantize,
    relu,
    relu6,
    reshape,
    softmax,
    sub,
    tanh,
)
from runeflash.model.operators.context import OperatorContext

#: By the operator's name in the file format.
READERS: Mapping[str, Callable[[OperatorContext], Layer]] = {
    "ADD": add.read,
    "AVERAGE_POOL_2D": average_pool_2d.read,
    "CONV_2D": conv_2d.read,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d.read,
    "DEQUANTIZE": dequantize.read,
    "FULLY_CONNECTED": fully_connected.read,
    "HARD_SWISH": hard_swish.read,
    "LEAKY_RELU": leaky_relu.read,
    "LOGISTIC": logistic.read,
    "MAX_POOL_2D": max_pool_2d.read,
    "MUL": mul.read,
    "QUANTIZE": quantize.read,
    "RELU": relu.read,
    "RELU6": relu6.read,
    "RESHAPE": reshape.read,
    "SOFTMAX": softmax.read,
    "SUB": sub.read,
    "TANH": tanh.read,
}

__all__ = ["READERS", "OperatorContext"]
