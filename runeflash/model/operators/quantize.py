"""QUANTIZE: reals to integers, or integers of one scale to those of another. Input and output have one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import fixed_point, quantized, unary
from runeflash.model.operators.c_code import float_literal
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import STORED_RANGES, Multiplier, Scaling
from runeflash.model.schema import DataType

_NEWEST_VERSION = 3
_SUFFIXES = {DataType.INT8: "i8", DataType.UINT8: "u8", DataType.INT16: "i16", DataType.INT32: "i32"}
#: What each type of input may become: what the runtimes have, and nothing in which 16 bits become 8 without a sign.
_OUTPUTS = {
    DataType.FLOAT32: (DataType.INT8, DataType.UINT8, DataType.INT16),
    DataType.INT8: (DataType.INT8, DataType.UINT8, DataType.INT16, DataType.INT32),
    DataType.UINT8: (DataType.INT8, DataType.UINT8, DataType.INT16),
    DataType.INT16: (DataType.INT8, DataType.INT16, DataType.INT32),
    DataType.INT32: (DataType.INT8, DataType.INT16),
}
_BYTES = (DataType.INT8, DataType.UINT8)


@dataclass(frozen=True)
class QuantizeF32(Layer):
    """QUANTIZE from float32; ``output`` is the suffix of the output's type."""

    count: int
    output: str
    scaling: Scaling

    operator = "QUANTIZE"
    headers = ("kernels/quantize.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        scale = float_literal(self.scaling.scale)
        return [f"rune_quantize_f32_{self.output}({self.count}, {scale}, {self.scaling.zero_point}, input, output);"]


@dataclass(frozen=True)
class Requantize(Layer):
    """QUANTIZE from one integer scale to another; ``source`` and ``output`` are the suffixes of the types."""

    count: int
    source: str
    output: str
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
        return [f"rune_requantize_{self.source}_{self.output}({', '.join(map(str, numbers))}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", *_OUTPUTS)
    context.check_type(output, "output", *_OUTPUTS[source.type])
    context.check_shape(output, "output", source.shape)
    after = quantized.per_tensor(context, output, "output")
    if source.type is not DataType.FLOAT32:
        return _requantize(context, source, output, after)
    return QuantizeF32(
        *context.layer_fields(source, output),
        count=source.count,
        output=_SUFFIXES[output.type],
        scaling=after,
    )


def _requantize(context: OperatorContext, source: Tensor, output: Tensor, after: Scaling) -> Layer:
    before = quantized.per_tensor(context, source, "input")
    multiplier = quantized.multiplier(context, before.scale / after.scale)
    if source.type in _BYTES and output.type in _BYTES:
        least, greatest = STORED_RANGES[output.type]

        def result(stored: int) -> int:
            scaled = fixed_point.requantise(stored - before.zero_point, multiplier)
            return fixed_point.clamp(scaled + after.zero_point, least, greatest)

        return unary.table_layer(context, source, output, result)
    return Requantize(
        *context.layer_fields(source, output),
        count=source.count,
        source=_SUFFIXES[source.type],
        output=_SUFFIXES[output.type],
        input_zero_point=before.zero_point,
        multiplier=multiplier,
        output_zero_point=after.zero_point,
    )
