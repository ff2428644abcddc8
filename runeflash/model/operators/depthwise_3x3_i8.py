"""Convolutions of int8 or uint8 with filters of 3 by 3 that each see one channel: most of DEPTHWISE_CONV_2D, and any
convolution of an image with a single channel.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.quantized import Channels, Limits
from runeflash.model.operators.window import Window
from runeflash.tensors import ElementType

#: Working memory that a layer takes for more than one output row at a time: longer strips save next to nothing.
_STRIP_BYTES = 2048


def is_suitable(rows: Window, columns: Window, channels: Channels) -> bool:
    """Return whether the kernel takes such windows and multipliers.

    It wants at least one row and one column of the image in each window.
    """
    same_stride = rows.stride == columns.stride
    is_3x3 = (rows.taps, columns.taps, rows.dilation, columns.dilation) == (3, 3, 1, 1)
    is_inside = all(max(window.before, window.after) < 3 for window in (rows, columns))
    return is_3x3 and same_stride and rows.stride in (1, 2) and is_inside and not channels.is_general


@dataclass(frozen=True)
class Depthwise3x3I8(Layer):
    """A filter of 3 by 3 for each output channel, over one input channel each, with a stride of 1 or 2.

    Attributes:
        channels: with the input's zero point in the biases.
        weight_rows: nine weights per output channel, without their zero point; those of an input channel side by side.
        is_unsigned: whether inputs and outputs are uint8.
    """

    kind: str
    batches: int
    rows: Window
    columns: Window
    input_channels: int
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[tuple[int, ...], ...]
    is_unsigned: bool = False

    headers = ("kernels/depthwise_3x3_i8.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * 9 * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """A strip of one channel with its border, in int16."""
        return 2 * ((self._strip - 1) * self.rows.stride + 3) * self._plane_width

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """A channel writes only to where its own values were, strip by strip, and a strip is read before it is written.

        When the output rows before row r are written, they end before pixel r * output width. The next strip keeps the
        first 3 - stride of its input rows from the strip before, so what is still to be read begins at input row
        r * stride - padding + 3 - stride. With the paddings of SAME and VALID that is never before that pixel; rows
        that are padded more than columns, or columns more than rows, are looked at.
        """
        if self.batches != 1 or len(self.weight_rows) != self.input_channels:
            return ()
        if self.rows.count * self.columns.count > self.rows.size * self.columns.size:
            return ()
        kept = 3 - self.rows.stride
        for r in range(self._strip, self.rows.count, self._strip):
            if (r * self.rows.stride - self.rows.before + kept) * self.columns.size < r * self.columns.count:
                return ()
        return (0,)

    @property
    def _strip(self) -> int:
        """Output rows that are computed at once."""
        room = _STRIP_BYTES // (2 * self._plane_width)
        return min(max((room - 3) // self.rows.stride + 1, 1), self.rows.count)

    @property
    def _plane_width(self) -> int:
        # Windows are computed in pairs, each of which reads whole words: 4 values, or 6 with a stride of 2.
        pairs = (self.columns.count + 1) // 2
        return (pairs - 1) * 2 * self.columns.stride + (4 if self.columns.stride == 1 else 6)

    def _make_constants(self) -> tuple[Constant, ...]:
        values: list[int] = []
        for row, bias, multiplier, offset in zip(
            self.weight_rows, self.channels.biases, self.channels.multipliers, self.channels.offsets, strict=True
        ):
            w = [2 * weight for weight in row]
            for first in (0, 3, 6):
                values += (_halves(w[first], w[first + 1]), _halves(w[first + 1], w[first + 2]))
            values += (2 * bias, multiplier.fraction, multiplier.shift, offset)
        return (Constant("channels", ElementType.I32, struct.pack(f"<{len(values)}i", *values)),)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        source, target = ("(const int8_t *)input", "(int8_t *)output") if self.is_unsigned else ("input", "output")
        return [
            *shape_struct(
                "rune_depthwise_3x3_i8_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "input_channels": self.input_channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "multiplier": len(self.weight_rows) // self.input_channels,
                    "stride": self.rows.stride,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "strip": self._strip,
                    "plane_width": self._plane_width,
                    "input_zero_point": self.input_zero_point,
                    "is_unsigned": int(self.is_unsigned),
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_depthwise_3x3_i8(shape, {constants['channels']}, {source}, {target}, (int16_t *)(void *)scratch);",
        ]


def _halves(low: int, high: int) -> int:
    """Return two int16 as one word, signed."""
    return high * 0x10000 + (low & 0xFFFF)
