"""DEPTHWISE_CONV_2D of int8 or uint8, and of float images with int8 weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.hybrid import HybridChannels
from runeflash.model.operators.quantized import Channels, Limits
from runeflash.model.operators.window import Window, window_fields
from runeflash.model.schema import Activation
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class DepthwiseConv2DI8(Layer):
    """DEPTHWISE_CONV_2D of int8 or uint8 with any filter and as many channels as the input; biases as in the file.

    Attributes:
        weights: without their zero point, in the file's order.
        is_unsigned: whether inputs and outputs are uint8.
    """

    batches: int
    rows: Window
    columns: Window
    input_zero_point: int
    channels: Channels
    limits: Limits
    weights: tuple[int, ...]
    is_unsigned: bool = False

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_conv_2d_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * len(self.weights)

    @property
    def is_general(self) -> bool:
        """As its channels say."""
        return self.channels.is_general

    @property
    def _channel_count(self) -> int:
        return len(self.weights) // (self.rows.taps * self.columns.taps)

    def _make_constants(self) -> tuple[Constant, ...]:
        return weights_constant(self.weights), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        source, target = ("(const int8_t *)input", "(int8_t *)output") if self.is_unsigned else ("input", "output")
        return [
            *depthwise_i8_shape(
                self.batches,
                self.rows,
                self.columns,
                self._channel_count,
                input_zero_point=self.input_zero_point,
                is_unsigned=self.is_unsigned,
                is_general=self.channels.is_general,
                limits=self.limits,
            ),
            f"rune_depthwise_conv_2d{'' if is_narrow(self.weights) else '_wide'}_i8(shape, {constants['weights']},",
            f"                          {constants['channels']}, {source}, {target});",
        ]


@dataclass(frozen=True)
class DepthwiseConv2DHybrid(Layer):
    """DEPTHWISE_CONV_2D of float images with int8 weights and as many channels; ``weights`` in the file's order."""

    batches: int
    rows: Window
    columns: Window
    channels: HybridChannels
    activation: Activation
    weights: tuple[int, ...]

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_conv_2d_i8.h",)
    is_hybrid = True

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * len(self.weights)

    @property
    def scratch_bytes(self) -> int:
        """An image of int8."""
        return self.rows.size * self.columns.size * self._channel_count

    @property
    def _channel_count(self) -> int:
        return len(self.weights) // (self.rows.taps * self.columns.taps)

    def _make_constants(self) -> tuple[Constant, ...]:
        return weights_constant(self.weights), *self.channels.constants()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            # Neither the zero point, which only the input gives, nor the limits of integers count.
            *depthwise_i8_shape(
                self.batches,
                self.rows,
                self.columns,
                self._channel_count,
                input_zero_point=0,
                limits=Limits(-128, 127),
            ),
            *self.channels.lines(constants),
            f"rune_depthwise_conv_2d_hybrid(shape, {self.channels.form}, {c_name(self.activation)},",
            f"                              {constants['weights']}, channels, input, output, (int8_t *)scratch);",
        ]


def is_narrow(weights: Sequence[int]) -> bool:
    """Whether all weights are int8: those of uint8 without their zero point may not be."""
    return min(weights) >= -128 and max(weights) <= 127


def weights_constant(weights: Sequence[int]) -> Constant:
    """Return weights as int8, or as int16 where they need it."""
    if is_narrow(weights):
        return Constant("weights", ElementType.I8, struct.pack(f"<{len(weights)}b", *weights))
    return Constant("weights", ElementType.I16, struct.pack(f"<{len(weights)}h", *weights))


def depthwise_i8_shape(
    batches: int,
    rows: Window,
    columns: Window,
    channels: int,
    *,
    input_zero_point: int,
    limits: Limits,
    is_unsigned: bool = False,
    is_general: bool = False,
) -> list[str]:
    """Return the definition of a ``rune_depthwise_conv_2d_i8_shape``."""
    return shape_struct(
        "rune_depthwise_conv_2d_i8_shape",
        {
            "batches": batches,
            "input_height": rows.size,
            "input_width": columns.size,
            "channels": channels,
            "output_height": rows.count,
            "output_width": columns.count,
            **window_fields(rows, columns),
            "input_zero_point": input_zero_point,
            "is_unsigned": int(is_unsigned),
            "general": int(is_general),
            "limits": limits.c_value,
        },
    )
