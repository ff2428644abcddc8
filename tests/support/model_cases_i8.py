"""One-operator int8 models over many shapes, options and scales; tflite-micro says what each must give."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from reference_kernels import output_size
from tflite_builder import (
    ModelBuilder,
    Options,
    Scales,
    binary_options,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    pool_2d_options,
    reshape_options,
    scale,
    softmax_options,
)

from runeflash.model.schema import Activation, DataType, Padding

ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)


@dataclass(frozen=True)
class CaseI8:
    """A model with one input and one output; ``judged`` is an equal model, where the judge cannot run the first."""

    name: str
    data: bytes
    shape: tuple[int, ...]
    type: DataType = DataType.INT8
    judged: bytes | None = None


@dataclass(frozen=True)
class Weighted:
    """What the weighted sums have in common.

    Attributes:
        seed: of the weights, biases and scales.
        channels: output channels.
        dimension: of the weights that counts them.
        per_channel: whether each has a scale of its own.
        gain: of the output's scale: small ones saturate, tiny ones need shifts to the left.
        with_bias: whether there are biases.
    """

    seed: int
    channels: int
    dimension: int
    per_channel: bool = True
    gain: float = 1.0
    with_bias: bool = True
    activation: Activation = Activation.NONE

    def add(
        self,
        kind: str,
        name: str,
        options: Options,
        shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        result: tuple[int, ...],
    ) -> CaseI8:
        """Return the model."""
        data = self._build(kind, options, shape, weight_shape, result, with_bias=self.with_bias)
        # tflite-micro ends with a segmentation fault when a depthwise convolution has no bias.
        crashes = kind == "DEPTHWISE_CONV_2D" and not self.with_bias
        judged = self._build(kind, options, shape, weight_shape, result, with_bias=True) if crashes else None
        return CaseI8(name, data, shape, judged=judged)

    def _build(
        self,
        kind: str,
        options: Options,
        shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        result: tuple[int, ...],
        *,
        with_bias: bool,
    ) -> bytes:
        generator = np.random.default_rng(self.seed)
        weights = generator.integers(-127, 128, weight_shape)
        depth = weights.size // self.channels
        input_scale = float(np.float32(generator.uniform(0.01, 0.1)))
        scales = generator.uniform(0.002, 0.02, self.channels if self.per_channel else 1).astype(np.float32)
        output_scale = float(np.float32(input_scale * scales.mean() * 40 * np.sqrt(depth) * self.gain))
        zero_points = generator.integers(-128, 128, 2)
        if self.activation is not Activation.NONE:
            zero_points[1] = generator.integers(-128, -40)
        biases = generator.integers(-3000, 3000, self.channels) * self.with_bias
        builder = ModelBuilder()
        x = builder.tensor(shape, name="x", type=DataType.INT8, scales=scale(input_scale, int(zero_points[0])))
        weight_scales = Scales(tuple(map(float, scales)), (), self.dimension)
        w = builder.tensor(weight_shape, weights, name="w", type=DataType.INT8, scales=weight_scales)
        bias_scales = Scales(tuple(float(np.float32(input_scale * s)) for s in scales))
        b = -1
        if with_bias:
            b = builder.tensor((self.channels,), biases, name="b", type=DataType.INT32, scales=bias_scales)
        y = builder.tensor(result, name="y", type=DataType.INT8, scales=scale(output_scale, int(zero_points[1])))
        builder.operator(kind, [x, w, b], [y], options, version=3)
        return builder.build([x], [y])


def fully_connected(name: str, batches: int, depth: int, more: Weighted) -> CaseI8:
    """A fully connected layer."""
    return more.add(
        "FULLY_CONNECTED",
        name,
        fully_connected_options(more.activation),
        (batches, depth),
        (more.channels, depth),
        (batches, more.channels),
    )


def convolution(
    name: str,
    shape: tuple[int, int, int, int],
    window: tuple[int, int],
    more: Weighted,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: Padding = Padding.SAME,
    depthwise: bool = False,
    groups: int = 1,
) -> CaseI8:
    """A convolution, or a depthwise one, with as many channels as ``more`` says."""
    rows = output_size(shape[1], window[0], stride[0], dilation[0], padding)
    columns = output_size(shape[2], window[1], stride[1], dilation[1], padding)
    result = (shape[0], rows, columns, more.channels)
    if depthwise:
        options = depthwise_conv_2d_options(padding, stride, dilation, more.activation, more.channels // shape[3])
        return more.add("DEPTHWISE_CONV_2D", name, options, shape, (1, *window, more.channels), result)
    options = conv_2d_options(padding, stride, dilation, more.activation)
    return more.add("CONV_2D", name, options, shape, (more.channels, *window, shape[3] // groups), result)


def _random_weighted(choose: random.Random, channels: int, dimension: int) -> Weighted:
    return Weighted(
        choose.randrange(1 << 30),
        channels,
        dimension,
        per_channel=choose.random() < 0.7,
        gain=choose.choice((0.3, 1.0, 1.0, 3.0)),
        with_bias=choose.random() < 0.8,
        activation=choose.choice((Activation.NONE, *ACTIVATIONS)),
    )


def _random_convolution(number: int, choose: random.Random, *, depthwise: bool) -> CaseI8:
    window = (choose.randint(1, 4), choose.randint(1, 4))
    if choose.random() < 0.4:
        window = (3, 3) if depthwise else (1, 1)
    dilation = (choose.choice((1, 1, 1, 2)), choose.choice((1, 1, 1, 3)))
    padding = choose.choice((Padding.SAME, Padding.VALID))
    least = [(taps - 1) * d + 1 if padding is Padding.VALID else 1 for taps, d in zip(window, dilation, strict=True)]
    inputs = choose.choice((1, 2, 3, 4, 5, 8, 12))
    channels = choose.choice((1, 2, 3, 4, 7, 8, 16))
    if depthwise:
        channels = inputs * choose.choice((1, 1, 1, 2, 3))
    shape = (
        choose.choice((1, 1, 2)),
        choose.randint(least[0], least[0] + 7),
        choose.randint(least[1], least[1] + 7),
        inputs,
    )
    same_stride = choose.randint(1, 2)
    stride = (same_stride, same_stride) if choose.random() < 0.6 else (choose.randint(1, 3), choose.randint(1, 3))
    kind = "depthwise" if depthwise else "conv"
    return convolution(
        f"{kind}_i8_{number}",
        shape,
        window,
        _random_weighted(choose, channels, 3 if depthwise else 0),
        stride=stride,
        dilation=dilation,
        padding=padding,
        depthwise=depthwise,
    )


def _unary(
    name: str,
    kind: str,
    shape: Sequence[int],
    result: Sequence[int],
    options: Options | None,
    scales: tuple[Scales, Scales],
    *,
    types: tuple[DataType, DataType] = (DataType.INT8, DataType.INT8),
    version: int = 2,
) -> CaseI8:
    builder = ModelBuilder()
    x = builder.tensor(shape, name="x", type=types[0], scales=scales[0] if types[0] is not DataType.FLOAT32 else None)
    y = builder.tensor(result, name="y", type=types[1], scales=scales[1] if types[1] is not DataType.FLOAT32 else None)
    builder.operator(kind, [x], [y], options, version=version)
    return CaseI8(name, builder.build([x], [y]), tuple(shape), types[0])


def _random_pool(number: int, choose: random.Random, kind: str) -> CaseI8:
    window = (choose.randint(1, 4), choose.randint(1, 4))
    padding = choose.choice((Padding.SAME, Padding.VALID))
    stride = (choose.randint(1, 3), choose.randint(1, 3))
    size = (choose.randint(window[0], window[0] + 6), choose.randint(window[1], window[1] + 6))
    batches, channels = choose.choice((1, 1, 2)), choose.randint(1, 9)
    result = [output_size(size[i], window[i], stride[i], 1, padding) for i in (0, 1)]
    scales = scale(0.05, choose.randint(-128, 20))
    return _unary(
        f"{kind.lower()}_i8_{number}",
        kind,
        (batches, *size, channels),
        (batches, *result, channels),
        pool_2d_options(window, stride, padding, choose.choice(ACTIVATIONS)),
        (scales, scales),
    )


def _binary(
    name: str,
    kind: str,
    shape: tuple[int, ...],
    other: tuple[int, ...] | None,
    result: tuple[int, ...],
    choose: random.Random,
) -> CaseI8:
    """ADD, SUB or MUL with a constant of shape ``other``, or with itself."""
    scales = [float(np.float32(choose.uniform(0.01, 0.2))) for _ in range(2)]
    size = (scales[0] * scales[1] * 60 if kind == "MUL" else sum(scales)) * choose.choice((0.3, 0.8, 1.5))
    builder = ModelBuilder()
    given = scale(scales[0], choose.randint(-128, 127))
    x = builder.tensor(shape, name="x", type=DataType.INT8, scales=given)
    second = x
    if other is not None:
        values = np.random.default_rng(len(name)).integers(-128, 128, other)
        constant = scale(scales[1], choose.randint(-128, 127))
        second = builder.tensor(other, values, name="c", type=DataType.INT8, scales=constant)
    made = scale(float(np.float32(size)), choose.randint(-100, 20))
    y = builder.tensor(result, name="y", type=DataType.INT8, scales=made)
    options = binary_options(kind, choose.choice(ACTIVATIONS))
    builder.operator(kind, [second, x] if choose.random() < 0.4 else [x, second], [y], options, version=2)
    return CaseI8(name, builder.build([x], [y]), shape)


def _filters_over_planes(choose: random.Random) -> list[CaseI8]:
    """Depthwise convolutions with other filters than 3 by 3, with windows enough for the kernel that widens a channel:
    each number of words that a filter row takes, odd and even widths, several strips, rows that are columns.
    """
    same, valid = Padding.SAME, Padding.VALID
    cases = []
    for number, (window, shape, multiplier, stride, dilation, padding) in enumerate(
        (
            ((5, 5), (2, 12, 11, 3), 1, (1, 1), (1, 1), same),
            ((5, 5), (1, 13, 12, 4), 1, (2, 2), (1, 1), same),
            ((5, 5), (1, 40, 40, 1), 2, (1, 1), (1, 1), valid),
            ((1, 3), (1, 12, 13, 2), 1, (1, 1), (1, 1), same),
            ((3, 1), (2, 13, 12, 2), 2, (1, 1), (1, 1), same),
            ((1, 3), (1, 3, 40, 2), 3, (1, 2), (1, 1), valid),
            ((2, 2), (1, 11, 12, 3), 2, (1, 1), (1, 1), same),
            ((2, 2), (1, 12, 12, 2), 2, (2, 2), (1, 1), valid),
            ((8, 10), (1, 20, 24, 2), 2, (1, 1), (1, 1), same),
            ((10, 8), (1, 49, 40, 1), 4, (2, 2), (1, 1), same),
            ((10, 4), (1, 25, 5, 4), 1, (1, 1), (1, 1), same),
            ((9, 1), (1, 64, 1, 3), 1, (1, 1), (1, 1), same),
            ((7, 7), (1, 14, 15, 2), 1, (1, 1), (1, 1), same),
            ((6, 4), (1, 14, 15, 2), 1, (3, 1), (1, 1), valid),
            ((3, 3), (1, 24, 24, 2), 1, (1, 1), (2, 2), same),
            ((3, 3), (1, 14, 13, 2), 1, (2, 1), (1, 1), same),
            ((3, 5), (1, 14, 18, 2), 1, (1, 2), (3, 1), same),
            ((4, 4), (1, 40, 60, 2), 2, (5, 1), (1, 1), same),
        )
    ):
        cases.append(
            convolution(
                f"depthwise_i8_rows_{number}",
                shape,
                window,
                _random_weighted(choose, shape[3] * multiplier, 3),
                stride=stride,
                dilation=dilation,
                padding=padding,
                depthwise=True,
            )
        )
    return cases


def all_cases_i8() -> list[CaseI8]:
    """Return every case, the same each time."""
    choose = random.Random(8)
    cases = [_random_convolution(i, choose, depthwise=False) for i in range(36)]
    cases += [_random_convolution(i, choose, depthwise=True) for i in range(48)]
    for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        cases += [_random_pool(i, choose, kind) for i in range(12)]
    for units in (1, 2, 3, 4, 5, 8, 11):
        for depth in (1, 3, 4, 7, 8, 13, 64):
            more = _random_weighted(choose, units, 0)
            cases.append(fully_connected(f"fc_i8_{units}_{depth}", choose.choice((1, 3)), depth, more))
    for name, inputs, channels, groups, window in (("two", 6, 8, 2, (3, 3)), ("three", 3, 9, 3, (1, 1))):
        more = Weighted(groups, channels, 0)
        cases.append(convolution(f"conv_i8_{name}_groups", (2, 5, 4, inputs), window, more, groups=groups))
    # Factors of 1/2 and more need shifts of 0 or to the left: the general form.
    for number, gain in enumerate((0.02, 0.004, 0.0005)):
        more = Weighted(number, 5, 0, gain=gain)
        cases.append(fully_connected(f"fc_i8_general_{number}", 2, 9, more))
        cases.append(convolution(f"conv_i8_general_{number}", (1, 5, 5, 3), (3, 2), more))
        more = Weighted(number, 4, 3, gain=gain)
        cases.append(convolution(f"depthwise_i8_general_{number}", (1, 5, 5, 4), (3, 3), more, depthwise=True))
        cases.append(convolution(f"depthwise_i8_one_{number}", (1, 5, 5, 1), (3, 3), more, depthwise=True))
    # Factors near 2^-32 give nothing but the zero point.
    cases.append(fully_connected("fc_i8_tiny", 1, 9, Weighted(1, 3, 0, gain=1e8)))
    for number, (shape, beta, size) in enumerate(
        (((1, 4), 1.0, 0.1), ((3, 17), 1.0, 0.03), ((2, 2, 5), 0.5, 0.2), ((40,), 2.0, 0.9), ((1, 2), 1.0, 8.0))
    ):
        given = scale(size, 7)
        options = softmax_options(beta)
        cases.append(_unary(f"softmax_i8_{number}", "SOFTMAX", shape, shape, options, (given, scale(1 / 256, -128))))
        types = (DataType.INT8, DataType.INT16)
        scales = (given, scale(1 / 65536, -32768))
        cases.append(_unary(f"softmax_i8_i16_{number}", "SOFTMAX", shape, shape, options, scales, types=types))
    for number, (first, second) in enumerate(((0.1, 0.05), (0.05, 0.1), (0.02, 0.02), (0.004, 0.9))):
        scales = (scale(first, -5), scale(second, 9 * number))
        for source, target in (
            (DataType.FLOAT32, DataType.INT8),
            (DataType.INT8, DataType.INT8),
            (DataType.INT16, DataType.INT8),
            (DataType.INT8, DataType.FLOAT32),
        ):
            kind = "DEQUANTIZE" if target is DataType.FLOAT32 else "QUANTIZE"
            given = (scale(first, 0), scales[1]) if source is DataType.INT16 else scales
            name = f"{kind.lower()}_{source.name.lower()}_{target.name.lower()}_{number}"
            cases.append(_unary(name, kind, (3, 50), (3, 50), None, given, types=(source, target)))
    for kind in ("ADD", "SUB", "MUL"):
        for number, (shape, other, result) in enumerate(
            (
                ((1, 4, 5, 3), (1, 4, 5, 3), (1, 4, 5, 3)),
                ((1, 4, 5, 3), None, (1, 4, 5, 3)),
                ((2, 4, 5, 3), (3,), (2, 4, 5, 3)),
                ((2, 4, 5, 3), (2, 1, 1, 3), (2, 4, 5, 3)),
                ((7, 1), (1, 6), (7, 6)),
                ((64,), (1,), (64,)),
            )
        ):
            cases.append(_binary(f"{kind.lower()}_i8_{number}", kind, shape, other, result, choose))
    cases += _filters_over_planes(choose)
    scales = (scale(0.1, 3), scale(0.1, 3))
    cases.append(_unary("reshape_i8", "RESHAPE", (2, 6), (3, 4), reshape_options((3, 4)), scales, version=1))
    return cases
