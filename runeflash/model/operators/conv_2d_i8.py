"""CONV_2D of int8; also DEPTHWISE_CONV_2D over an image of one channel, which is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.lead import window_lead
from runeflash.model.operators.quantized import Channels, Limits, pack_rows
from runeflash.model.operators.window import Window
from runeflash.tensors import ElementType

#: The middle two of four weights are exchanged: see ``kernels/sums_i8.h``.
_ORDER = (0, 2, 1, 3)


@dataclass(frozen=True)
class Conv2DI8(Layer):
    """A convolution of int8; ``weight_rows`` has the weights of each output channel, by filter row and column."""

    kind: str
    batches: int
    rows: Window
    columns: Window
    input_channels: int
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[memoryview, ...]

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
        """Two columns of int16, interleaved."""
        return 2 * 2 * ((len(self.weight_rows[0]) + 3) // 4 * 4)

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
        packed = pack_rows(self.weight_rows, (2, 1), _ORDER)
        return Constant("weights", ElementType.I8, packed, alignment=4), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_conv_2d_i8_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "input_channels": self.input_channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "output_channels": len(self.weight_rows),
                    "filter_height": self.rows.taps,
                    "filter_width": self.columns.taps,
                    "stride_height": self.rows.stride,
                    "stride_width": self.columns.stride,
                    "dilation_height": self.rows.dilation,
                    "dilation_width": self.columns.dilation,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "input_zero_point": self.input_zero_point,
                    "general": int(self.channels.is_general),
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_conv_2d_i8(shape, {constants['weights']}, {constants['channels']}, input, output,",
            "                (int16_t *)(void *)scratch);",
        ]
