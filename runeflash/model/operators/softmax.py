"""SOFTMAX over the last dimension. Input and output have one shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.c_code import float_literal, shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType, OptionsType

_NEWEST_VERSION = 3
#: Bits before the point of an exponent: smaller ones than -31 count as minus infinity.
_EXPONENT_BITS = 5
#: With as many ones their sum would not fit.
_MAX_DEPTH_I8 = 4095
#: The scale and zero point that results have by definition.
_OUTPUTS_I8 = {DataType.INT8: (1 / 256, -128), DataType.UINT8: (1 / 256, 0), DataType.INT16: (1 / 65536, -32768)}
#: By the types of input and output.
_KERNELS_I8 = {
    (DataType.INT8, DataType.INT8): "rune_softmax_i8",
    (DataType.INT8, DataType.INT16): "rune_softmax_i8_i16",
    (DataType.UINT8, DataType.UINT8): "rune_softmax_u8",
}


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


@dataclass(frozen=True)
class SoftmaxI8(Layer):
    """SOFTMAX of int8, row by row, to int8 or int16; or of uint8 to uint8."""

    rows: int
    depth: int
    multiplier: int
    shift: int
    least_difference: int
    kernel: str

    operator = "SOFTMAX"
    headers = ("kernels/softmax_i8.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_softmax_i8_shape",
                {
                    "rows": self.rows,
                    "depth": self.depth,
                    "multiplier": self.multiplier,
                    "shift": self.shift,
                    "least_difference": self.least_difference,
                },
            ),
            f"{self.kernel}(shape, input, output);",
        ]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
    if source.type is DataType.INT8:
        context.check_type(output, "output", DataType.INT8, DataType.INT16)
    else:
        context.check_type(output, "output", source.type)
    if not source.shape:
        raise context.wrong(f"its input, {source}, has no dimensions")
    context.check_shape(output, "output", source.shape)
    beta = context.options(OptionsType.SOFTMAX).f32(0)
    if not math.isfinite(beta):
        raise context.wrong(f"its beta is {beta}")
    if source.type is not DataType.FLOAT32:
        return _read_i8(context, source, output, beta)
    return SoftmaxF32(
        *context.layer_fields(source, output),
        rows=source.count // source.shape[-1],
        depth=source.shape[-1],
        beta=beta,
    )


def _read_i8(context: OperatorContext, source: Tensor, output: Tensor, beta: float) -> Layer:
    depth = source.shape[-1]
    if depth > _MAX_DEPTH_I8:
        raise context.unsupported(
            f"its rows have {depth} elements; at most {_MAX_DEPTH_I8} are supported for {source.type.name}"
        )
    scaling = quantized.per_tensor(context, source, "input")
    scale, zero_point = _OUTPUTS_I8[output.type]
    found = quantized.per_tensor(context, output, "output")
    # Converters write int16's scale as 1/65535 or 1/65536; the result is the same.
    if found.zero_point != zero_point or abs(found.scale / scale - 1) > 1e-3:
        raise context.unsupported(
            f"its output, {output}, has the scale {found.scale} and the zero point {found.zero_point};"
            f" supported are {scale} and {zero_point}"
        )
    factor = min(beta * scaling.scale * (1 << (31 - _EXPONENT_BITS)), (1 << 31) - 1.0)
    if factor < 1:
        raise context.unsupported(f"its beta {beta} with the input's scale {scaling.scale} is too small")
    multiplier = quantized.multiplier(context, factor / 2) if factor >= 2**30 else quantized.multiplier(context, factor)
    shift = -multiplier.shift + (1 if factor >= 2**30 else 0)
    return SoftmaxI8(
        *context.layer_fields(source, output),
        rows=source.count // depth,
        depth=depth,
        multiplier=multiplier.fraction,
        shift=shift,
        least_difference=-math.floor(((1 << _EXPONENT_BITS) - 1) * (1 << (31 - _EXPONENT_BITS)) / (1 << shift)),
        kernel=_KERNELS_I8[source.type, output.type],
    )
