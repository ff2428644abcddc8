"""CONV_2D of int8 or uint8; also DEPTHWISE_CONV_2D over an image of one channel, which is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.quantized import Channels, Limits, pack_rows
from runeflash.model.operators.window import Window, window_fields
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class Conv2DI8(Layer):
    """A convolution of int8 or uint8.

    Attributes:
        weight_rows: the weights of each output channel, by filter row and column, as int8.
        is_unsigned: whether inputs and outputs are uint8.
        weight_offset: what the kernel adds to every weight; only of uint8.
    """

    kind: str
    batches: int
    rows: Window
    columns: Window
    input_channels: int
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[memoryview, ...]
    is_unsigned: bool = False
    weight_offset: int = 0

    headers = ("kernels/conv_2d_i8.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        pixels = self.batches * self.rows.count * self.columns.count
        return pixels * len(self.weight_rows) * len(self.weight_rows[0])

    @property
    def scratch_bytes(self) -> int:
        """What the kernel puts together."""
        return columns_bytes(self.weight_rows, self.columns, self.input_channels)

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_weights(self.weight_rows)
        return Constant("weights", ElementType.I8, packed, alignment=4), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        source, target = ("(const int8_t *)input", "(int8_t *)output") if self.is_unsigned else ("input", "output")
        return [
            *conv_2d_i8_shape(
                self.batches,
                self.rows,
                self.columns,
                self.input_channels,
                len(self.weight_rows),
                input_zero_point=self.input_zero_point,
                is_unsigned=self.is_unsigned,
                weight_offset=self.weight_offset,
                is_general=self.channels.is_general,
                limits=self.limits,
            ),
            f"rune_conv_2d_i8(shape, {constants['weights']}, {constants['channels']}, {source}, {target},",
            "                (int16_t *)(void *)scratch);",
        ]


def pack_weights(weight_rows: Sequence[memoryview]) -> bytes:
    """Return the weights of each output channel as ``kernels/sums_i8.h`` reads them."""
    return pack_rows(weight_rows, (2, 1))


def columns_bytes(weight_rows: Sequence[memoryview], columns: Window, input_channels: int) -> int:
    """Return the bytes of two columns of int16, and those of a window or a filter row that are no whole words."""
    depth = (len(weight_rows[0]) + 3) // 4 * 4
    run = columns.taps * input_channels
    return 4 * depth + (0 if input_channels % 4 == 0 else run if run % 4 == 0 else depth)


def conv_2d_i8_shape(
    batches: int,
    rows: Window,
    columns: Window,
    input_channels: int,
    output_channels: int,
    *,
    input_zero_point: int,
    limits: Limits,
    is_unsigned: bool = False,
    weight_offset: int = 0,
    is_general: bool = False,
) -> list[str]:
    """Return the definition of a ``rune_conv_2d_i8_shape``."""
    return shape_struct(
        "rune_conv_2d_i8_shape",
        {
            "batches": batches,
            "input_height": rows.size,
            "input_width": columns.size,
            "input_channels": input_channels,
            "output_height": rows.count,
            "output_width": columns.count,
            "output_channels": output_channels,
            **window_fields(rows, columns),
            "input_zero_point": input_zero_point,
            "is_unsigned": int(is_unsigned),
            "weight_offset": weight_offset,
            "general": int(is_general),
            "limits": limits.c_value,
        },
    )
