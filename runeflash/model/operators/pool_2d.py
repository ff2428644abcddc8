"""MAX_POOL_2D and AVERAGE_POOL_2D, channel by channel over the pixels inside the image. Input and output NHWC.

Integers have one scale and zero point for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS, c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Limits
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, DataType, OptionsType

_SUFFIXES = {DataType.INT8: "i8", DataType.UINT8: "u8"}


@dataclass(frozen=True)
class Pool2D(Layer):
    """A pooling of whatever type."""

    kind: str
    batches: int
    rows: Window
    columns: Window
    channels: int

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    def elements_read(self, counts: Sequence[int]) -> int:
        """Return the elements in all windows, which may overlap."""
        return self.batches * self.channels * self.rows.count * self.rows.taps * self.columns.count * self.columns.taps

    def _fields(self) -> dict[str, int | str]:
        return {
            "batches": self.batches,
            "input_height": self.rows.size,
            "input_width": self.columns.size,
            "channels": self.channels,
            "output_height": self.rows.count,
            "output_width": self.columns.count,
            "filter_height": self.rows.taps,
            "filter_width": self.columns.taps,
            "stride_height": self.rows.stride,
            "stride_width": self.columns.stride,
            "padding_top": self.rows.before,
            "padding_left": self.columns.before,
        }


@dataclass(frozen=True)
class Pool2DF32(Pool2D):
    """A pooling of float32."""

    activation: Activation

    headers = ("kernels/pool_2d_f32.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        more: dict[str, int | str] = {
            "clipped": int(self.rows.is_clipped or self.columns.is_clipped),
            "activation": c_name(self.activation),
        }
        return [
            *shape_struct("rune_pool_2d_shape", {**self._fields(), **more}),
            f"rune_{self.kind.lower()}_f32(shape, input, output);",
        ]


@dataclass(frozen=True)
class Pool2DI8(Pool2D):
    """A pooling of int8 or uint8; ``type`` is the suffix of either."""

    type: str
    limits: Limits

    headers = ("kernels/pool_2d_i8.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct("rune_pool_2d_i8_shape", {**self._fields(), "limits": self.limits.c_value}),
            f"rune_{self.kind.lower()}_{self.type}(shape, input, output);",
        ]


def read(context: OperatorContext, newest_version: int) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(newest_version)
    context.check_arity((1, 1), 1)
    source = context.input(0, "input")
    output = context.output(0)
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
    context.check_type(output, "output", source.type)
    for tensor, role in ((source, "input"), (output, "output")):
        context.check_rank(tensor, role, 4)
    batches, height, width, channels = source.shape
    options = context.options(OptionsType.POOL_2D)
    padding = context.padding(options.i8(0))
    filter_height = context.positive(options.i32(4), "filter height")
    filter_width = context.positive(options.i32(3), "filter width")
    strides = context.positive(options.i32(2), "stride"), context.positive(options.i32(1), "stride")
    added = context.operator.padding
    rows = Window(height, filter_height, strides[0], 1, padding, added.rows)
    columns = Window(width, filter_width, strides[1], 1, padding, added.columns)
    check_windows(context, source, rows, columns)
    context.check_shape(output, "output", (batches, rows.count, columns.count, channels))
    activation = context.activation(options.i8(5), *FLOAT_ACTIVATIONS)
    kind = context.operator.kind
    if source.type is DataType.FLOAT32:
        return Pool2DF32(*context.layer_fields(source, output), kind, batches, rows, columns, channels, activation)
    scaling = quantized.per_tensor(context, output, "output")
    if quantized.per_tensor(context, source, "input") != scaling:
        raise context.unsupported(f"its input and its output, {output}, differ in scale or zero point")
    limits = quantized.limits(activation, scaling, output.type)
    suffix = _SUFFIXES[source.type]
    return Pool2DI8(*context.layer_fields(source, output), kind, batches, rows, columns, channels, suffix, limits)
