"""One-operator models of the windowed and matrix operators in uint8, hybrid and float, and with a state.

Each says who judges it: tflite-micro, or LiteRT's reference kernels where tflite-micro refuses the types.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from judges import Array, lite_rt, tflite_micro
from reference_kernels import output_size
from tflite_builder import (
    ModelBuilder,
    Options,
    Scales,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    mean_options,
    pool_2d_options,
    scale,
    softmax_options,
    svdf_options,
)

from runeflash.model.schema import Activation, DataType, Padding

ACTIVATIONS = (Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)
Judge = Callable[[bytes, Sequence[Sequence[Array]]], list[list[Array]]]
_RANGES = {DataType.INT8: (-128, 127), DataType.UINT8: (0, 255), DataType.INT16: (-32768, 32767)}


@dataclass(frozen=True)
class TypedCase:
    """A model with one input and one output.

    Attributes:
        name: a C identifier.
        data: the file.
        shape: of the input.
        type: of the input.
        judge: of ``judges.py``.
        steps: how many inferences follow each other: more than one shows the state.
        judged: an equal model, where the judge cannot run the first.
    """

    name: str
    data: bytes
    shape: tuple[int, ...]
    type: DataType
    judge: Judge = lite_rt
    steps: int = 1
    judged: bytes | None = None

    def inputs(self) -> list[list[npt.NDArray[np.generic]]]:
        """Return sequences of inputs, each as long as ``steps``."""
        generator = np.random.default_rng(9)
        if self.type is DataType.FLOAT32:
            sequences = [
                [(generator.normal(size=self.shape) * size + offset).astype(np.float32) for _ in range(self.steps)]
                for size, offset in ((1, 0), (20, 3), (0.1, -0.5))
            ]
            return [*sequences, [np.zeros(self.shape, np.float32)] * self.steps]
        least, greatest = _RANGES[self.type]
        dtype = {DataType.INT8: np.int8, DataType.UINT8: np.uint8}[self.type]
        sequences = [
            [generator.integers(least, greatest + 1, self.shape).astype(dtype) for _ in range(self.steps)]
            for _ in range(2)
        ]
        return [*sequences, *([np.full(self.shape, value, dtype)] * self.steps for value in (least, greatest))]


def _float32(value: float) -> float:
    return float(np.float32(value))


@dataclass(frozen=True)
class Weighted:
    """A weighted sum.

    Attributes:
        type: ``u8`` or ``hybrid``.
        channels: output channels.
        dimension: of the weights that counts them.
        per_channel: whether hybrid weights have a scale for each.
        gain: of the output's scale.
        weight_type: of hybrid weights: old files write INT8 as UINT8.
        wide: whether the zero point of uint8 weights is so far from the middle that they do not fit int8 without it.
    """

    type: str
    channels: int
    dimension: int
    per_channel: bool = False
    gain: float = 1.0
    wide: bool = True
    weight_type: DataType = DataType.INT8

    def build(
        self,
        kind: str,
        options: Options,
        shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        result: tuple[int, ...],
        zero_bias: bool = False,
        with_bias: bool = True,
        version: int = 1,
    ) -> bytes:
        """Return the model; the same seed gives the same numbers with and without a bias."""
        generator = np.random.default_rng(self.channels * 1000 + int(np.prod(weight_shape)))
        builder = ModelBuilder()
        depth = int(np.prod(weight_shape)) // self.channels
        if self.type == "u8":
            zero_points = generator.integers(0, 256, 2)
            weight_zero_point = int(generator.integers(60, 200)) if self.wide else 128
            input_scale, weight_scale = (_float32(generator.uniform(0.004, 0.03)) for _ in range(2))
            output_scale = _float32(input_scale * weight_scale * 60 * np.sqrt(depth) * self.gain)
            weights = generator.integers(0, 256, weight_shape)
            x = builder.tensor(shape, type=DataType.UINT8, scales=scale(input_scale, int(zero_points[0])))
            w = builder.tensor(
                weight_shape, weights, type=DataType.UINT8, scales=scale(weight_scale, weight_zero_point)
            )
            biases = generator.integers(-3000, 3000, self.channels) * (not zero_bias)
            bias_scale = scale(_float32(np.float32(input_scale) * np.float32(weight_scale)))
            inputs = [x, w, -1]
            if with_bias:
                inputs[2] = builder.tensor((self.channels,), biases, type=DataType.INT32, scales=bias_scale)
            y = builder.tensor(result, type=DataType.UINT8, scales=scale(output_scale, int(zero_points[1]) // 2))
        else:
            x = builder.tensor(shape)
            weights = generator.integers(-127, 128, weight_shape)
            count = self.channels if self.per_channel else 1
            scales = tuple(map(float, generator.uniform(0.002, 0.02, count).astype(np.float32)))
            weight_scales = Scales(scales, (), self.dimension)
            stored = weights.astype(np.int8).tobytes()
            w = builder.tensor(weight_shape, stored, type=self.weight_type, scales=weight_scales)
            inputs = [x, w, -1]
            if with_bias:
                inputs[2] = builder.tensor((self.channels,), generator.normal(size=self.channels) * (not zero_bias))
            y = builder.tensor(result)
        builder.operator(kind, inputs, [y], options, version=version)
        return builder.build([x], [y])


def _general_u8(number: int, gain: float) -> list[TypedCase]:
    """Convolutions whose factors of 1/2 and more need shifts of 0 or to the left: the general form."""
    cases = []
    for kind, inputs, channels in (("CONV_2D", 3, 5), ("DEPTHWISE_CONV_2D", 4, 4), ("DEPTHWISE_CONV_2D", 1, 3)):
        depthwise = kind == "DEPTHWISE_CONV_2D"
        weighted = Weighted("u8", channels, 3 if depthwise else 0, gain=gain)
        shape = (1, 5, 5, inputs)
        options = depthwise_conv_2d_options(multiplier=channels // inputs) if depthwise else conv_2d_options()
        weight_shape = (1, 3, 3, channels) if depthwise else (channels, 3, 3, inputs)
        data = weighted.build(kind, options, shape, weight_shape, (1, 3, 3, channels))
        name = f"{kind.lower()}_u8_general_{inputs}_{number}"
        cases.append(TypedCase(name, data, shape, DataType.UINT8))
    return cases


def _convolution(number: int, choose: random.Random, type_name: str, *, depthwise: bool) -> TypedCase:
    window = (choose.randint(1, 4), choose.randint(1, 4))
    if choose.random() < 0.4:
        window = (3, 3) if depthwise else (1, 1)
    dilation = (choose.choice((1, 1, 1, 2)), choose.choice((1, 1, 1, 3)))
    padding = choose.choice((Padding.SAME, Padding.VALID))
    least = [(taps - 1) * d + 1 if padding is Padding.VALID else 1 for taps, d in zip(window, dilation, strict=True)]
    inputs = choose.choice((1, 2, 3, 4, 5, 8, 12))
    channels = inputs * choose.choice((1, 1, 2, 3)) if depthwise else choose.choice((1, 2, 3, 4, 7, 8))
    shape = (
        choose.choice((1, 1, 2)),
        choose.randint(least[0], least[0] + 6),
        choose.randint(least[1], least[1] + 6),
        inputs,
    )
    same_stride = choose.randint(1, 2)
    stride = (same_stride, same_stride) if choose.random() < 0.6 else (choose.randint(1, 3), choose.randint(1, 3))
    rows = output_size(shape[1], window[0], stride[0], dilation[0], padding)
    columns = output_size(shape[2], window[1], stride[1], dilation[1], padding)
    activation = choose.choice(ACTIVATIONS)
    weighted = Weighted(
        type_name,
        channels,
        3 if depthwise else 0,
        per_channel=depthwise or choose.random() < 0.5,
        gain=choose.choice((0.3, 1.0, 1.0, 3.0)),
        wide=choose.random() < 0.8,
    )
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    options = conv_2d_options(padding, stride, dilation, activation)
    weight_shape = (channels, *window, inputs)
    if depthwise:
        options = depthwise_conv_2d_options(padding, stride, dilation, activation, channels // inputs)
        weight_shape = (1, *window, channels)
    arguments = (kind, options, shape, weight_shape, (shape[0], rows, columns, channels))
    # Neither judge takes a convolution of these types without a bias.
    without = choose.random() < 0.2
    data = weighted.build(*arguments, zero_bias=without, with_bias=not without)
    judged = weighted.build(*arguments, zero_bias=True) if without else None
    name = f"{kind.lower()}_{type_name}_{number}"
    return TypedCase(name, data, shape, DataType.UINT8 if type_name == "u8" else DataType.FLOAT32, judged=judged)


def _grouped(name: str, type_name: str, inputs: int, channels: int, groups: int, window: int) -> TypedCase:
    """A convolution in groups of channels."""
    weighted = Weighted(type_name, channels, 0, per_channel=True)
    shape = (2, 5, 4, inputs)
    options = conv_2d_options(Padding.SAME)
    weight_shape = (channels, window, window, inputs // groups)
    data = weighted.build("CONV_2D", options, shape, weight_shape, (*shape[:3], channels), version=5)
    return TypedCase(name, data, shape, DataType.UINT8 if type_name == "u8" else DataType.FLOAT32)


def _fully_connected(
    name: str, type_name: str, batches: int, depth: int, units: int, choose: random.Random, *, asymmetric: bool = False
) -> TypedCase:
    weighted = Weighted(
        type_name,
        units,
        0,
        per_channel=choose.random() < 0.5,
        gain=choose.choice((0.02, 0.3, 1.0, 3.0)),
        wide=choose.random() < 0.8,
    )
    options = fully_connected_options(choose.choice(ACTIVATIONS), asymmetric=asymmetric)
    data = weighted.build(
        "FULLY_CONNECTED",
        options,
        (batches, depth),
        (units, depth),
        (batches, units),
        with_bias=choose.random() < 0.7,
        version=9 if asymmetric else 3,
    )
    return TypedCase(name, data, (batches, depth), DataType.UINT8 if type_name == "u8" else DataType.FLOAT32)


def _unary(
    name: str,
    kind: str,
    shape: tuple[int, ...],
    result: tuple[int, ...],
    options: Options,
    data_type: DataType,
    scales: tuple[Scales, Scales] | None,
    axes: tuple[int, ...] | None = None,
) -> TypedCase:
    builder = ModelBuilder()
    x = builder.tensor(shape, type=data_type, scales=scales[0] if scales else None)
    inputs = [x]
    if axes is not None:
        inputs.append(builder.tensor((len(axes),), axes, type=DataType.INT32))
    y = builder.tensor(result, type=data_type, scales=scales[1] if scales else None)
    builder.operator(kind, inputs, [y], options, version=2 if data_type is not DataType.UINT8 else 1)
    judge = lite_rt if data_type is DataType.UINT8 else tflite_micro
    return TypedCase(name, builder.build([x], [y]), shape, data_type, judge)


def _pool(number: int, choose: random.Random, kind: str, data_type: DataType) -> TypedCase:
    window = (choose.randint(1, 4), choose.randint(1, 4))
    padding = choose.choice((Padding.SAME, Padding.VALID))
    stride = (choose.randint(1, 3), choose.randint(1, 3))
    size = (choose.randint(window[0], window[0] + 6), choose.randint(window[1], window[1] + 6))
    batches, channels = choose.choice((1, 1, 2)), choose.randint(1, 9)
    result = [output_size(size[i], window[i], stride[i], 1, padding) for i in (0, 1)]
    given = scale(0.05, choose.randint(0, 200))
    return _unary(
        f"{kind.lower()}_{data_type.name.lower()}_{number}",
        kind,
        (batches, *size, channels),
        (batches, *result, channels),
        pool_2d_options(window, stride, padding, choose.choice(ACTIVATIONS)),
        data_type,
        (given, given) if data_type is DataType.UINT8 else None,
    )


#: Shapes and axes of MEAN.
_MEANS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((1, 5, 7, 3), (1, 2)),
    ((2, 3, 4, 5), (2, 1)),
    ((2, 4, 5, 3), (3,)),
    ((2, 12), (-1,)),
    ((3, 4, 2), (0, 2)),
    ((2, 3, 4, 5), (1, 3)),
    ((1, 6, 1, 4), (0, 1, 2)),
    ((9,), (0,)),
)


def _means(data_type: DataType) -> list[TypedCase]:
    cases = []
    for number, (shape, axes) in enumerate(_MEANS):
        goes = [i in axes or i - len(shape) in axes for i in range(len(shape))]
        keeps = number % 2 == 0
        result = tuple(1 if gone else size for size, gone in zip(shape, goes, strict=True) if keeps or not gone)
        scales = None
        if data_type is not DataType.FLOAT32:
            middle = 128 if data_type is DataType.UINT8 else 0
            first = scale(0.1, middle + 3)
            scales = (first, first if number % 3 == 0 else scale(0.03 + 0.05 * number, middle - 7))
        name = f"mean_{data_type.name.lower()}_{number}"
        case = _unary(name, "MEAN", shape, result, mean_options(keeps), data_type, scales, axes)
        cases.append(case)
    return cases


def svdf_case(
    name: str,
    kind: str,
    *,
    batches: int = 1,
    depth: int = 10,
    units: int = 4,
    rank: int = 1,
    memory: int = 6,
    activation: Activation = Activation.RELU,
    zero_point: int = 0,
    with_bias: bool = True,
    asymmetric: bool = False,
) -> TypedCase:
    """An SVDF: ``kind`` is the state's type, int8 or int16, or ``f32`` or ``hybrid``."""
    generator = np.random.default_rng(depth * units + memory)
    filters = units * rank
    builder = ModelBuilder()
    features = generator.integers(-127, 128, (filters, depth))
    if kind in ("f32", "hybrid"):
        x = builder.tensor((batches, depth))
        if kind == "hybrid":
            f = builder.tensor((filters, depth), features, type=DataType.INT8, scales=scale(0.01))
            time = generator.integers(-127, 128, (filters, memory))
            t = builder.tensor((filters, memory), time, type=DataType.INT8, scales=scale(0.007))
        else:
            f = builder.tensor((filters, depth), generator.normal(size=(filters, depth)))
            t = builder.tensor((filters, memory), generator.normal(size=(filters, memory)))
        b = builder.tensor((units,), generator.normal(size=units)) if with_bias else -1
        state = builder.tensor((batches, memory * filters), variable=True)
        y = builder.tensor((batches, units))
        data_type = DataType.FLOAT32
    else:
        data_type = DataType.INT8
        state_type = DataType.INT8 if kind == "int8" else DataType.INT16
        greatest = _RANGES[state_type][1]
        time = generator.integers(-greatest, greatest + 1, (filters, memory))
        input_scale = 0.05
        state_scale = _float32(input_scale * 0.01 * np.sqrt(depth) * 5000 / greatest)
        time_scale = _float32(1.0 / greatest)
        x = builder.tensor((batches, depth), type=data_type, scales=scale(input_scale, 3))
        f = builder.tensor((filters, depth), features, type=data_type, scales=scale(0.01))
        t = builder.tensor((filters, memory), time, type=state_type, scales=scale(time_scale))
        biases = generator.integers(-3000, 3000, units)
        bias_scale = scale(_float32(np.float32(state_scale) * np.float32(time_scale)))
        b = builder.tensor((units,), biases, type=DataType.INT32, scales=bias_scale)
        state = builder.tensor(
            (batches, memory * filters), type=state_type, variable=True, scales=scale(state_scale, zero_point)
        )
        y = builder.tensor((batches, units), type=data_type, scales=scale(0.05 * np.sqrt(memory * rank), -5))
    builder.operator("SVDF", [x, f, t, b, state], [y], svdf_options(rank, activation, asymmetric), version=3)
    judge = lite_rt if kind == "hybrid" else tflite_micro
    return TypedCase(name, builder.build([x], [y]), (batches, depth), data_type, judge, memory + 3)


def all_typed_cases() -> list[TypedCase]:
    """Return every case, the same each time."""
    choose = random.Random(6)
    cases = []
    for type_name, convolutions, depthwise in (("u8", 14, 18), ("hybrid", 10, 8)):
        cases += [_convolution(i, choose, type_name, depthwise=False) for i in range(convolutions)]
        cases += [_convolution(i, choose, type_name, depthwise=True) for i in range(depthwise)]
    for number, gain in enumerate((0.02, 0.004, 0.0005)):
        cases += _general_u8(number, gain)
    sizes = ((1, 1), (3, 4), (5, 7), (13, 8), (64, 11))
    for number, (depth, units) in enumerate(sizes):
        for type_name in ("u8", "hybrid"):
            name = f"fully_connected_{type_name}_{number}"
            cases.append(_fully_connected(name, type_name, 1 + number % 2, depth, units, choose))
        name = f"fully_connected_hybrid_asymmetric_{number}"
        cases.append(_fully_connected(name, "hybrid", 1 + number % 2, depth, units, choose, asymmetric=True))
    for type_name in ("u8", "hybrid"):
        cases.append(_grouped(f"conv_2d_{type_name}_groups_2", type_name, 6, 8, 2, 3))
        cases.append(_grouped(f"conv_2d_{type_name}_groups_3", type_name, 3, 9, 3, 1))
    old = Weighted("hybrid", 5, 0, weight_type=DataType.UINT8)
    data = old.build("FULLY_CONNECTED", fully_connected_options(), (2, 9), (5, 9), (2, 5), version=2)
    cases.append(TypedCase("fully_connected_hybrid_old", data, (2, 9), DataType.FLOAT32))
    data = old.build("CONV_2D", conv_2d_options(), (1, 4, 4, 3), (5, 2, 2, 3), (1, 3, 3, 5), version=2)
    cases.append(TypedCase("conv_2d_hybrid_old", data, (1, 4, 4, 3), DataType.FLOAT32))
    for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        cases += [_pool(i, choose, kind, DataType.UINT8) for i in range(6)]
    for data_type in (DataType.INT8, DataType.UINT8):
        cases += _means(data_type)
    for number, (shape, beta, size) in enumerate((((1, 4), 1.0, 0.1), ((3, 17), 0.5, 0.03), ((2, 2, 5), 1.0, 0.9))):
        scales = (scale(size, 131), scale(1 / 256, 0))
        options = softmax_options(beta)
        cases.append(_unary(f"softmax_u8_{number}", "SOFTMAX", shape, shape, options, DataType.UINT8, scales))
    for kind in ("int8", "int16", "f32", "hybrid"):
        cases.append(svdf_case(f"svdf_{kind}_one", kind))
        cases.append(svdf_case(f"svdf_{kind}_ranks", kind, batches=2, depth=7, units=5, rank=2, memory=4))
        none = Activation.NONE
        cases.append(svdf_case(f"svdf_{kind}_no_memory", kind, units=3, memory=1, activation=none))
    cases += [
        svdf_case("svdf_int8_zero_point", "int8", zero_point=11),
        svdf_case("svdf_int8_wraps", "int8", zero_point=-100, units=2, rank=3),
        svdf_case("svdf_hybrid_asymmetric", "hybrid", asymmetric=True, batches=2),
        svdf_case("svdf_hybrid_no_bias", "hybrid", with_bias=False, activation=Activation.RELU6),
    ]
    return cases
