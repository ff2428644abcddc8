"""Operators in numpy, written from their definition: sums of float32 that begin at the bias and go in index order.

The compiled kernels must give these very bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runeflash.model.schema import Activation, Padding

Floats = npt.NDArray[np.float32]


def activate(x: Floats, activation: Activation) -> Floats:
    """Clamp; a NaN stays."""
    low, high = {
        Activation.NONE: (None, None),
        Activation.RELU: (0, None),
        Activation.RELU_N1_TO_1: (-1, 1),
        Activation.RELU6: (0, 6),
    }[activation]
    if low is not None:
        x = np.where(x < low, np.float32(low), x)
    if high is not None:
        x = np.where(x > high, np.float32(high), x)
    return x


def fully_connected(x: Floats, weights: Floats, bias: Floats | None, activation: Activation) -> Floats:
    """Input [batches, depth], weights [units, depth]."""
    units, depth = weights.shape
    total = np.zeros((len(x), units), np.float32) if bias is None else np.tile(bias, (len(x), 1))
    for i in range(depth):
        total = total + x[:, i : i + 1] * weights[:, i]
    return activate(total, activation)


def _taps(size: int, count: int, window: int, stride: int, dilation: int, padding: Padding) -> npt.NDArray[np.int64]:
    """Return [output, tap]: the input position of each tap, which may lie outside."""
    extent = (window - 1) * dilation + 1
    before = max(0, (count - 1) * stride + extent - size) // 2 if padding is Padding.SAME else 0
    return np.arange(count)[:, None] * stride - before + np.arange(window) * dilation


def output_size(size: int, window: int, stride: int, dilation: int, padding: Padding) -> int:
    """Return how many windows fit."""
    if padding is Padding.SAME:
        return (size + stride - 1) // stride
    return (size - (window - 1) * dilation - 1) // stride + 1


def conv_2d(
    x: Floats,
    weights: Floats,
    bias: Floats | None,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Padding,
    activation: Activation,
) -> Floats:
    """Input NHWC, weights OHWI (I may be a fraction of the channels: groups)."""
    batches, height, width, channels = x.shape
    outputs, filter_height, filter_width, depth = weights.shape
    rows = output_size(height, filter_height, stride[0], dilation[0], padding)
    columns = output_size(width, filter_width, stride[1], dilation[1], padding)
    ys = _taps(height, rows, filter_height, stride[0], dilation[0], padding)
    xs = _taps(width, columns, filter_width, stride[1], dilation[1], padding)
    total = np.zeros((batches, rows, columns, outputs), np.float32)
    if bias is not None:
        total += bias
    group_of = np.arange(outputs) // (outputs // (channels // depth))
    for ky in range(filter_height):
        for kx in range(filter_width):
            inside = (
                ((ys[:, ky] >= 0) & (ys[:, ky] < height))[:, None] & ((xs[:, kx] >= 0) & (xs[:, kx] < width))[None, :]
            )[None, :, :, None]
            pixel = x[:, np.clip(ys[:, ky], 0, height - 1)][:, :, np.clip(xs[:, kx], 0, width - 1)]
            for channel in range(depth):
                seen = pixel[:, :, :, group_of * depth + channel]
                total = np.where(inside, total + seen * weights[:, ky, kx, channel], total)
    return activate(total, activation)


def depthwise_conv_2d(
    x: Floats,
    weights: Floats,
    bias: Floats | None,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Padding,
    activation: Activation,
) -> Floats:
    """Input NHWC, weights [1, height, width, channels * multiplier]."""
    channels = weights.shape[3]
    by_channel = np.ascontiguousarray(weights[0].transpose(2, 0, 1))[..., None]
    repeated = np.repeat(x, channels // x.shape[3], axis=3)
    return conv_2d(repeated, by_channel, bias, stride, dilation, padding, activation)


def average_pool_2d(
    x: Floats, window: tuple[int, int], stride: tuple[int, int], padding: Padding, activation: Activation
) -> Floats:
    """Input NHWC; the sum starts at 0 and takes the pixels inside the image in order."""
    batches, height, width, channels = x.shape
    rows = output_size(height, window[0], stride[0], 1, padding)
    columns = output_size(width, window[1], stride[1], 1, padding)
    ys = _taps(height, rows, window[0], stride[0], 1, padding)
    xs = _taps(width, columns, window[1], stride[1], 1, padding)
    total = np.zeros((batches, rows, columns, channels), np.float32)
    count = np.zeros((1, rows, columns, 1), np.float32)
    for ky in range(window[0]):
        for kx in range(window[1]):
            inside = (
                ((ys[:, ky] >= 0) & (ys[:, ky] < height))[:, None] & ((xs[:, kx] >= 0) & (xs[:, kx] < width))[None, :]
            )[None, :, :, None]
            pixel = x[:, np.clip(ys[:, ky], 0, height - 1)][:, :, np.clip(xs[:, kx], 0, width - 1)]
            total = np.where(inside, total + pixel, total)
            count = count + inside
    return activate(total / count, activation)


def mean(x: Floats, axes: tuple[int, ...], keep_dims: bool) -> Floats:
    """The sum starts at 0 and takes the elements in the order of the input."""
    rank = x.ndim
    goes = {axis % rank for axis in axes}
    kept = [i for i in range(rank) if i not in goes]
    moved = x.transpose(*kept, *sorted(goes)).reshape(*(x.shape[i] for i in kept), -1)
    total = np.zeros(moved.shape[:-1], np.float32)
    for i in range(moved.shape[-1]):
        total = total + moved[..., i]
    total = total / np.float32(moved.shape[-1])
    return total.reshape([1 if i in goes else x.shape[i] for i in range(rank)]) if keep_dims else total


def max_pool_2d(
    x: Floats, window: tuple[int, int], stride: tuple[int, int], padding: Padding, activation: Activation
) -> Floats:
    """Input NHWC; a NaN is never the greatest."""
    batches, height, width, channels = x.shape
    rows = output_size(height, window[0], stride[0], 1, padding)
    columns = output_size(width, window[1], stride[1], 1, padding)
    ys = _taps(height, rows, window[0], stride[0], 1, padding)
    xs = _taps(width, columns, window[1], stride[1], 1, padding)
    greatest = np.full((batches, rows, columns, channels), np.finfo(np.float32).min, np.float32)
    for ky in range(window[0]):
        for kx in range(window[1]):
            inside = (
                ((ys[:, ky] >= 0) & (ys[:, ky] < height))[:, None] & ((xs[:, kx] >= 0) & (xs[:, kx] < width))[None, :]
            )[None, :, :, None]
            pixel = x[:, np.clip(ys[:, ky], 0, height - 1)][:, :, np.clip(xs[:, kx], 0, width - 1)]
            greatest = np.where(inside & (greatest < pixel), pixel, greatest)
    return activate(greatest, activation)
