"""CONV_2D of float images with int8 weights; also DEPTHWISE_CONV_2D with several channels for each of the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.conv_2d_i8 import columns_bytes, conv_2d_i8_shape, pack_weights
from runeflash.model.operators.hybrid import HybridChannels
from runeflash.model.operators.quantized import Limits
from runeflash.model.operators.window import Window
from runeflash.model.schema import Activation
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class Conv2DHybrid(Layer):
    """A hybrid convolution; ``weight_rows`` has the weights of each output channel, by filter row and column."""

    kind: str
    batches: int
    rows: Window
    columns: Window
    input_channels: int
    channels: HybridChannels
    activation: Activation
    weight_rows: tuple[memoryview, ...]
    groups: int = 1

    headers = ("kernels/conv_2d_hybrid.h",)
    is_hybrid = True

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
    def scratch_bytes(self) -> int:
        """What the kernel of int8 puts together, then an image of int8."""
        return self._columns_bytes + self.rows.size * self.columns.size * self.input_channels

    @property
    def _columns_bytes(self) -> int:
        return columns_bytes(self.weight_rows, self.columns, self.input_channels // self.groups)

    def _make_constants(self) -> tuple[Constant, ...]:
        weights = Constant("weights", ElementType.I8, pack_weights(self.weight_rows, self.groups), alignment=4)
        return weights, *self.channels.constants()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            # Neither the zero point, which only the input gives, nor the limits of integers count.
            *conv_2d_i8_shape(
                self.batches,
                self.rows,
                self.columns,
                self.input_channels,
                len(self.weight_rows),
                self.groups,
                input_zero_point=0,
                limits=Limits(-128, 127),
            ),
            *self.channels.lines(constants),
            f"rune_conv_2d_hybrid(shape, {self.channels.form}, {c_name(self.activation)}, {constants['weights']},",
            "                    channels, input, output, (int16_t *)(void *)scratch,",
            f"                    (int8_t *)scratch + {self._columns_bytes});",
        ]
