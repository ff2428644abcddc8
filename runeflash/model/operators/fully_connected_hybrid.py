"""FULLY_CONNECTED of float inputs with int8 weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.fully_connected_i8 import weights_constant
from runeflash.model.operators.hybrid import HybridChannels
from runeflash.model.schema import Activation


@dataclass(frozen=True)
class FullyConnectedHybrid(Layer):
    """A hybrid FULLY_CONNECTED; ``weight_rows`` has the weights of each unit."""

    batches: int
    depth: int
    channels: HybridChannels
    activation: Activation
    weight_rows: tuple[memoryview, ...]

    operator = "FULLY_CONNECTED"
    headers = ("kernels/fully_connected_hybrid.h",)
    is_hybrid = True

    @property
    def macs(self) -> int:
        """One per weight and batch."""
        return self.batches * self.depth * len(self.weight_rows)

    @property
    def scratch_bytes(self) -> int:
        """A sum of int32 for each unit, then the inputs of a batch as int8."""
        return 4 * len(self.weight_rows) + self.depth

    def _make_constants(self) -> tuple[Constant, ...]:
        return weights_constant(self.weight_rows), *self.channels.constants()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_fully_connected_hybrid_shape",
                {
                    "batches": self.batches,
                    "depth": self.depth,
                    "units": len(self.weight_rows),
                    "form": self.channels.form,
                    "activation": c_name(self.activation),
                },
            ),
            *self.channels.lines(constants),
            f"rune_fully_connected_hybrid(shape, {constants['weights']}, channels, input, output,",
            "                            (int32_t *)(void *)scratch);",
        ]
