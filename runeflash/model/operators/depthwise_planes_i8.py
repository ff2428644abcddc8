"""Depthwise convolutions of int8 or uint8 that widen one channel at a time into a plane: what their kernels share."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from runeflash.model.graph import Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.quantized import Channels, Limits
from runeflash.model.operators.window import Window, window_fields

#: Working memory that a layer takes for more than one output row at a time: longer strips save next to nothing.
_STRIP_BYTES = 1536


def windows_reach_inside(rows: Window, columns: Window) -> bool:
    """Return whether each window has at least one row and one column of the image, as the planes want it."""
    return all(max(window.before, window.after) < window.extent for window in (rows, columns))


@dataclass(frozen=True)
class DepthwisePlanesI8(Layer):
    """A filter for each output channel, over one input channel each.

    Attributes:
        channels: with the input's zero point in the biases.
        weight_rows: the weights of each output channel by filter row and column, without their zero point; those of an
            input channel side by side.
        is_unsigned: whether inputs and outputs are uint8.
        kernel: its function in C.
    """

    batches: int
    rows: Window
    columns: Window
    input_channels: int
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[tuple[int, ...], ...]
    is_unsigned: bool = False

    operator = "DEPTHWISE_CONV_2D"
    kernel: ClassVar[str]

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        taps = self.rows.taps * self.columns.taps
        return self.batches * self.rows.count * self.columns.count * taps * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """A strip of one channel with its border, in int16."""
        rows = self._plane_rows
        return 2 * ((self._strip - 1) * rows.stride + rows.extent) * self._plane_width

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """A channel writes only to where its own values were, strip by strip, and a strip is read before it is written.

        When the output rows before row r are written, they end before pixel r * output width. The next strip keeps the
        rows that it shares with the strip before, so what is still to be read begins behind them. With the paddings of
        SAME and VALID that is never before that pixel; rows that are padded more than columns, or columns more than
        rows, are looked at. Where a plane's rows are the image's columns, one strip must be all.
        """
        rows, columns = self._plane_rows, self._plane_columns
        if self.batches != 1 or len(self.weight_rows) != self.input_channels:
            return ()
        if rows.count * columns.count > rows.size * columns.size:
            return ()
        kept = max(rows.extent - rows.stride, 0)
        for r in range(self._strip, rows.count, self._strip):
            if self.is_turned or (r * rows.stride - rows.before + kept) * columns.size < r * columns.count:
                return ()
        return (0,)

    @property
    def is_turned(self) -> bool:
        """Whether a plane's rows are the columns of the image."""
        return False

    @property
    def _plane_rows(self) -> Window:
        return self.columns if self.is_turned else self.rows

    @property
    def _plane_columns(self) -> Window:
        return self.rows if self.is_turned else self.columns

    @property
    @abc.abstractmethod
    def _row_words(self) -> int:
        """Words of a plane's row that two windows side by side read."""

    @property
    def _weight_offset(self) -> int:
        """What the kernel adds to every weight that is stored."""
        return 0

    @property
    def _strip(self) -> int:
        """Output rows of a plane that are computed at once: strips of about one height, as many as are needed."""
        rows = self._plane_rows
        room = _STRIP_BYTES // (2 * self._plane_width)
        longest = max((room - rows.extent) // rows.stride + 1, 1)
        strips = -(-rows.count // longest)
        return -(-rows.count // strips)

    @property
    def _plane_width(self) -> int:
        pairs = (self._plane_columns.count + 1) // 2
        return (pairs - 1) * 2 * self._plane_columns.stride + 2 * self._row_words

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        source, target = ("(const int8_t *)input", "(int8_t *)output") if self.is_unsigned else ("input", "output")
        rows, columns, count = self._plane_rows, self._plane_columns, len(self.weight_rows)
        steps = {
            "input": (self.columns.size * self.input_channels, self.input_channels),
            "output": (self.columns.count * count, count),
        }
        if self.is_turned:
            steps = {role: (step[1], step[0]) for role, step in steps.items()}
        return [
            *shape_struct(
                "rune_depthwise_planes_i8_shape",
                {
                    "batches": self.batches,
                    "input_height": rows.size,
                    "input_width": columns.size,
                    "input_channels": self.input_channels,
                    "output_height": rows.count,
                    "output_width": columns.count,
                    "multiplier": count // self.input_channels,
                    "input_row": steps["input"][0],
                    "input_column": steps["input"][1],
                    "output_row": steps["output"][0],
                    "output_column": steps["output"][1],
                    **window_fields(rows, columns),
                    "strip": self._strip,
                    "plane_width": self._plane_width,
                    "row_words": self._row_words,
                    "weight_offset": self._weight_offset,
                    "input_zero_point": self.input_zero_point,
                    "is_unsigned": int(self.is_unsigned),
                    "limits": self.limits.c_value,
                },
            ),
            f"{self.kernel}(shape, {', '.join(constants.values())}, {source}, {target},",
            f"{' ' * len(self.kernel)} (int16_t *)(void *)scratch);",
        ]
