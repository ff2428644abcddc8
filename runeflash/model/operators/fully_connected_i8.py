"""FULLY_CONNECTED of int8 and of uint8."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.quantized import Channels, Limits, LongMultiplier, pack_rows
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class FullyConnectedI8(Layer):
    """FULLY_CONNECTED of int8; ``weight_rows`` has the weights of each unit."""

    batches: int
    depth: int
    channels: Channels
    limits: Limits
    weight_rows: tuple[memoryview, ...]

    operator = "FULLY_CONNECTED"
    headers = ("kernels/fully_connected_i8.h",)

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.depth * len(self.weight_rows)

    @property
    def is_general(self) -> bool:
        """As its channels say."""
        return self.channels.is_general

    def _make_constants(self) -> tuple[Constant, ...]:
        return weights_constant(self.weight_rows), self.channels.constant()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_fully_connected_i8_shape",
                {
                    "batches": self.batches,
                    "depth": self.depth,
                    "units": len(self.weight_rows),
                    "general": int(self.channels.is_general),
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_fully_connected_i8(shape, {constants['weights']}, {constants['channels']}, input, output);",
        ]


@dataclass(frozen=True)
class FullyConnectedU8(Layer):
    """FULLY_CONNECTED of uint8.

    Attributes:
        biases: with the input's zero point in them.
        weight_rows: the weights of each unit, as int8.
        weight_offset: what the kernel adds to every weight.
    """

    batches: int
    depth: int
    biases: tuple[int, ...]
    multiplier: LongMultiplier
    zero_point: int
    limits: Limits
    weight_rows: tuple[memoryview, ...]
    weight_offset: int

    operator = "FULLY_CONNECTED"
    headers = ("kernels/fully_connected_u8.h",)

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.depth * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """A sum of int32 for each unit."""
        return 4 * len(self.weight_rows)

    def _make_constants(self) -> tuple[Constant, ...]:
        biases = struct.pack(f"<{len(self.biases)}i", *self.biases)
        return weights_constant(self.weight_rows), Constant("biases", ElementType.I32, biases)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_fully_connected_u8_shape",
                {
                    "batches": self.batches,
                    "depth": self.depth,
                    "units": len(self.weight_rows),
                    "weight_offset": self.weight_offset,
                    "multiplier_high": self.multiplier.high,
                    "multiplier_low": self.multiplier.low,
                    "shift": self.multiplier.shift,
                    "zero_point": self.zero_point,
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_fully_connected_u8(shape, {constants['weights']}, {constants['biases']}, input, output,",
            "                        (int32_t *)(void *)scratch);",
        ]


def weights_constant(weight_rows: tuple[memoryview, ...]) -> Constant:
    """Return the weights of each unit as ``kernels/fully_connected_i8.h`` reads them."""
    return Constant("weights", ElementType.I8, pack_rows(weight_rows, (4, 1)), alignment=4)
