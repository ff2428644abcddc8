"""Computes what does not depend on the model's inputs.

Why the result cannot change. An operator whose inputs are all constants gives the same in every inference, so what it
gives may stand in the file instead. It is computed here only where Python and NumPy give the operator's result by
definition, without any rounding of their own choosing: moving values around, shapes, 32-bit integers, the exact
widening of float16, and the one difference and one rounded product (IEEE 754, float32) of DEQUANTIZE. Everything else,
and all that is irregular, is left to the kernels, or to the checks that refuse it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from runeflash.errors import UserError
from runeflash.model.graph import Tensor
from runeflash.model.operators.quantized import STORED_RANGES
from runeflash.model.read import FileOperator, ModelFile
from runeflash.model.schema import DataType

Array = npt.NDArray[Any]
_TYPES = {
    DataType.FLOAT32: np.float32,
    DataType.FLOAT16: np.float16,
    DataType.INT8: np.int8,
    DataType.UINT8: np.uint8,
    DataType.INT16: np.int16,
    DataType.INT32: np.int32,
    DataType.INT64: np.int64,
}
#: Bytes of all results: folding shall not make a large program of a small file.
_MOST_BYTES = 1 << 24


def fold_constants(model: ModelFile) -> tuple[ModelFile, int]:
    """Return the model without the operators that were computed here, and how many those are."""
    tensors = list(model.tensors)
    kept: list[FileOperator] = []
    allowed = _MOST_BYTES
    for operator in model.operators:
        is_output = any(index in model.outputs for index in operator.outputs)
        result = None if is_output else _fold(operator, tensors, allowed)
        if result is None:
            kept.append(operator)
            continue
        data = memoryview(result.astype(result.dtype.newbyteorder("<")).tobytes())
        tensors[operator.outputs[0]] = dataclasses.replace(tensors[operator.outputs[0]], data=data)
        allowed -= len(data)
    folded = len(model.operators) - len(kept)
    if not folded:
        return model, 0
    return dataclasses.replace(model, tensors=tuple(tensors), operators=tuple(kept)), folded


def _fold(operator: FileOperator, tensors: Sequence[Tensor], allowed: int) -> Array | None:
    """Return the result of an operator, of so many bytes at most, or None where it is not folded."""
    rule = _RULES.get(operator.kind)
    if rule is None or len(operator.outputs) != 1 or any(index is None for index in operator.inputs):
        return None
    given = [tensors[index] for index in operator.inputs if index is not None]
    output = tensors[operator.outputs[0]]
    if not _is_regular(output) or output.data is not None or output.size > allowed:
        return None
    if operator.kind != "SHAPE" and any(not _is_regular(tensor) or tensor.data is None for tensor in given):
        return None
    try:
        result = rule(operator, given, output)
    except (UserError, ValueError, IndexError, OverflowError):
        return None  # the operator's own reader says what is wrong
    if result is None or result.shape != output.shape or result.dtype != np.dtype(_TYPES[output.type]):
        return None
    return result


def _is_regular(tensor: Tensor) -> bool:
    plain = not tensor.is_variable and not tensor.is_sparse and tensor.type in _TYPES
    return plain and all(dimension >= 1 for dimension in tensor.shape)


def _array(tensor: Tensor) -> Array:
    assert tensor.data is not None
    kind = np.dtype(_TYPES[tensor.type])
    return np.frombuffer(tensor.data, kind.newbyteorder("<")).reshape(tensor.shape).astype(kind)


def _same_scale(given: Tensor, output: Tensor) -> bool:
    return given.type is output.type and given.quantization == output.quantization


def _moved(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    """RESHAPE and its like: the declared shape is checked by the readers of those that are not folded; here it must
    have as many elements.
    """
    return _array(given[0]).reshape(output.shape) if _same_scale(given[0], output) else None


def _transpose(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    if given[1].type is not DataType.INT32 or given[0].type is not output.type:
        return None
    return np.ascontiguousarray(_array(given[0]).transpose([int(axis) for axis in _array(given[1])]))


def _shape(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    if any(dimension < 1 for dimension in given[0].shape) or output.type not in (DataType.INT32, DataType.INT64):
        return None
    return np.array(given[0].shape, _TYPES[output.type])


def _pack(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    axis = operator.options.i32(1) if operator.options is not None else 0
    if any(not _same_scale(tensor, output) for tensor in given):
        return None
    return np.stack([_array(tensor) for tensor in given], axis)


def _strided_slice(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    options = operator.options
    source = given[0]
    if options is None or not _same_scale(source, output) or len(source.shape) != 1 or len(given) != 4:
        return None
    # Only what shapes are made with: a vector, no new axis, no ellipsis.
    if options.i32(2) or options.i32(3):
        return None
    begin, end, stride = (int(_array(tensor).reshape(-1)[0]) for tensor in given[1:])
    if stride != 1 or begin < 0:
        return None
    begin = 0 if options.i32(0) & 1 else begin
    if options.i32(4) & 1:
        return _array(source)[begin].reshape(()) if begin < source.shape[0] else None
    return _array(source)[begin : source.shape[0] if options.i32(1) & 1 else end]


def _integers(function: Callable[[Array, Array], Array]) -> Callable[..., Array | None]:
    def rule(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
        if any(tensor.type is not DataType.INT32 for tensor in (*given, output)):
            return None
        if operator.options is not None and operator.options.i8(0) != 0:
            return None  # an activation
        wide = function(*(_array(tensor).astype(np.int64) for tensor in given))
        return None if (np.abs(wide) >= 1 << 31).any() else wide.astype(np.int32)

    return rule


def _dequantize(operator: FileOperator, given: Sequence[Tensor], output: Tensor) -> Array | None:
    source = given[0]
    if output.type is not DataType.FLOAT32:
        return None
    if source.type is DataType.FLOAT16:
        return _array(source).astype(np.float32)
    found = source.quantization
    if source.type not in (DataType.INT8, DataType.UINT8, DataType.INT16) or found is None or len(found.scales) != 1:
        return None
    zero_point = found.zero_points[0] if found.zero_points else 0
    least, greatest = STORED_RANGES[source.type]
    if len(found.zero_points) > 1 or not least <= zero_point <= greatest:
        return None
    if not (math.isfinite(found.scales[0]) and found.scales[0] > 0):
        return None
    difference = (_array(source).astype(np.int32) - zero_point).astype(np.float32)
    return np.asarray(difference * np.float32(found.scales[0]))


_RULES: Mapping[str, Callable[..., Array | None]] = {
    "ADD": _integers(np.add),
    "DEQUANTIZE": _dequantize,
    "EXPAND_DIMS": _moved,
    "MUL": _integers(np.multiply),
    "PACK": _pack,
    "RESHAPE": _moved,
    "SHAPE": _shape,
    "SQUEEZE": _moved,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _integers(np.subtract),
    "TRANSPOSE": _transpose,
}
