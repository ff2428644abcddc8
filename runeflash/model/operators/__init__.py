"""The operators that can be compiled, one file each: a function from the file's operator to a checked layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runeflash.model.graph import Layer
from runeflash.model.operators import (
    add,
    arg_max,
    average_pool_2d,
    cast,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    expand_dims,
    fully_connected,
    hard_swish,
    leaky_relu,
    logistic,
    max_pool_2d,
    mean,
    mul,
    pad,
    quantize,
    relu,
    relu6,
    reshape,
    resize_nearest_neighbor,
    slice_,
    softmax,
    split,
    squeeze,
    strided_slice,
    sub,
    svdf,
    tanh,
    transpose,
)
from runeflash.model.operators.context import OperatorContext

#: By the operator's name in the file format.
READERS: Mapping[str, Callable[[OperatorContext], Layer]] = {
    "ADD": add.read,
    "ARG_MAX": arg_max.read,
    "AVERAGE_POOL_2D": average_pool_2d.read,
    "CAST": cast.read,
    "CONCATENATION": concatenation.read,
    "CONV_2D": conv_2d.read,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d.read,
    "DEQUANTIZE": dequantize.read,
    "EXPAND_DIMS": expand_dims.read,
    "FULLY_CONNECTED": fully_connected.read,
    "HARD_SWISH": hard_swish.read,
    "LEAKY_RELU": leaky_relu.read,
    "LOGISTIC": logistic.read,
    "MAX_POOL_2D": max_pool_2d.read,
    "MEAN": mean.read,
    "MUL": mul.read,
    "PAD": pad.read,
    "PADV2": pad.read,
    "QUANTIZE": quantize.read,
    "RELU": relu.read,
    "RELU6": relu6.read,
    "RESHAPE": reshape.read,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor.read,
    "SLICE": slice_.read,
    "SOFTMAX": softmax.read,
    "SPLIT": split.read,
    "SQUEEZE": squeeze.read,
    "STRIDED_SLICE": strided_slice.read,
    "SUB": sub.read,
    "SVDF": svdf.read,
    "TANH": tanh.read,
    "TRANSPOSE": transpose.read,
}

__all__ = ["READERS", "OperatorContext"]
