"""DEPTHWISE_CONV_2D of float32 with one output channel for each input channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.window import Window, window_fields
from runeflash.model.schema import Activation
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class DepthwiseConv2DF32(Layer):
    """DEPTHWISE_CONV_2D of float32; weights and bias are little-endian bytes in the file's order."""

    batches: int
    rows: Window
    columns: Window
    channels: int
    activation: Activation
    weights: memoryview
    bias: memoryview | None

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_conv_2d_f32.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        pixels = self.batches * self.rows.count * self.columns.count
        return pixels * self.rows.taps * self.columns.taps * self.channels

    def _make_constants(self) -> tuple[Constant, ...]:
        weights = Constant("weights", ElementType.F32, bytes(self.weights))
        if self.bias is None:
            return (weights,)
        return weights, Constant("bias", ElementType.F32, bytes(self.bias))

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_depthwise_conv_2d_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "channels": self.channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    **window_fields(self.rows, self.columns),
                    "clipped": int(self.rows.is_clipped or self.columns.is_clipped),
                    "activation": c_name(self.activation),
                },
            ),
            f"rune_depthwise_conv_2d_f32(shape, {constants['weights']}, {constants.get('bias', '0')}, input, output);",
        ]
