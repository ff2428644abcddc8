"""DEQUANTIZE: integers to reals. Input and output have one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.c_code import float_literal
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Scaling
from runeflash.model.schema import DataType

_NEWEST_VERSION = 6


@dataclass(frozen=True)
class DequantizeI8(Layer):
    """DEQUANTIZE from int8 to float32: one exact difference and one rounded product."""

    count: int
    scaling: Scaling

    operator = "DEQUANTIZE"
    headers = ("kernels/quantize.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        scale = float_literal(self.scaling.scale)
        return [f"rune_dequantize_i8_f32({self.count}, {scale}, {self.scaling.zero_point}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", DataType.INT8)
    context.check_type(output, "output", DataType.FLOAT32)
    context.check_shape(output, "output", source.shape)
    return DequantizeI8(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        count=source.count,
        scaling=quantized.per_tensor(context, source, "input"),
    )
