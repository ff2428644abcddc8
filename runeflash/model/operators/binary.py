"""ADD, SUB and MUL with broadcasting: of float32, of integers that stand for themselves, and of int8 and uint8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS, c_name
from runeflash.model.operators.broadcast import Broadcast, broadcast
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Limits, Multiplier, Scaling, to_float32
from runeflash.model.schema import Activation, DataType, OptionsType

#: Bits behind the point of a sum's operands.
_SUM_BITS = 20
_SUFFIXES = {
    DataType.FLOAT32: "f32",
    DataType.INT8: "i8",
    DataType.UINT8: "u8",
    DataType.INT32: "i32",
    DataType.INT64: "i64",
}


@dataclass(frozen=True)
class _Binary(Layer):
    """What the layers of all types have in common.

    Attributes:
        kind: the operator's name.
        operands: for each operand, its position in ``inputs``.
        loops: how they go together.
        suffix: of the type's kernels.
    """

    kind: str
    operands: tuple[int, int]
    loops: Broadcast
    suffix: str

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """An operand that is not repeated is read, element by element, before a result is written there."""
        whole = {position for position, is_whole in zip(self.operands, self.loops.whole, strict=True) if is_whole}
        repeated = {p for p, is_whole in zip(self.operands, self.loops.whole, strict=True) if not is_whole}
        return tuple(sorted(whole - repeated))

    @property
    def _call(self) -> str:
        """The kernel's name and the names of what it is given last."""
        return f"rune_{self.kind.lower()}_{self.suffix}"

    @property
    def _tensors(self) -> str:
        names = [f"input_{position}" if position else "input" for position in self.operands]
        return f"{names[0]}, {names[1]}, output"


@dataclass(frozen=True)
class BinaryPlain(_Binary):
    """ADD, SUB or MUL of elements that stand for themselves.

    TensorFlow Lite Micro leaves out the activation after an ADD of int32; LiteRT, and this, do not.
    """

    activation: Activation

    headers = ("kernels/binary.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        loops = shape_struct("rune_broadcast", {"loops": self.loops.c_value})
        return [*loops, f"{self._call}(shape, {c_name(self.activation)}, {self._tensors});"]


@dataclass(frozen=True)
class Operand:
    """One of two of int8 or uint8; the multiplier is that to the scale of sums."""

    zero_point: int
    multiplier: Multiplier

    @property
    def c_value(self) -> str:
        """The initialiser of a ``rune_operand_8bit``."""
        return f"{{{self.zero_point}, {self.multiplier.fraction}, {self.multiplier.shift}}}"


@dataclass(frozen=True)
class Binary8Bit(_Binary):
    """ADD, SUB or MUL of int8 or uint8."""

    first: Operand
    second: Operand
    multiplier: Multiplier
    zero_point: int
    limits: Limits

    headers = ("kernels/binary_8bit.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_binary_8bit_shape",
                {
                    "loops": self.loops.c_value,
                    "first": self.first.c_value,
                    "second": self.second.c_value,
                    "multiplier": self.multiplier.fraction,
                    "shift": self.multiplier.shift,
                    "zero_point": self.zero_point,
                    "limits": self.limits.c_value,
                },
            ),
            f"{self._call}(shape, {self._tensors});",
        ]


def read(context: OperatorContext, options_type: OptionsType, newest_version: int) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(newest_version)
    context.check_arity((2, 2), 1)
    tensors = (context.input(0, "first input"), context.input(1, "second input"))
    output = context.output(0)
    context.check_type(tensors[0], "first input", *_SUFFIXES)
    context.check_type(tensors[1], "second input", tensors[0].type)
    context.check_type(output, "output", tensors[0].type)
    loops = broadcast(context, *tensors)
    context.check_shape(output, "output", loops.shape)
    options = context.optional_options(options_type)
    activation = context.activation(options.i8(0) if options is not None else 0, *FLOAT_ACTIVATIONS)
    inputs = tuple(dict.fromkeys(tensor.index for tensor in tensors))
    operands = (0, inputs.index(tensors[1].index))
    index, kind, suffix = context.operator.index, context.operator.kind, _SUFFIXES[output.type]
    if output.type not in (DataType.INT8, DataType.UINT8):
        return BinaryPlain(index, output.name, inputs, (output.index,), kind, operands, loops, suffix, activation)
    first, second = (quantized.per_tensor(context, tensor, "input") for tensor in tensors)
    result = quantized.per_tensor(context, output, "output")
    factors, total = _multipliers(context, first, second, result, output.type)
    return Binary8Bit(
        index=index,
        name=output.name,
        inputs=inputs,
        outputs=(output.index,),
        kind=kind,
        operands=operands,
        loops=loops,
        suffix=suffix,
        first=Operand(first.zero_point, factors[0]),
        second=Operand(second.zero_point, factors[1]),
        multiplier=total,
        zero_point=result.zero_point,
        limits=quantized.limits(activation, result, output.type),
    )


def _multipliers(
    context: OperatorContext, first: Scaling, second: Scaling, result: Scaling, data_type: DataType
) -> tuple[tuple[Multiplier, Multiplier], Multiplier]:
    """Return the factors of both operands and of what they make; a product's operands have none."""
    if context.operator.kind == "MUL":
        # TensorFlow Lite Micro has this factor in doubles, LiteRT in float32: with a few scales it shows.
        rounded = to_float32 if data_type is DataType.UINT8 else float
        factor = rounded(rounded(first.scale * second.scale) / result.scale)
        return (Multiplier(0, 0), Multiplier(0, 0)), quantized.multiplier(context, factor)
    shared = 2 * max(first.scale, second.scale)
    factors = quantized.multiplier(context, first.scale / shared), quantized.multiplier(context, second.scale / shared)
    total = shared / ((1 << _SUM_BITS) * result.scale)
    if total >= 1:
        raise context.unsupported(f"its output's scale {result.scale} is too small for its inputs'")
    return factors, quantized.multiplier(context, total)
