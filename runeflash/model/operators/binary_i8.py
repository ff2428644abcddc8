"""ADD, SUB and MUL of int8, with broadcasting to at most four dimensions; an operand may be a constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Limits, Multiplier, Scaling
from runeflash.model.schema import DataType, OptionsType

_MAX_RANK = 4
#: Bits behind the point of a sum's operands.
_SUM_BITS = 20


@dataclass(frozen=True)
class Operand:
    """One of the two: distances in elements along four dimensions, 0 where it is repeated."""

    strides: tuple[int, ...]
    zero_point: int
    multiplier: Multiplier

    @property
    def c_value(self) -> str:
        """The initialiser of a ``rune_operand_i8``."""
        strides = ", ".join(map(str, self.strides))
        return f"{{{{{strides}}}, {self.zero_point}, {self.multiplier.fraction}, {self.multiplier.shift}}}"


@dataclass(frozen=True)
class BinaryI8(Layer):
    """ADD, SUB or MUL of int8."""

    kind: str
    sizes: tuple[int, ...]
    first: Operand
    second: Operand
    multiplier: Multiplier
    zero_point: int
    limits: Limits

    headers = ("kernels/binary_i8.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        second = "input" if len(self.inputs) == 1 else "input_1"
        return [
            *shape_struct(
                "rune_binary_i8_shape",
                {
                    "sizes": f"{{{', '.join(map(str, self.sizes))}}}",
                    "first": self.first.c_value,
                    "second": self.second.c_value,
                    "multiplier": self.multiplier.fraction,
                    "shift": self.multiplier.shift,
                    "zero_point": self.zero_point,
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_{self.kind.lower()}_all_i8(shape, input, {second}, output);",
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
    for tensor, role in ((tensors[0], "first input"), (tensors[1], "second input"), (output, "output")):
        context.check_type(tensor, role, DataType.INT8)
        if len(tensor.shape) > _MAX_RANK:
            raise context.unsupported(f"its {role}, {tensor}, has more than {_MAX_RANK} dimensions")
    first, second = (quantized.per_tensor(context, tensor, "input") for tensor in tensors)
    result = quantized.per_tensor(context, output, "output")
    sizes = _broadcast(context, tensors)
    rank = max(len(tensor.shape) for tensor in tensors)
    context.check_shape(output, "output", sizes[_MAX_RANK - rank :])
    options = context.optional_options(options_type)
    activation = context.activation(options.i8(0) if options is not None else 0, *FLOAT_ACTIVATIONS)
    factors, total = _multipliers(context, first, second, result)
    return BinaryI8(
        index=context.operator.index,
        name=output.name,
        inputs=tuple(dict.fromkeys(tensor.index for tensor in tensors)),
        outputs=(output.index,),
        kind=context.operator.kind,
        sizes=sizes,
        first=Operand(_strides(tensors[0]), first.zero_point, factors[0]),
        second=Operand(_strides(tensors[1]), second.zero_point, factors[1]),
        multiplier=total,
        zero_point=result.zero_point,
        limits=quantized.limits(activation, result),
    )


def _multipliers(
    context: OperatorContext, first: Scaling, second: Scaling, result: Scaling
) -> tuple[tuple[Multiplier, Multiplier], Multiplier]:
    """Return the factors of both operands and of what they make; a product's operands have none."""
    if context.operator.kind == "MUL":
        return (Multiplier(0, 0), Multiplier(0, 0)), quantized.multiplier(
            context, first.scale * second.scale / result.scale
        )
    shared = 2 * max(first.scale, second.scale)
    factors = quantized.multiplier(context, first.scale / shared), quantized.multiplier(context, second.scale / shared)
    total = shared / ((1 << _SUM_BITS) * result.scale)
    if total >= 1:
        raise context.unsupported(f"its output's scale {result.scale} is too small for its inputs'")
    return factors, quantized.multiplier(context, total)


def _padded(tensor: Tensor) -> tuple[int, ...]:
    return (1,) * (_MAX_RANK - len(tensor.shape)) + tensor.shape


def _broadcast(context: OperatorContext, tensors: tuple[Tensor, Tensor]) -> tuple[int, ...]:
    sizes = []
    for a, b in zip(_padded(tensors[0]), _padded(tensors[1]), strict=True):
        if a != b and 1 not in (a, b):
            raise context.wrong(f"the shapes {list(tensors[0].shape)} and {list(tensors[1].shape)} do not fit")
        sizes.append(max(a, b))
    return tuple(sizes)


def _strides(tensor: Tensor) -> tuple[int, ...]:
    strides = []
    stride = 1
    for size in reversed(_padded(tensor)):
        strides.append(stride if size > 1 else 0)
        stride *= size
    return tuple(reversed(strides))
