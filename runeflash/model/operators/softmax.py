"""SOFTMAX over the last dimension. Input and output have one shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators.c_code import float_literal
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType, OptionsType

_NEWEST_VERSION = 3


@dataclass(frozen=True)
class SoftmaxF32(Layer):
    """SOFTMAX of float32, row by row."""

    rows: int
    depth: int
    beta: float

    operator = "SOFTMAX"
    headers = ("kernels/softmax_f32.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [f"rune_softmax_f32({self.rows}, {self.depth}, {float_literal(self.beta)}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    for tensor, role in ((source, "input"), (output, "output")):
        context.check_type(tensor, role, DataType.FLOAT32)
    if not source.shape:
        raise context.wrong(f"its input, {source}, has no dimensions")
    context.check_shape(output, "output", source.shape)
    beta = context.options(OptionsType.SOFTMAX).f32(0)
    if not math.isfinite(beta):
        raise context.wrong(f"its beta is {beta}")
    return SoftmaxF32(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        rows=source.count // source.shape[-1],
        depth=source.shape[-1],
        beta=beta,
    )
