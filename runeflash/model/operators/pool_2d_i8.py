"""MAX_POOL_2D and AVERAGE_POOL_2D of int8. Input and output NHWC, of one scale and zero point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.quantized import Limits
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import OptionsType


@dataclass(frozen=True)
class Pool2DI8(Layer):
    """A pooling of int8."""

    kind: str
    batches: int
    rows: Window
    columns: Window
    channels: int
    limits: Limits

    headers = ("kernels/pool_2d_i8.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_pool_2d_i8_shape",
                {
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
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_{self.kind.lower()}_i8(shape, input, output);",
        ]


def read(context: OperatorContext, source: Tensor, output: Tensor) -> Layer:
    """Return the checked layer of tensors that are known to be int8 and of rank 4.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
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
    scaling = quantized.per_tensor(context, output, "output")
    if quantized.per_tensor(context, source, "input") != scaling:
        raise context.unsupported(f"its input and its output, {output}, differ in scale or zero point")
    return Pool2DI8(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        kind=context.operator.kind,
        batches=batches,
        rows=rows,
        columns=columns,
        channels=channels,
        limits=quantized.limits(context.activation(options.i8(5), *FLOAT_ACTIVATIONS), scaling),
    )
