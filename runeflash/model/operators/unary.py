"""Operators with one input that compute each element of their output from one element of it.

For integers of 8 bits that is a table of 256 results, made here with the arithmetic of the reference: exact by
construction, quicker than any arithmetic, and shared by the layers for which it is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer, Tensor
from runeflash.model.operators import fixed_point, quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import STORED_RANGES, Limits, Multiplier, Scaling, round_away, to_float32
from runeflash.model.operators.reshape import Reshape
from runeflash.model.schema import Activation, DataType
from runeflash.tensors import ElementType

_SIGNED = {DataType.INT8: True, DataType.UINT8: False}
#: Bits before the point of the inputs of functions in fixed point.
_SIGMOID_BITS = 4
_SUFFIXES = {DataType.INT8: "i8", DataType.UINT8: "u8"}


@dataclass(frozen=True)
class Unary(Layer):
    """What the layers below have in common: the operator's name in the file, and how many elements there are."""

    kind: str
    count: int

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """Each element is read before its result is written."""
        return (0,)


@dataclass(frozen=True)
class UnaryF32(Unary):
    """A function of float32; ``arguments`` are those of its kernel behind the count of elements."""

    arguments: tuple[str, ...] = ()

    headers = ("kernels/unary_f32.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        arguments = ", ".join([str(self.count), *self.arguments, "input", "output"])
        return [f"rune_{self.kind.lower()}_f32({arguments});"]


@dataclass(frozen=True)
class Table(Unary):
    """A function of int8 or uint8; ``results`` are int8 or uint8, by the bits of the input, 256 bytes."""

    is_signed: bool
    results: bytes

    headers = ("kernels/table.h",)

    def _make_constants(self) -> tuple[Constant, ...]:
        element = ElementType.I8 if self.is_signed else ElementType.U8
        return (Constant("results", element, self.results),)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [f"rune_look_up({self.count}, {constants['results']}, input, output);"]


@dataclass(frozen=True)
class Clamp(Unary):
    """An activation of int8 or uint8 that only moves values into limits; ``suffix`` is that of the type's kernels."""

    suffix: str
    limits: Limits

    headers = ("kernels/table.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        limits = f"{self.limits.least}, {self.limits.greatest}"
        return [f"rune_clamp_all_{self.suffix}({self.count}, {limits}, input, output);"]


@dataclass(frozen=True)
class FlipSign(Unary):
    """From uint8 to int8 or back, where both zero points stand for one value of the same scale."""

    headers = ("kernels/table.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [f"rune_flip_sign({self.count}, input, output);"]


def read_tensors(context: OperatorContext, newest_version: int) -> tuple[Tensor, Tensor]:
    """Return the input and the output of an operator that has one of each, of one type and shape.

    Raises:
        UserError: they are not so, or of a type without kernels, or the operator's version is not known.
    """
    context.check_version(newest_version)
    context.check_arity((1, 1), 1)
    source, output = context.input(0, "input"), context.output(0)
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
    context.check_type(output, "output", source.type)
    context.check_shape(output, "output", source.shape)
    return source, output


def float_layer(context: OperatorContext, source: Tensor, output: Tensor, *arguments: str) -> Layer:
    """Return the layer of float32; ``arguments`` are those of its kernel behind the count of elements."""
    return UnaryF32(
        *context.layer_fields(source, output),
        kind=context.operator.kind,
        count=source.count,
        arguments=arguments,
    )


def table_layer(context: OperatorContext, source: Tensor, output: Tensor, result: Callable[[int], int]) -> Layer:
    """Return the layer that replaces each stored int8 or uint8 by a function of it, which fits the output's type.

    That need not be a table: it may be limits, the other sign of the highest bit, or nothing at all.
    """
    least, _ = STORED_RANGES[source.type]
    stored = [least + (i - least) % 256 for i in range(256)]
    results = [result(value) for value in stored]
    fields = context.layer_fields(source, output)
    kind, count = context.operator.kind, source.count
    if source.type is output.type:
        limits = Limits(min(results), max(results))
        if results == [fixed_point.clamp(value, limits.least, limits.greatest) for value in stored]:
            if limits.greatest - limits.least == 255:
                return Reshape(*fields, size=count, kind=kind)
            return Clamp(*fields, kind=kind, count=count, limits=limits, suffix=_SUFFIXES[source.type])
    moved = bytes(value % 256 for value in results)
    if moved == bytes(i ^ 0x80 for i in range(256)):
        return FlipSign(*fields, kind=kind, count=count)
    return Table(*fields, kind=kind, count=count, is_signed=_SIGNED[output.type], results=moved)


def activation_layer(context: OperatorContext, source: Tensor, output: Tensor, activation: Activation) -> Layer:
    """Return the layer of int8 or uint8 that requantises its input and ends with an activation."""
    before = quantized.per_tensor(context, source, "input")
    after = quantized.per_tensor(context, output, "output")
    # TensorFlow Lite Micro has this factor in doubles, LiteRT, which alone converts uint8 and RELU6, in float32.
    is_lite = source.type is DataType.UINT8 or activation is Activation.RELU6
    factor = before.scale / after.scale
    multiplier = quantized.multiplier(context, to_float32(factor) if is_lite else factor)
    limits = quantized.limits(activation, after, output.type)

    def result(stored: int) -> int:
        scaled = fixed_point.requantise(stored - before.zero_point, multiplier)
        return fixed_point.clamp(scaled + after.zero_point, limits.least, limits.greatest)

    return table_layer(context, source, output, result)


def sigmoid_layer(
    context: OperatorContext,
    source: Tensor,
    output: Tensor,
    expected: Scaling,
    fixed: Callable[[int], int],
    real: Callable[[float], float],
) -> Layer:
    """Return the layer of int8 or uint8 of a function that nears constants on both sides.

    Args:
        context: the operator.
        source: its input.
        output: its output.
        expected: the scale and zero point that the output has by definition.
        fixed: the function from Q4 to Q0, for int8.
        real: the function, for uint8: that is what the reference has for each type.

    Raises:
        UserError: the output has other scales.
    """
    before = quantized.per_tensor(context, source, "input")
    after = quantized.per_tensor(context, output, "output")
    if after != expected:
        raise context.unsupported(
            f"its output, {output}, has the scale {after.scale} and the zero point {after.zero_point};"
            f" supported are {expected.scale} and {expected.zero_point}"
        )
    least, greatest = STORED_RANGES[output.type]

    def real_result(stored: int) -> int:
        x = to_float32(before.scale * (stored - before.zero_point))
        scaled = to_float32(to_float32(real(x)) / after.scale)
        return fixed_point.clamp(round_away(scaled) + after.zero_point, least, greatest)

    if source.type is DataType.UINT8:
        return table_layer(context, source, output, real_result)
    fine = before.scale * (1 << 31 - _SIGMOID_BITS)
    # Beyond this the input has no Q4 number; of coarse scales none has.
    radius = math.floor(math.ldexp((1 << _SIGMOID_BITS) - 1, 31 - _SIGMOID_BITS - math.frexp(fine)[1]))
    multiplier = quantized.multiplier(context, fine) if radius > 0 else Multiplier(0, 0)
    # From Q0 to the output's scale, a power of two.
    shift = 31 + round(math.log2(after.scale))

    def fixed_result(stored: int) -> int:
        x = stored - before.zero_point
        if x <= -radius:
            return least
        if x >= radius:
            return greatest
        scaled = fixed_point.divide_by_power(fixed(fixed_point.requantise(x, multiplier)), shift)
        return fixed_point.clamp(scaled + after.zero_point, least, greatest)

    return table_layer(context, source, output, fixed_result)
