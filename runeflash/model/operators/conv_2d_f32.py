"""CONV_2D of float32; also DEPTHWISE_CONV_2D with several output channels for each input channel: as many groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.pack_sums import pack_f32
from runeflash.model.operators.window import Window, window_fields
from runeflash.model.schema import Activation
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class Conv2DF32(Layer):
    """A convolution of float32; weights, channel by channel, and bias are little-endian bytes."""

    kind: str
    batches: int
    rows: Window
    columns: Window
    input_channels: int
    output_channels: int
    groups: int
    activation: Activation
    weights: memoryview
    bias: memoryview | None

    headers = ("kernels/conv_2d_f32.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        pixels = self.batches * self.rows.count * self.columns.count
        taps = self.rows.taps * self.columns.taps * self.input_channels // self.groups
        return pixels * taps * self.output_channels

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_f32(self.weights, self.output_channels, self.groups)
        weights = Constant("weights", ElementType.F32, packed)
        if self.bias is None:
            return (weights,)
        return weights, Constant("bias", ElementType.F32, bytes(self.bias))

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_conv_2d_shape",
                {
                    "batches": self.batches,
                    "input_height": self.rows.size,
                    "input_width": self.columns.size,
                    "input_channels": self.input_channels,
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "output_channels": self.output_channels,
                    **window_fields(self.rows, self.columns),
                    "groups": self.groups,
                    "clipped": int(self.rows.is_clipped or self.columns.is_clipped),
                    "activation": c_name(self.activation),
                },
            ),
            f"rune_conv_2d_f32(shape, {constants['weights']}, {constants.get('bias', '0')}, input, output);",
        ]
