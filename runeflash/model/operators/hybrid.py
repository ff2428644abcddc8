"""What hybrid operators (int8 weights, float activations) have in common: see ``kernels/hybrid.h``."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Tensor
from runeflash.model.operators import quantized
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class HybridChannels:
    """The output channels of a layer.

    Attributes:
        scales: of the weights: one, or one per channel.
        bias: little-endian float32, or None.
        weight_sums: of each channel; empty where the kernel does not need them.
        is_asymmetric: whether inputs are quantised with a zero point.
    """

    scales: tuple[float, ...]
    bias: memoryview | None
    weight_sums: tuple[int, ...]
    is_asymmetric: bool

    @property
    def form(self) -> str:
        """The constant of ``rune_hybrid_form``."""
        return "RUNE_HYBRID_ASYMMETRIC" if self.is_asymmetric else "RUNE_HYBRID_SYMMETRIC"

    def constants(self) -> tuple[Constant, ...]:
        """Return the arrays that the kernel reads."""
        scales = struct.pack(f"<{len(self.scales)}f", *self.scales)
        constants = [Constant("scales", ElementType.F32, scales)]
        if self.bias is not None:
            constants.append(Constant("bias", ElementType.F32, bytes(self.bias)))
        if self.weight_sums:
            sums = struct.pack(f"<{len(self.weight_sums)}i", *self.weight_sums)
            constants.append(Constant("weight_sums", ElementType.I32, sums))
        return tuple(constants)

    def lines(self, constants: Mapping[str, str]) -> list[str]:
        """Return the definition of a ``rune_hybrid_channels`` called ``channels``."""
        names = ", ".join(constants.get(role, "0") for role in ("scales", "bias", "weight_sums"))
        return [f"const rune_hybrid_channels channels = {{{names}, {int(len(self.scales) == 1)}}};"]


def read_channels(
    context: OperatorContext,
    weights: Tensor,
    bias: Tensor | None,
    channels: int,
    dimension: int,
    rows: Sequence[memoryview],
    *,
    is_asymmetric: bool,
) -> HybridChannels:
    """Return the checked channels; ``rows`` has the weights of each one whose sum the kernel needs.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    return HybridChannels(
        quantized.symmetric_scales(context, weights, "weights", channels, dimension),
        float_bias(context, bias, channels),
        tuple(sum(row) for row in rows) if is_asymmetric else (),
        is_asymmetric,
    )


def float_bias(context: OperatorContext, bias: Tensor | None, channels: int) -> memoryview | None:
    """Return the bytes of a float32 bias, or None where there is none."""
    if bias is None:
        return None
    context.check_type(bias, "bias", DataType.FLOAT32)
    if bias.count != channels:
        raise context.wrong(f"its bias, {bias}, of shape {list(bias.shape)} has not {channels} elements")
    return context.constant(bias, "bias")
