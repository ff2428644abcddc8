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
_SUFFIXES = {DataType.INT8: "i8", DataType.UINT8: "u8", DataType.INT16: "i16"}


@dataclass(frozen=True)
class Dequantize(Layer):
    """DEQUANTIZE to float32: one exact difference and one rounded product; ``source`` is the input type's suffix."""

    count: int
    source: str
    scaling: Scaling

    operator = "DEQUANTIZE"
    headers = ("kernels/quantize.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        scale = float_literal(self.scaling.scale)
        return [f"rune_dequantize_{self.source}_f32({self.count}, {scale}, {self.scaling.zero_point}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", *_SUFFIXES)
    context.check_type(output, "output", DataType.FLOAT32)
    context.check_shape(output, "output", source.shape)
    return Dequantize(
        *context.layer_fields(source, output),
        count=source.count,
        source=_SUFFIXES[source.type],
        scaling=quantized.per_tensor(context, source, "input"),
    )
