"""CONV_2D of int8 or uint8; also DEPTHWISE_CONV_2D with several channels for each of the input: as many groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.lead import window_lead
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
        groups: of channels: an output channel sees the input channels of its own group.
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
    groups: int = 1

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
    def elements_gathered(self) -> int:
        """Each window's, where the filter is dilated or a pixel is no whole words."""
        if self.rows.dilation == self.columns.dilation == 1 and self.input_channels // self.groups % 4 == 0:
            return 0
        return self.batches * self.rows.count * self.columns.count * self.groups * len(self.weight_rows[0])

    @property
    def is_general(self) -> bool:
        """As its channels say."""
        return self.channels.is_general

    @property
    def scratch_bytes(self) -> int:
        """What the kernel puts together."""
        return columns_bytes(self.weight_rows, self.columns, self.input_channels // self.groups)

    @property
    def output_leads(self) -> Mapping[int, int]:
        """The kernel reads two pixels' inputs before it writes their outputs, pixel after pixel.

        That is so where every output channel sees all input channels.
        """
        whole = self.rows.taps * self.columns.taps * self.input_channels
        if self.batches != 1 or len(self.weight_rows[0]) != whole:
            return {}
        lead = window_lead(self.rows, self.columns, self.input_channels, len(self.weight_rows))
        return {} if lead is None else {0: lead}

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_weights(self.weight_rows, self.groups)
        return Constant("weights", ElementType.I8, packed, alignment=4), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        source, target = ("(const int8_t *)input", "(int8_t *)output") if self.is_unsigned else ("input", "output")
        kernel = "rune_conv_2d_i8" if self.groups == 1 else "rune_conv_2d_groups_i8"
        return [
            *conv_2d_i8_shape(
                self.batches,
                self.rows,
                self.columns,
                self.input_channels,
                len(self.weight_rows),
                self.groups,
                input_zero_point=self.input_zero_point,
                is_unsigned=self.is_unsigned,
                weight_offset=self.weight_offset,
                is_general=self.channels.is_general,
                limits=self.limits,
            ),
            f"{kernel}(shape, {constants['weights']}, {constants['channels']}, {source}, {target},",
            f"{' ' * len(kernel)} (int16_t *)(void *)scratch);",
        ]


def pack_weights(weight_rows: Sequence[memoryview], groups: int) -> bytes:
    """Return the weights of each output channel, group by group, as ``kernels/sums_i8.h`` reads them."""
    count = len(weight_rows) // groups
    return b"".join(
        pack_rows(weight_rows[first : first + count], (2, 1)) for first in range(0, len(weight_rows), count)
    )


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
    groups: int,
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
            "input_channels": input_channels // groups,
            "output_height": rows.count,
            "output_width": columns.count,
            "output_channels": output_channels // groups,
            "groups": groups,
            **window_fields(rows, columns),
            "input_zero_point": input_zero_point,
            "is_unsigned": int(is_unsigned),
            "weight_offset": weight_offset,
            "general": int(is_general),
            "limits": limits.c_value,
        },
    )
