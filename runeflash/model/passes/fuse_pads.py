"""Lets a convolution or a pool read the image before it was padded.

Why the result cannot change. A tap outside the image adds nothing to a convolution's sum. A tap on a padded border adds
(v - z) * w, v being the border's value and z the input's zero point: also nothing if v = z, which is what PAD of
integers puts there. Of floats it is 0 * w: that changes a sum only if w is not finite, or if the sum is -0 at that
point, which it never is unless the bias is (x + y is -0 only if both are). The greatest of a window does not change by
leaving out values that no other can be less than, as long as one is left.
The image is read at the same places; only the positions of the windows are counted from another corner.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

import numpy as np

from runeflash.model.graph import Tensor
from runeflash.model.read import FileOperator, ImagePadding, ModelFile
from runeflash.model.schema import DataType

_LEAST = {DataType.INT8: -128, DataType.UINT8: 0}
_RANK = 4


def fuse_pads(model: ModelFile) -> tuple[ModelFile, int]:
    """Return the model in which convolutions and pools pad for themselves, and how many now do.

    The padding that nothing reads any more is removed by ``remove_unused``.
    """
    tensors = model.tensors
    pads = {operator.outputs[0]: operator for operator in model.operators if operator.kind in {"PAD", "PADV2"}}
    operators = list(model.operators)
    fused = 0
    for position, operator in enumerate(operators):
        source = operator.inputs[0] if operator.inputs else None
        pad = pads.get(source) if source is not None else None
        if pad is None or operator.padding != ImagePadding():
            continue
        padding = _image_padding(pad, tensors)
        if padding is None or not _is_exact(operator, pad, padding, tensors):
            continue
        operators[position] = dataclasses.replace(
            operator, inputs=(pad.inputs[0], *operator.inputs[1:]), padding=padding
        )
        fused += 1
    return (dataclasses.replace(model, operators=tuple(operators)), fused) if fused else (model, 0)


def _image_padding(pad: FileOperator, tensors: Sequence[Tensor]) -> ImagePadding | None:
    """Return by how much an image is padded, or None where something else is."""
    if len(pad.inputs) < 2 or pad.inputs[0] is None or pad.inputs[1] is None:
        return None
    source, output, amounts = tensors[pad.inputs[0]], tensors[pad.outputs[0]], tensors[pad.inputs[1]]
    if len(source.shape) != _RANK or amounts.data is None or amounts.type not in (DataType.INT32, DataType.INT64):
        return None
    kind = "<i4" if amounts.type is DataType.INT32 else "<i8"
    values = [int(value) for value in np.frombuffer(amounts.data, kind)]
    if len(values) != 2 * _RANK or any(values[:2]) or any(values[6:]) or min(values) < 0:
        return None
    if source.quantization != output.quantization or source.type is not output.type:
        return None
    return ImagePadding((values[2], values[3]), (values[4], values[5]))


def _value(pad: FileOperator, tensors: Sequence[Tensor]) -> float | None:
    """Return what the border has: a stored value."""
    output = tensors[pad.outputs[0]]
    index = pad.inputs[2] if pad.kind == "PADV2" and len(pad.inputs) > 2 else None
    if index is not None:
        given = tensors[index]
        if given.data is None or given.type is not output.type or given.quantization != output.quantization:
            return None
        code = {DataType.FLOAT32: "<f", DataType.INT8: "<b", DataType.UINT8: "<B"}.get(given.type)
        return None if code is None or given.count != 1 else float(struct.unpack(code, given.data)[0])
    found = output.quantization
    return float(found.zero_points[0]) if found is not None and found.zero_points else 0.0


def _is_exact(operator: FileOperator, pad: FileOperator, padding: ImagePadding, tensors: Sequence[Tensor]) -> bool:
    image = tensors[pad.outputs[0]]
    value = _value(pad, tensors)
    if value is None:
        return False
    if operator.kind in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
        if image.type is DataType.FLOAT32:
            return value == 0 and _never_negative_zero(operator, tensors)
        zero_point = image.quantization.zero_points[:1] if image.quantization is not None else ()
        return image.type in _LEAST and value == (zero_point[0] if zero_point else 0)
    if operator.kind == "MAX_POOL_2D" and operator.options is not None:
        # Every window keeps a pixel of the image: it is larger than the border.
        taps = (operator.options.i32(4), operator.options.i32(3))
        inside = all(max(side) < size for side, size in zip((padding.rows, padding.columns), taps, strict=True))
        return image.type in _LEAST and value == _LEAST[image.type] and inside
    return False


def _never_negative_zero(operator: FileOperator, tensors: Sequence[Tensor]) -> bool:
    index = operator.inputs[1] if len(operator.inputs) > 1 else None
    weights = tensors[index].data if index is not None else None
    if index is None or weights is None or tensors[index].type is not DataType.FLOAT32:
        return False
    bias_index = operator.inputs[2] if len(operator.inputs) > 2 else None
    bias = None if bias_index is None else tensors[bias_index]
    if bias is not None and (bias.data is None or bias.type is not DataType.FLOAT32):
        return False
    biases = np.frombuffer(bias.data if bias is not None and bias.data is not None else b"", "<f4")
    is_negative_zero = (biases == 0) & np.signbit(biases)
    return bool(np.isfinite(np.frombuffer(weights, "<f4")).all() and not is_negative_zero.any())
