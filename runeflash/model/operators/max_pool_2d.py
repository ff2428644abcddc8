"""MAX_POOL_2D: the greatest value of a window, channel by channel. Input and output NHWC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import pool_2d_i8
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS, c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, DataType, OptionsType

_NEWEST_VERSION = 3


@dataclass(frozen=True)
class MaxPool2DF32(Layer):
    """MAX_POOL_2D of float32."""

    batches: int
    rows: Window
    columns: Window
    channels: int
    activation: Activation

    operator = "MAX_POOL_2D"
    headers = ("kernels/max_pool_2d_f32.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_max_pool_2d_shape",
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
                    "clipped": int(self.rows.is_clipped or self.columns.is_clipped),
                    "activation": c_name(self.activation),
                },
            ),
            "rune_max_pool_2d_f32(shape, input, output);",
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
    context.check_type(source, "input", DataType.FLOAT32, DataType.INT8)
    context.check_type(output, "output", source.type)
    for tensor, role in ((source, "input"), (output, "output")):
        context.check_rank(tensor, role, 4)
    if source.type is DataType.INT8:
        return pool_2d_i8.read(context, source, output)
    batches, height, width, channels = source.shape
    options = context.options(OptionsType.POOL_2D)
    padding = context.padding(options.i8(0))
    filter_height = context.positive(options.i32(4), "filter height")
    filter_width = context.positive(options.i32(3), "filter width")
    rows = Window(height, filter_height, context.positive(options.i32(2), "stride"), 1, padding)
    columns = Window(width, filter_width, context.positive(options.i32(1), "stride"), 1, padding)
    check_windows(context, source, rows, columns)
    context.check_shape(output, "output", (batches, rows.count, columns.count, channels))
    return MaxPool2DF32(
        index=context.operator.index,
        name=output.name,
        inputs=(source.index,),
        outputs=(output.index,),
        batches=batches,
        rows=rows,
        columns=columns,
        channels=channels,
        activation=context.activation(options.i8(5), *FLOAT_ACTIVATIONS),
    )
