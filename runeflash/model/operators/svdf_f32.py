"""SVDF of float32, and of float inputs with int8 features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators.activation import c_name
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.fully_connected_i8 import weights_constant
from runeflash.model.operators.hybrid import HybridChannels
from runeflash.model.operators.pack_sums import pack_f32
from runeflash.model.operators.svdf_shape import SvdfShape
from runeflash.model.schema import Activation
from runeflash.tensors import ElementType


@dataclass(frozen=True)
class Svdf(Layer):
    """SVDF with a state of float32.

    Attributes:
        state: the variable's index.
        time: little-endian float32 weights in the file's order.
        biases: likewise, of each unit, or None.
    """

    shape: SvdfShape
    state: int
    activation: Activation
    time: bytes
    biases: memoryview | None

    operator = "SVDF"
    headers = ("kernels/svdf_f32.h",)

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
        """The newest result of each filter."""
        return 4 * self.shape.filters

    def _common_constants(self) -> tuple[Constant, ...]:
        time = Constant("time", ElementType.F32, self.time)
        return (time,) if self.biases is None else (time, Constant("biases", ElementType.F32, bytes(self.biases)))

    def _shape(self) -> list[str]:
        return shape_struct("rune_svdf_shape", {**self.shape.fields(), "activation": c_name(self.activation)})


@dataclass(frozen=True)
class SvdfF32(Svdf):
    """SVDF of float32; ``features`` are little-endian weights in the file's order."""

    features: memoryview

    def _make_constants(self) -> tuple[Constant, ...]:
        packed = pack_f32(self.features, self.shape.filters)
        return Constant("weights", ElementType.F32, packed), *self._common_constants()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        names = (constants["weights"], constants["time"], constants.get("biases", "0"))
        return [
            *self._shape(),
            f"rune_svdf_f32(shape, {', '.join(names)}, input, output, state, (float *)(void *)scratch);",
        ]


@dataclass(frozen=True)
class SvdfHybrid(Svdf):
    """SVDF of float inputs with int8 features; ``feature_rows`` has those of each filter."""

    channels: HybridChannels
    feature_rows: tuple[memoryview, ...]

    is_hybrid = True

    @property
    def scratch_bytes(self) -> int:
        """The newest result of each filter, its sum, and the inputs of a batch as int8."""
        return 8 * self.shape.filters + self.shape.depth

    def _make_constants(self) -> tuple[Constant, ...]:
        return weights_constant(self.feature_rows), *self.channels.constants(), *self._common_constants()

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        biases = constants.get("biases", "0")
        return [
            *self._shape(),
            *self.channels.lines(constants),
            f"rune_svdf_hybrid(shape, {self.channels.form}, {constants['weights']}, channels, {constants['time']},",
            f"                 {biases}, input, output, state, (float *)(void *)scratch);",
        ]
