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
class Depthwise3x3I8(Layer):
    """DEPTHWISE_CONV_2D of int8 or uint8: a 3 by 3 filter, a stride of 1 or 2, as many channels as the input.

    Attributes:
        channels: with the input's zero point in the biases.
        weight_rows: nine weights per channel, without their zero point.
        is_unsigned: whether inputs and outputs are uint8.
    """

    batches: int
    rows: Window
    columns: Window
    input_zero_point: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[tuple[int, ...], ...]
    is_unsigned: bool = False

    operator = "DEPTHWISE_CONV_2D"
    headers = ("kernels/depthwise_3x3_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and output pixel."""
        return self.batches * self.rows.count * self.columns.count * 9 * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """One channel with its border, in int16."""
        return 2 * self._plane_height * self._plane_width

    @property
    def _plane_height(self) -> int:
        return (self.rows.count - 1) * self.rows.stride + 3

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
                    "channels": len(self.weight_rows),
                    "output_height": self.rows.count,
                    "output_width": self.columns.count,
                    "stride": self.rows.stride,
                    "padding_top": self.rows.before,
                    "padding_left": self.columns.before,
                    "plane_height": self._plane_height,
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
