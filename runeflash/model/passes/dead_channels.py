"""Removes channels that cannot matter: those that always have one value, and those that nothing reads.

Why the result cannot change. Training with regularisation leaves channels whose weights are all zero. For a channel of
a weighted sum of integers the least and the greatest sum follow from its weights, its bias and the ranges of its
inputs; requantisation grows with the sum, so the results of these two bound every result, and where they are equal the
channel is a constant c. A sum that reads it adds (c - z) * w at each of its taps inside the image, z being the zero
point. That is 0 if c = z or w = 0; if no tap ever lies outside the image it is the same at every pixel, and is added to
the bias instead. Sums are computed modulo 2^32, in which the order of additions does not matter. Anything else that
reads a channel (a pool, a padding, a depthwise convolution) is only left without it if nothing needs what it makes of
it, by the same rules. A channel of the model's inputs and outputs stays, and so does a tensor's last one; which of
those that could go are left makes no difference to the result.
Floats are left alone: 0 times infinity is no zero.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from runeflash.model.graph import Quantization, Tensor
from runeflash.model.lower import lower
from runeflash.model.passes.channel_flow import Integers, Passage, Step, Weighted, ranges, steps
from runeflash.model.read import FileOperator, ModelFile
from runeflash.model.schema import DataType

Flags = npt.NDArray[np.bool_]
_BIAS_LIMIT = 1 << 31
_WORD = 4
#: Beyond these, of all tensors and layers together, nothing is done: no microcontroller has the memory, and it would
#: take long.
_MOST_CHANNELS = 1 << 20
_MOST_WEIGHTS = 1 << 24
#: A few rounds are enough for any network that somebody has trained.
_MOST_ROUNDS = 50


def remove_dead_channels(model: ModelFile) -> tuple[ModelFile, int]:
    """Return the model, which is known to be sound, without the channels that cannot matter, and how many of weighted
    sums those are.
    """
    known = steps(model, lower(model))
    tensors = {tensor.index: tensor for step in known.values() for tensor in (step.source, step.output)}
    weights = sum(step.weights.size for step in known.values() if isinstance(step, Weighted))
    if sum(tensor.shape[-1] for tensor in tensors.values()) > _MOST_CHANNELS or weights > _MOST_WEIGHTS:
        return model, 0
    values = ranges(model, known)
    dead = _dead(model, known, values, tensors.values())
    if not any(flags.any() for flags in dead.values()):
        return model, 0
    removed = sum(int(dead[s.output.index].sum()) for s in known.values() if isinstance(s, Weighted))
    return _without(model, known, values, dead), removed


def _dead(
    model: ModelFile,
    known: Mapping[int, Step],
    values: Mapping[int, tuple[Integers, Integers]],
    tensors: Iterable[Tensor],
) -> dict[int, Flags]:
    """Return which channels of each tensor are removed: the most that satisfy every operator."""
    readers: dict[int, list[FileOperator]] = defaultdict(list)
    for operator in model.operators:
        for index in operator.inputs:
            if index is not None:
                readers[index].append(operator)
    writers = {index: operator for operator in model.operators for index in operator.outputs}
    dead: dict[int, Flags] = {}
    for tensor in tensors:
        followed = (
            tensor.index in writers
            and tensor.index not in model.outputs
            and all(reader.index in known for reader in (writers[tensor.index], *readers[tensor.index]))
        )
        dead[tensor.index] = np.full(tensor.shape[-1], followed)
    for step in known.values():
        if isinstance(step, Weighted) and not step.is_depthwise:
            dead[step.source.index] &= _absorbed(step, values)
    _agree(known, dead)
    for _ in range(_MOST_ROUNDS):
        if not _keep_one(dead) and not _fill_words(dead):
            return dead
        _agree(known, dead)
    return {index: np.zeros_like(flags) for index, flags in dead.items()}


def _agree(known: Mapping[int, Step], dead: dict[int, Flags]) -> None:
    """Take channels back until every operator that keeps them apart can do without those that are left."""
    joined = [step for step in known.values() if isinstance(step, Passage) or step.is_depthwise]
    before = -1
    while (count := sum(int(flags.sum()) for flags in dead.values())) != before:
        before = count
        for step in (*joined, *reversed(joined)):
            _join(step, dead)


def _keep_one(dead: dict[int, Flags]) -> bool:
    """Take a channel back where none would be left."""
    empty = [flags for flags in dead.values() if flags.all()]
    for flags in empty:
        flags[0] = False
    return bool(empty)


def _fill_words(dead: dict[int, Flags]) -> bool:
    """Take channels back where otherwise no whole words would be left of what was whole words: kernels like those."""
    changed = False
    for flags in dead.values():
        excess = -(len(flags) - int(flags.sum())) % _WORD
        if flags.any() and len(flags) % _WORD == 0 and excess:
            flags[np.flatnonzero(flags)[:excess]] = False
            changed = True
    return changed


def _absorbed(step: Weighted, values: Mapping[int, tuple[Integers, Integers]]) -> Flags:
    """Return which channels of its input a weighted sum can do without."""
    size = step.source.shape[-1]
    weights = step.values.reshape(step.values.shape[0], -1, size)
    unused = (weights == 0).all((0, 1))
    if step.source.index not in values:
        return np.asarray(unused)
    least, greatest = values[step.source.index]
    adds_nothing = least == step.zero_point
    moved = least - step.zero_point
    largest = np.abs(step.biases) + (np.abs(weights).sum(1) * np.abs(moved)).sum(1)
    can_move = not step.is_clipped and step.bias is not None and int(largest.max()) < _BIAS_LIMIT
    return np.asarray(unused | ((least == greatest) & (adds_nothing | can_move)))


def _join(step: Step, dead: dict[int, Flags]) -> None:
    """Let an operator that keeps channels apart lose those of its input and of its output together."""
    source, output = dead[step.source.index], dead[step.output.index]
    # A depthwise convolution has the output channels of one input channel side by side.
    shape = (len(source), -1) if isinstance(step, Weighted) else (-1, len(source))
    both = source & output.reshape(shape).all(1 if isinstance(step, Weighted) else 0)
    source[:] = both
    output[:] = (
        np.repeat(both, len(output) // len(source)) if isinstance(step, Weighted) else np.resize(both, len(output))
    )


def _without(
    model: ModelFile,
    known: Mapping[int, Step],
    values: Mapping[int, tuple[Integers, Integers]],
    dead: Mapping[int, Flags],
) -> ModelFile:
    tensors = [
        dataclasses.replace(tensor, shape=(*tensor.shape[:-1], int((~dead[tensor.index]).sum())))
        if tensor.index in dead and dead[tensor.index].any()
        else tensor
        for tensor in model.tensors
    ]

    def add(like: Tensor, array: npt.NDArray[np.generic], quantization: Quantization | None) -> int:
        data = memoryview(array.astype(array.dtype.newbyteorder("<")).tobytes())
        tensors.append(
            dataclasses.replace(like, index=len(tensors), shape=array.shape, data=data, quantization=quantization)
        )
        return len(tensors) - 1

    operators = []
    for operator in model.operators:
        step = known.get(operator.index)
        if step is None or not (dead[step.source.index].any() or dead[step.output.index].any()):
            operators.append(operator)
            continue
        inputs = list(operator.inputs)
        if isinstance(step, Weighted):
            kept = ~dead[step.output.index]
            weights = _weights(step, ~dead[step.source.index], kept)
            inputs[1] = add(step.weights, weights, _quantization(step, kept))
            if step.bias is not None:
                bias = _bias(step, values, dead[step.source.index])[kept]
                inputs[2] = add(step.bias, bias.astype(np.int32), step.bias.quantization)
        elif operator.kind == "RESHAPE":
            shape = np.array(tensors[step.output.index].shape, np.int32)
            like = Tensor(0, "shape", DataType.INT32, (), None, None, is_variable=False, is_sparse=False)
            inputs = [operator.inputs[0], add(like, shape, None)]
        operators.append(dataclasses.replace(operator, inputs=tuple(inputs)))
    return dataclasses.replace(model, tensors=tuple(tensors), operators=tuple(operators))


def _weights(step: Weighted, source: Flags, output: Flags) -> npt.NDArray[np.generic]:
    assert step.weights.data is not None
    kind = np.int8 if step.weights.type is DataType.INT8 else np.uint8
    array = np.frombuffer(step.weights.data, kind).reshape(step.weights.shape)
    array = np.compress(output, array, step.output_axis)
    if not step.is_depthwise:
        last = array.shape[-1]
        array = np.compress(np.resize(source, last), array, array.ndim - 1)
    return array


def _bias(step: Weighted, values: Mapping[int, tuple[Integers, Integers]], removed: Flags) -> Integers:
    if step.is_depthwise or step.source.index not in values or not removed.any():
        return step.biases
    least, greatest = values[step.source.index]
    # What is not constant is multiplied by zeros.
    moved = np.where(removed & (least == greatest), least - step.zero_point, 0)
    weights = step.values.reshape(step.values.shape[0], -1, len(removed))
    return np.asarray(step.biases + (weights.sum(1) * moved).sum(1))


def _quantization(step: Weighted, kept: Flags) -> Quantization | None:
    found = step.weights.quantization
    if found is None or len(found.scales) == 1:
        return found
    scales = tuple(scale for scale, keep in zip(found.scales, kept, strict=True) if keep)
    # The zero points of several scales are all 0: nothing else is supported.
    return dataclasses.replace(found, scales=scales, zero_points=(0,) * len(scales))
