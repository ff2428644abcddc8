"""Lets a layer end with the activation that follows it.

Why the result cannot change. RELU and its like move a value into limits. Of integers with one scale and zero point on
both sides these are the limits that the same activation has as the end of the operator before, and the requantisation
by the factor 1 that comes with it is the identity; an operator without an activation of its own ends by moving its
result into the limits of the type, and moving it into narrower ones at once is the same. Of floats both compute the
same function of the same number. The value in between must be needed by nobody else.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

from runeflash.model.read import FileOperator, ModelFile
from runeflash.model.schema import Activation, DataType

_ACTIVATIONS = {
    "RELU": Activation.RELU,
    "RELU6": Activation.RELU6,
    "RELU_N1_TO_1": Activation.RELU_N1_TO_1,
}
#: The option that says with which activation an operator ends.
_FIELDS = {
    "ADD": 0,
    "AVERAGE_POOL_2D": 5,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 4,
    "FULLY_CONNECTED": 0,
    "MAX_POOL_2D": 5,
    "MUL": 0,
    "SUB": 0,
}
_TYPES = (DataType.FLOAT32, DataType.INT8, DataType.UINT8)


def fuse_activations(model: ModelFile) -> tuple[ModelFile, int]:
    """Return the model with fewer stand-alone activations, and how many fewer."""
    uses = Counter(index for operator in model.operators for index in operator.inputs if index is not None)
    uses.update(model.outputs)
    operators: list[FileOperator] = []
    written: dict[int, int] = {}  # tensor to position among the operators
    fused = 0
    for operator in model.operators:
        source = operator.inputs[0] if len(operator.inputs) == 1 else None
        position = written.get(source) if source is not None and uses[source] == 1 else None
        before = operators[position] if position is not None else None
        if before is not None and position is not None and _can_end_with(before, operator, model):
            operators[position] = dataclasses.replace(
                before, outputs=operator.outputs, activation=_ACTIVATIONS[operator.kind]
            )
            written[operator.outputs[0]] = position
            fused += 1
            continue
        written.update(dict.fromkeys(operator.outputs, len(operators)))
        operators.append(operator)
    return (dataclasses.replace(model, operators=tuple(operators)), fused) if fused else (model, 0)


def _can_end_with(before: FileOperator, operator: FileOperator, model: ModelFile) -> bool:
    if operator.kind not in _ACTIVATIONS or before.kind not in _FIELDS or len(before.outputs) != 1:
        return False
    if before.options is None or before.activation is not None or before.options.i8(_FIELDS[before.kind]) != 0:
        return False
    source, output = model.tensors[before.outputs[0]], model.tensors[operator.outputs[0]]
    same = source.quantization == output.quantization and source.shape == output.shape
    return source.type in _TYPES and source.type is output.type and same
