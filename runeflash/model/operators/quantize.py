"""QUANTIZE: reals to integers, or integers of one scale to those of another. Input and output have one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.c_code import float_literal
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Multiplier, Scaling
from runeflash.model.schema import DataType

_NEWEST_VERSION = 3
_SUFFIXES = {DataType.INT8: "i8", DataType.INT16: "i16"}


@dataclass(frozen=True)
class QuantizeF32(Layer):
    """QUANTIZE from float32 to int8."""

    count: int
    scaling: Scaling

    operator = "QUANTIZE"
    headers = ("kernels/quantize.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        scale = float_literal(self.scaling.scale)
        return [f"rune_quantize_f32_i8({self.count}, {scale}, {self.scaling.zero_point}, input, output);"]


@dataclass(frozen=True)
class Requantize(Layer):
    """QUANTIZE from one integer scale to int8 of another; ``source`` is the suffix of the input's type."""

    count: int
    source: str
    input_zero_point: int
    multiplier: Multiplier
    output_zero_point: int

    operator = "QUANTIZE"
    headers = ("kernels/quantize.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        numbers = (
            self.count,
            self.input_zero_point,
            self.multiplier.fraction,
            self.multiplier.shift,
            self.output_zero_point,
        )
        return [f"rune_requantize_{self.source}_i8({', '.join(map(str, numbers))}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.INT16)
    context.check_type(output, "output", DataType.INT8)
    context.check_shape(output, "output", source.shape)
    scaling = quantized.per_tensor(context, output, "output")
    index, inputs, outputs = context.operator.index, (source.index,), (output.index,)
    if source.type is DataType.FLOAT32:
        return QuantizeF32(index, output.name, inputs, outputs, count=source.count, scaling=scaling)
    before = quantized.per_tensor(context, source, "input")
    return Requantize(
        index,
        output.name,
        inputs,
        outputs,
        count=source.count,
        source=_SUFFIXES[source.type],
        input_zero_point=before.zero_point,
        multiplier=quantized.multiplier(context, before.scale / scaling.scale),
        output_zero_point=scaling.zero_point,
    )
