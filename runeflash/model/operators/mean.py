"""MEAN: the average over some dimensions, which go, or stay with one element.

The dimensions are a constant second input; the sum takes the elements in the order of the input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Limits, Multiplier, Scaling
from runeflash.model.schema import DataType, OptionsType

_NEWEST_VERSION = 3
#: Of dimensions that stay, and of those that go, after neighbours are joined: as many as the kernel has loops.
_MAX_RUNS = 4
_SUFFIXES = {DataType.INT8: "i8", DataType.UINT8: "u8"}
#: Elements of one mean whose sum, less the zero point, surely fits 32 bits.
_MAX_COUNT_I8 = 1 << 23


@dataclass(frozen=True)
class Axes:
    """Joined dimensions, from the outermost to the innermost: sizes, and distances in elements."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    def fields(self, name: str) -> dict[str, int | str]:
        """Return the two fields of a ``rune_mean_shape``."""
        unused = _MAX_RUNS - len(self.sizes)
        sizes = (*(1,) * unused, *self.sizes)
        strides = (*(0,) * unused, *self.strides)
        return {
            name: f"{{{', '.join(map(str, sizes))}}}",
            f"{name}_strides": f"{{{', '.join(map(str, strides))}}}",
        }


@dataclass(frozen=True)
class Mean(Layer):
    """MEAN of whatever type."""

    kept: Axes
    reduced: Axes
    count: int

    operator = "MEAN"
    headers = ("kernels/mean.h",)

    def _shape(self) -> list[str]:
        fields = {**self.kept.fields("kept"), **self.reduced.fields("reduced"), "count": self.count}
        return shape_struct("rune_mean_shape", fields)


@dataclass(frozen=True)
class MeanF32(Mean):
    """MEAN of float32."""

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [*self._shape(), "rune_mean_f32(shape, input, output);"]


@dataclass(frozen=True)
class MeanI8(Mean):
    """MEAN of int8 or uint8; ``type`` is the suffix of either, ``multiplier`` has the division by the count in it."""

    type: str
    input_zero_point: int
    multiplier: Multiplier
    zero_point: int
    limits: Limits

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        numbers = (
            self.count * self.input_zero_point,
            self.multiplier.fraction,
            self.multiplier.shift,
            self.zero_point,
            self.limits.c_value,
        )
        return [
            *self._shape(),
            f"const rune_mean_scaling scaling = {{{', '.join(map(str, numbers))}}};",
            f"rune_mean_{self.type}(shape, scaling, input, output);",
        ]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 2), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
    context.check_type(output, "output", source.type)
    goes = _dimensions(context, source, context.int32_constant(context.input(1, "axes"), "axes"))
    options = context.optional_options(OptionsType.REDUCER)
    keeps = options is not None and options.boolean(0)
    shape = tuple(1 if gone else size for size, gone in zip(source.shape, goes, strict=True) if keeps or not gone)
    context.check_shape(output, "output", shape)
    kept, reduced = _runs(source.shape, goes)
    if max(len(kept.sizes), len(reduced.sizes)) > _MAX_RUNS:
        raise context.unsupported(f"its axes divide the shape {list(source.shape)} into too many parts")
    count = source.count // output.count
    if source.type is DataType.FLOAT32:
        return MeanF32(*context.layer_fields(source, output), kept, reduced, count)
    if count > _MAX_COUNT_I8:
        raise context.unsupported(f"it averages {count} elements; at most {_MAX_COUNT_I8} are supported")
    before = quantized.per_tensor(context, source, "input")
    after = quantized.per_tensor(context, output, "output")
    return MeanI8(
        *context.layer_fields(source, output),
        kept,
        reduced,
        count,
        _SUFFIXES[source.type],
        before.zero_point,
        _multiplier(context, before, after, count),
        after.zero_point,
        Limits(*quantized.STORED_RANGES[source.type]),
    )


def _dimensions(context: OperatorContext, source: Tensor, axes: Sequence[int]) -> list[bool]:
    """Return, for each dimension of the input, whether it goes; negative axes count from the end."""
    rank = len(source.shape)
    goes = [False] * rank
    for axis in axes:
        if not -rank <= axis < rank:
            raise context.wrong(f"its axis {axis} is none of its input, {source}, of shape {list(source.shape)}")
        goes[axis] = True
    return goes


def _runs(shape: Sequence[int], goes: Sequence[bool]) -> tuple[Axes, Axes]:
    """Return the dimensions that stay and those that go, neighbours of one kind joined, those of size 1 left out."""
    runs: list[tuple[bool, int, int]] = []  # whether it goes, size, stride; from the innermost
    stride = 1
    for size, gone in zip(reversed(shape), reversed(goes), strict=True):
        if size > 1:
            if runs and runs[-1][0] == gone:
                runs[-1] = gone, runs[-1][1] * size, runs[-1][2]
            else:
                runs.append((gone, size, stride))
        stride *= size
    kept, reduced = (
        Axes(
            tuple(size for gone, size, _ in reversed(runs) if gone is wanted),
            tuple(stride for gone, _, stride in reversed(runs) if gone is wanted),
        )
        for wanted in (False, True)
    )
    return kept, reduced


def _multiplier(context: OperatorContext, before: Scaling, after: Scaling, count: int) -> Multiplier:
    """Return the factor from sums to outputs, divided as TensorFlow Lite Micro divides it: cut off, not rounded."""
    whole = quantized.multiplier(context, before.scale / after.scale)
    shift = min(count.bit_length() - 1, 31 - whole.shift)
    return Multiplier((whole.fraction << shift) // count, whole.shift + shift)
