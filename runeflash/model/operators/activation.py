"""The activations that an operator on floats may end with, and their names in the kernels."""

from __future__ import annotations

from runeflash.model.schema import Activation

FLOAT_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)


def c_name(activation: Activation) -> str:
    """Return the constant of ``rune_kernel.h``."""
    return f"RUNE_ACTIVATION_{activation.name}"
