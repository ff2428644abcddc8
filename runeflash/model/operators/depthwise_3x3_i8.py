"""DEPTHWISE_CONV_2D of int8 or uint8 with a filter of 3 by 3: most of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runeflash.model.graph import Constant
from runeflash.model.operators.depthwise_planes_i8 import DepthwisePlanesI8, windows_reach_inside
from runeflash.model.operators.quantized import Channels
from runeflash.model.operators.window import Window
from runeflash.tensors import ElementType


def is_suitable(rows: Window, columns: Window, channels: Channels) -> bool:
    """Return whether the kernel takes such windows and multipliers."""
    same_stride = rows.stride == columns.stride
    is_3x3 = (rows.taps, columns.taps, rows.dilation, columns.dilation) == (3, 3, 1, 1)
    is_inside = windows_reach_inside(rows, columns)
    return is_3x3 and same_stride and rows.stride in (1, 2) and is_inside and not channels.is_general


@dataclass(frozen=True)
class Depthwise3x3I8(DepthwisePlanesI8):
    """A filter of 3 by 3 for each output channel, with a stride of 1 or 2."""

    headers = ("kernels/depthwise_3x3_i8.h",)
    kernel = "rune_depthwise_3x3_i8"

    @property
    def _row_words(self) -> int:
        # Windows are computed in pairs, each of which reads whole words: 4 values, or 6 with a stride of 2.
        return self.columns.stride + 1

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


def _halves(low: int, high: int) -> int:
    """Return two int16 as one word, signed."""
    return high * 0x10000 + (low & 0xFFFF)
