"""SVDF of int8."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.fully_connected_i8 import weights_constant
from runeflash.model.operators.quantized import Limits, Multiplier
from runeflash.model.operators.svdf_shape import SvdfShape
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class SvdfI8(Layer):
    """SVDF of int8 with a state of int8 or int16.

    Attributes:
        state: the variable's index.
        state_type: int8 or int16: of the state and of the weights of time.
        feature_rows: the weights of each filter.
        feature_biases: of each filter: the input's zero point.
        feature_multiplier: to the state's scale.
        time: little-endian weights in the file's order.
        biases: of each unit, or none.
        multiplier: to the output's scale.
    """

    shape: SvdfShape
    state: int
    state_type: ElementType
    state_zero_point: int
    feature_rows: tuple[memoryview, ...]
    feature_biases: tuple[int, ...]
    feature_multiplier: Multiplier
    time: memoryview
    biases: tuple[int, ...]
    multiplier: Multiplier
    zero_point: int
    limits: Limits

    operator = "SVDF"
    headers = ("kernels/svdf_i8.h",)

    @property
    def variables(self) -> tuple[int, ...]:
        """The state."""
        return (self.state,)

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.shape.macs

    @property
    def scratch_bytes(self) -> int:
        """A sum of int32 for each filter."""
        return 4 * self.shape.filters

    def _make_constants(self) -> tuple[Constant, ...]:
        constants = [
            weights_constant(self.feature_rows),
            Constant("feature_biases", ElementType.I32, _int32(self.feature_biases)),
            Constant("time", self.state_type, bytes(self.time)),
        ]
        if self.biases:
            constants.append(Constant("biases", ElementType.I32, _int32(self.biases)))
        return tuple(constants)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        names = (constants["weights"], constants["feature_biases"], constants["time"], constants.get("biases", "0"))
        return [
            *shape_struct(
                "rune_svdf_i8_shape",
                {
                    **self.shape.fields(),
                    "feature_multiplier": self.feature_multiplier.fraction,
                    "feature_shift": self.feature_multiplier.shift,
                    "state_zero_point": self.state_zero_point,
                    "multiplier": self.multiplier.fraction,
                    "shift": self.multiplier.shift,
                    "zero_point": self.zero_point,
                    "limits": self.limits.c_value,
                },
            ),
            f"rune_svdf_{self.state_type.value}(shape, {', '.join(names)}, input, output, state,",
            "             (int32_t *)(void *)scratch);",
        ]


def _int32(values: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)
