"""How the channels of a file's tensors depend on each other: what the pass ``dead_channels`` reasons about.

A channel is an index of a tensor's last dimension. Only tensors of INT8 and UINT8 have channels here: their arithmetic
is exact, so that what is proved of the integers holds of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from runeflash.model.graph import Graph, Layer, Tensor
from runeflash.model.operators.quantized import Channels, Limits, Multiplier
from runeflash.model.operators.window import Window
from runeflash.model.read import FileOperator, ModelFile
from runeflash.model.schema import DataType

Integers = npt.NDArray[np.int64]
#: The last dimension of its weights counts the output channels, or the first.
_OUTPUT_AXIS = {"CONV_2D": 0, "FULLY_CONNECTED": 0, "DEPTHWISE_CONV_2D": 3}
_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
_LIMITS = {DataType.INT8: (-128, 127), DataType.UINT8: (0, 255)}
_NUMPY = {DataType.INT8: np.int8, DataType.UINT8: np.uint8}
_SUM_LIMIT = 1 << 31


@dataclass(frozen=True)
class Weighted:
    """A weighted sum: CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED of integers.

    Attributes:
        operator: in the file.
        source, weights, bias, output: its tensors.
        layer: as it will be compiled.
        is_clipped: whether taps lie outside the image, where they add nothing.
    """

    operator: FileOperator
    source: Tensor
    weights: Tensor
    bias: Tensor | None
    output: Tensor
    layer: Layer
    is_clipped: bool

    @property
    def is_depthwise(self) -> bool:
        """Whether each output channel is made of one input channel."""
        return self.operator.kind == "DEPTHWISE_CONV_2D"

    @property
    def output_axis(self) -> int:
        """The dimension of the weights that counts output channels."""
        return _OUTPUT_AXIS[self.operator.kind]

    @property
    def zero_point(self) -> int:
        """The stored input that adds nothing."""
        return zero_point(self.source)

    @cached_property
    def values(self) -> Integers:
        """The weights without their zero point: [output channels, taps, input channels of each]."""
        plain = stored(self.weights) - zero_point(self.weights)
        if self.is_depthwise:
            return plain.reshape(-1, plain.shape[-1], 1).transpose(1, 0, 2)
        return plain.reshape(plain.shape[0], -1, plain.shape[-1])

    @cached_property
    def biases(self) -> Integers:
        """One per output channel."""
        if self.bias is None or self.bias.data is None:
            return np.zeros(self.output.shape[-1], np.int64)
        return np.frombuffer(self.bias.data, "<i4").astype(np.int64)

    def stored_output(self, channel: int, total: int) -> int | None:
        """Return what the layer makes of a sum, or None where 32 bits would not hold it."""
        channels, limits = self._stage
        factor = channels.multipliers[channel if len(channels.multipliers) > 1 else 0]
        scaled = _requantise(total, factor)
        return None if scaled is None else min(max(scaled + channels.zero_point, limits.least), limits.greatest)

    @property
    def limits(self) -> Limits:
        """Of the output."""
        return self._stage[1]

    @property
    def _stage(self) -> tuple[Channels, Limits]:
        found: Any = self.layer
        return found.channels, found.limits


@dataclass(frozen=True)
class Passage:
    """An operator that keeps channels apart: channel i of its output is made of channel i % ``channels`` of its input.

    Attributes:
        source, output: its tensors.
        operator: in the file.
        inserted: a stored value that it puts in besides, or None.
        limits: to which it moves every value, or None.
    """

    source: Tensor
    output: Tensor
    operator: FileOperator
    inserted: int | None = None
    limits: Limits | None = None


Step = Weighted | Passage


def steps(model: ModelFile, graph: Graph) -> dict[int, Step]:
    """Return the operators through which channels can be followed, by their number; all others need every channel."""
    layers = {layer.index: layer for layer in graph.layers}
    found: dict[int, Step] = {}
    for operator in model.operators:
        step = _step(operator, model.tensors, layers[operator.index])
        if step is not None:
            found[operator.index] = step
    return found


def has_channels(tensor: Tensor) -> bool:
    """Whether a tensor is an activation whose channels are followed."""
    return tensor.type in _LIMITS and tensor.data is None and len(tensor.shape) > 0


def zero_point(tensor: Tensor) -> int:
    """Return the stored value that stands for 0."""
    found = tensor.quantization
    return found.zero_points[0] if found is not None and found.zero_points else 0


def stored(tensor: Tensor) -> Integers:
    """Return a constant's elements."""
    assert tensor.data is not None
    return np.frombuffer(tensor.data, _NUMPY[tensor.type]).reshape(tensor.shape).astype(np.int64)


def ranges(model: ModelFile, known: Mapping[int, Step]) -> dict[int, tuple[Integers, Integers]]:
    """Return the least and the greatest value that each channel of each tensor can have, by the tensor's index."""
    found: dict[int, tuple[Integers, Integers]] = {}

    def of(tensor: Tensor) -> tuple[Integers, Integers]:
        least, greatest = _LIMITS[tensor.type]
        size = tensor.shape[-1]
        return found.get(tensor.index, (np.full(size, least), np.full(size, greatest)))

    for operator in model.operators:
        step = known.get(operator.index)
        if isinstance(step, Weighted):
            found[step.output.index] = _weighted_range(step, *of(step.source))
        elif isinstance(step, Passage):
            least, greatest = of(step.source)
            if step.inserted is not None:
                least, greatest = np.minimum(least, step.inserted), np.maximum(greatest, step.inserted)
            if step.limits is not None:
                least, greatest = (np.clip(side, step.limits.least, step.limits.greatest) for side in (least, greatest))
            times = step.output.shape[-1] // step.source.shape[-1]
            found[step.output.index] = (np.tile(least, times), np.tile(greatest, times))
    return found


def _weighted_range(step: Weighted, least: Integers, greatest: Integers) -> tuple[Integers, Integers]:
    below, above = least - step.zero_point, greatest - step.zero_point
    if step.is_clipped:
        below, above = np.minimum(below, 0), np.maximum(above, 0)
    values = step.values
    count, _, depth = values.shape
    if step.is_depthwise:
        times = count // len(below)
        below, above = (np.repeat(side, times).reshape(count, 1, 1) for side in (below, above))
    else:
        below, above = (np.resize(side, depth).reshape(1, 1, depth) for side in (below, above))
    positive, negative = np.maximum(values, 0), np.minimum(values, 0)
    lowest = step.biases + (positive * below + negative * above).sum((1, 2))
    highest = step.biases + (positive * above + negative * below).sum((1, 2))
    results = np.empty((2, count), np.int64)
    for channel in range(count):
        low = step.stored_output(channel, int(lowest[channel]))
        high = step.stored_output(channel, int(highest[channel]))
        if low is None or high is None:
            low, high = step.limits.least, step.limits.greatest
        results[:, channel] = low, high
    return results[0], results[1]


def _requantise(total: int, factor: Multiplier) -> int | None:
    """Return what ``rune_requantise`` gives: it grows with ``total``, as each of its steps does."""
    if factor.shift < 0:
        total <<= -factor.shift
    if not -_SUM_LIMIT <= total < _SUM_LIMIT:
        return None
    product = (total * factor.fraction + (1 << 30)) >> 31
    if factor.shift <= 0:
        return product
    mask = (1 << factor.shift) - 1
    return (product >> factor.shift) + ((product & mask) > (mask >> 1) + (product < 0))


def _step(operator: FileOperator, tensors: tuple[Tensor, ...], layer: Layer) -> Step | None:
    first = operator.inputs[0] if operator.inputs else None
    if first is None or len(operator.outputs) != 1:
        return None
    source, output = tensors[first], tensors[operator.outputs[0]]
    if not has_channels(source) or output.type is not source.type:
        return None
    if operator.kind in _OUTPUT_AXIS:
        return _weighted(operator, tensors, layer, source, output)
    size, result = source.shape[-1], output.shape[-1] if output.shape else 0
    if operator.kind in _POOLS and size == result:
        limits = _limits(layer)
        return None if limits is None else Passage(source, output, operator, limits=limits)
    if operator.kind == "RESHAPE" and result % size == 0 and result > 0:
        return Passage(source, output, operator)
    if operator.kind == "PAD" and size == result and source.shape:
        return _pad(operator, tensors, source, output)
    return None


def _limits(layer: Layer) -> Limits | None:
    found = getattr(layer, "limits", None)
    return found if isinstance(found, Limits) else None


def _pad(operator: FileOperator, tensors: tuple[Tensor, ...], source: Tensor, output: Tensor) -> Step | None:
    index = operator.inputs[1] if len(operator.inputs) > 1 else None
    amounts = tensors[index] if index is not None else None
    if amounts is None or amounts.data is None or source.quantization != output.quantization:
        return None
    # The last dimension has as many channels as before, so it is not padded.
    return Passage(source, output, operator, zero_point(output))


def _weighted(
    operator: FileOperator, tensors: tuple[Tensor, ...], layer: Layer, source: Tensor, output: Tensor
) -> Step | None:
    index = operator.inputs[1]
    assert index is not None
    weights = tensors[index]
    bias_index = operator.inputs[2] if len(operator.inputs) > 2 else None
    bias = None if bias_index is None else tensors[bias_index]
    if (
        weights.type is not source.type
        or weights.data is None
        or (bias is not None and bias.type is not DataType.INT32)
    ):
        return None
    if not (
        isinstance(getattr(layer, "channels", None), Channels) and isinstance(getattr(layer, "limits", None), Limits)
    ):
        return None
    if operator.kind == "CONV_2D" and weights.shape[3] != source.shape[3]:
        return None  # groups
    if operator.kind == "FULLY_CONNECTED" and weights.shape[1] % source.shape[-1] != 0:
        return None
    windows = [getattr(layer, name, None) for name in ("rows", "columns")]
    clipped = any(isinstance(window, Window) and window.is_clipped for window in windows)
    return Weighted(operator, source, weights, bias, output, layer, clipped)
