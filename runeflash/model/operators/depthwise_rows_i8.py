"""DEPTHWISE_CONV_2D of int8 or uint8 with any filter, where its windows are enough to be worth a plane."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runeflash.model.graph import Constant
from runeflash.model.operators.depthwise_planes_i8 import DepthwisePlanesI8, windows_reach_inside
from runeflash.model.operators.quantized import Channels
from runeflash.model.operators.window import Window
from runeflash.tensors import ElementType


def is_suitable(rows: Window, columns: Window, channels: Channels, input_channels: int) -> bool:
    """Return whether the kernel takes such windows and multipliers, and is the quickest for them."""
    if channels.is_general or not windows_reach_inside(rows, columns):
        return False
    if any(window.extent >= 2 * window.size for window in (rows, columns)):
        return False  # the plane would be border, mostly
    multiplier = len(channels.biases) // input_channels
    taps, pixels = rows.taps * columns.taps, rows.count * columns.count
    # About how many instructions an input channel takes, as measured: here, ...
    unpacked = 80 + 12 * taps
    loaded = 50 + 12 * rows.size + 3 * rows.size * columns.size
    planes = loaded + multiplier * (unpacked + min(_cost(rows, columns), _cost(columns, rows)))
    # ... pixel by pixel, and as a convolution.
    if multiplier == 1 and input_channels > 1:
        return planes < pixels * (14 + 43 * taps // 10)
    return planes < pixels * (40 + 15 * rows.taps + 2 * taps + multiplier * (12 + taps))


def _row_words(columns: Window) -> int:
    """Return how many words of a plane hold a row of two windows side by side: 2, 3, or an even number."""
    words = max((columns.extent + columns.stride + 1) // 2, 2)
    return words if words <= 4 else (words + 1) // 2 * 2


def _cost(rows: Window, columns: Window) -> int:
    """Return about how many instructions the windows of a plane take."""
    words = _row_words(columns)
    row = 3 + (7 * words + 1) // 2 if words <= 4 else 5 + 9 * words // 2
    return rows.count * (9 + (columns.count + 1) // 2 * (25 + rows.taps * row))


@dataclass(frozen=True)
class DepthwiseRowsI8(DepthwisePlanesI8):
    """Any filter for each output channel, with any stride and dilation."""

    headers = ("kernels/depthwise_rows_i8.h",)
    kernel = "rune_depthwise_rows_i8"

    @property
    def scratch_bytes(self) -> int:
        """The plane, and the unpacked weights of a channel with three words behind and one before them."""
        return super().scratch_bytes + 4 * (1 + 2 * self._plane_rows.taps * self._row_words + 3)

    @property
    def is_turned(self) -> bool:
        """Whether it is quicker so."""
        return _cost(self.columns, self.rows) < _cost(self.rows, self.columns)

    @property
    def _row_words(self) -> int:
        return _row_words(self._plane_columns)

    @property
    def _weight_offset(self) -> int:
        # Weights of uint8 without their zero point may not be int8.
        least = min(map(min, self.weight_rows))
        return 0 if least >= -128 and max(map(max, self.weight_rows)) <= 127 else least + 128

    def _make_constants(self) -> tuple[Constant, ...]:
        width = self.columns.taps
        stored = bytearray()
        for weights in self.weight_rows:
            turned = [weight for i in range(width) for weight in weights[i::width]] if self.is_turned else weights
            stored += struct.pack(f"<{len(weights)}b", *(weight - self._weight_offset for weight in turned))
        return Constant("weights", ElementType.I8, bytes(stored)), self.channels.constant()
