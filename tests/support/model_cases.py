"""One-operator models over many shapes and options, each with the result that it must give to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import reference_kernels as reference
from tflite_builder import (
    ModelBuilder,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    mean_options,
    pool_2d_options,
    reshape_options,
    softmax_options,
)

from runeflash.model.schema import Activation, DataType, Padding

ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)


@dataclass(frozen=True)
class Case:
    """A model with one input and one output; ``expected`` is None where only the judge knows (exp)."""

    name: str
    data: bytes
    shape: tuple[int, ...]
    expected: Callable[[reference.Floats], reference.Floats] | None
    judged: bool = True


def _normal(generator: np.random.Generator, *shape: int) -> reference.Floats:
    return generator.normal(size=shape).astype(np.float32)


def conv_2d_case(
    name: str,
    shape: tuple[int, int, int, int],
    filters: tuple[int, int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: Padding = Padding.VALID,
    activation: Activation = Activation.NONE,
    groups: int = 1,
    with_bias: bool = True,
) -> Case:
    """A convolution; ``filters`` is (count, height, width)."""
    generator = np.random.default_rng(len(name) + sum(shape))
    weights = _normal(generator, *filters, shape[3] // groups)
    bias = _normal(generator, filters[0]) if with_bias else None
    rows = reference.output_size(shape[1], filters[1], stride[0], dilation[0], padding)
    columns = reference.output_size(shape[2], filters[2], stride[1], dilation[1], padding)
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    w = builder.tensor(weights.shape, weights, name="weights")
    b = -1 if bias is None else builder.tensor(bias.shape, bias, name="bias")
    y = builder.tensor((shape[0], rows, columns, filters[0]), name="output")
    builder.operator("CONV_2D", [x, w, b], [y], conv_2d_options(padding, stride, dilation, activation))
    return Case(
        name,
        builder.build([x], [y]),
        shape,
        lambda value: reference.conv_2d(value, weights, bias, stride, dilation, padding, activation),
    )


def depthwise_conv_2d_case(
    name: str,
    shape: tuple[int, int, int, int],
    window: tuple[int, int],
    *,
    multiplier: int = 1,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: Padding = Padding.VALID,
    activation: Activation = Activation.NONE,
    with_bias: bool = True,
) -> Case:
    """A depthwise convolution with windows (height, width)."""
    generator = np.random.default_rng(len(name) + sum(shape))
    channels = shape[3] * multiplier
    weights = _normal(generator, 1, *window, channels)
    bias = _normal(generator, channels) if with_bias else None
    rows = reference.output_size(shape[1], window[0], stride[0], dilation[0], padding)
    columns = reference.output_size(shape[2], window[1], stride[1], dilation[1], padding)
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    w = builder.tensor(weights.shape, weights, name="weights")
    b = -1 if bias is None else builder.tensor(bias.shape, bias, name="bias")
    y = builder.tensor((shape[0], rows, columns, channels), name="output")
    options = depthwise_conv_2d_options(padding, stride, dilation, activation, multiplier)
    builder.operator("DEPTHWISE_CONV_2D", [x, w, b], [y], options)
    return Case(
        name,
        builder.build([x], [y]),
        shape,
        lambda value: reference.depthwise_conv_2d(value, weights, bias, stride, dilation, padding, activation),
        judged=with_bias,  # tflite-micro ends with a segmentation fault without one
    )


def mean_case(name: str, shape: tuple[int, ...], axes: tuple[int, ...], *, keep_dims: bool = False) -> Case:
    """A mean over axes, which may count from the end."""
    goes = {axis % len(shape) for axis in axes}
    result = [1 if i in goes else size for i, size in enumerate(shape) if keep_dims or i not in goes]
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    a = builder.tensor((len(axes),), axes, name="axes", type=DataType.INT32)
    y = builder.tensor(result, name="output")
    builder.operator("MEAN", [x, a], [y], mean_options(keep_dims))
    return Case(
        name,
        builder.build([x], [y]),
        shape,
        lambda value: reference.mean(value, axes, keep_dims),
        judged=len(goes) < len(shape) <= 4,  # as many as tflite-micro has
    )


def pool_2d_case(
    name: str,
    kind: str,
    shape: tuple[int, int, int, int],
    window: tuple[int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    padding: Padding = Padding.VALID,
    activation: Activation = Activation.NONE,
) -> Case:
    """The maximum or average of windows (height, width)."""
    rows = reference.output_size(shape[1], window[0], stride[0], 1, padding)
    columns = reference.output_size(shape[2], window[1], stride[1], 1, padding)
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    y = builder.tensor((shape[0], rows, columns, shape[3]), name="output")
    builder.operator(kind, [x], [y], pool_2d_options(window, stride, padding, activation))
    reduce = reference.max_pool_2d if kind == "MAX_POOL_2D" else reference.average_pool_2d
    return Case(name, builder.build([x], [y]), shape, lambda value: reduce(value, window, stride, padding, activation))


def fully_connected_case(
    name: str,
    shape: tuple[int, ...],
    depth: int,
    units: int,
    *,
    activation: Activation = Activation.NONE,
    with_bias: bool = True,
    keep_num_dims: bool = False,
) -> Case:
    """A fully connected layer over an input of any rank."""
    generator = np.random.default_rng(len(name) + sum(shape) + units)
    weights = _normal(generator, units, depth)
    bias = _normal(generator, units) if with_bias else None
    batches = int(np.prod(shape)) // depth
    result = (*shape[:-1], units) if keep_num_dims else (batches, units)
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    w = builder.tensor(weights.shape, weights, name="weights")
    inputs = [x, w] if bias is None else [x, w, builder.tensor(bias.shape, bias, name="bias")]
    y = builder.tensor(result, name="output")
    builder.operator("FULLY_CONNECTED", inputs, [y], fully_connected_options(activation, keep_num_dims))
    return Case(
        name,
        builder.build([x], [y]),
        shape,
        lambda value: reference.fully_connected(value.reshape(batches, depth), weights, bias, activation).reshape(
            result
        ),
        judged=bias is not None,  # tflite-micro wants the third input listed, if only as -1
    )


def softmax_case(name: str, shape: tuple[int, ...], beta: float) -> Case:
    """A softmax: exp is judged by tflite-micro alone."""
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    y = builder.tensor(shape, name="output")
    builder.operator("SOFTMAX", [x], [y], softmax_options(beta))
    return Case(name, builder.build([x], [y]), shape, None)


def reshape_case(name: str, shape: tuple[int, ...], result: tuple[int, ...], wanted: tuple[int, ...]) -> Case:
    """A reshape whose new shape, given as an option, is ``wanted``."""
    builder = ModelBuilder()
    x = builder.tensor(shape, name="input")
    y = builder.tensor(result, name="output")
    builder.operator("RESHAPE", [x], [y], reshape_options(wanted))
    return Case(name, builder.build([x], [y]), shape, lambda value: value.reshape(result))


def _random_conv_2d(number: int, choose: random.Random) -> Case:
    dilation = (choose.choice((1, 1, 2, 3)), choose.choice((1, 1, 2)))
    filters = (choose.choice((1, 2, 3, 4, 5, 7, 8, 9, 15, 16)), choose.randint(1, 4), choose.randint(1, 4))
    least = ((filters[1] - 1) * dilation[0] + 1, (filters[2] - 1) * dilation[1] + 1)
    padding = choose.choice((Padding.SAME, Padding.VALID))
    beyond = padding is Padding.VALID
    shape = (
        choose.choice((1, 1, 2)),
        choose.randint(least[0] if beyond else 1, least[0] + 6),
        choose.randint(least[1] if beyond else 1, least[1] + 6),
        choose.choice((1, 2, 3, 4, 8)),
    )
    return conv_2d_case(
        f"conv_2d_random_{number}",
        shape,
        filters,
        stride=(choose.randint(1, 3), choose.randint(1, 3)),
        dilation=dilation,
        padding=padding,
        activation=choose.choice(ACTIVATIONS),
        with_bias=choose.random() < 0.8,
    )


def _random_depthwise_conv_2d(number: int, choose: random.Random) -> Case:
    dilation = (choose.choice((1, 1, 2, 3)), choose.choice((1, 1, 2)))
    window = (choose.randint(1, 4), choose.randint(1, 4))
    least = ((window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1)
    padding = choose.choice((Padding.SAME, Padding.VALID))
    beyond = padding is Padding.VALID
    shape = (
        choose.choice((1, 1, 2)),
        choose.randint(least[0] if beyond else 1, least[0] + 6),
        choose.randint(least[1] if beyond else 1, least[1] + 6),
        choose.choice((1, 2, 3, 4, 7, 8)),
    )
    return depthwise_conv_2d_case(
        f"depthwise_conv_2d_random_{number}",
        shape,
        window,
        multiplier=choose.choice((1, 1, 1, 2, 3, 8)),
        stride=(choose.randint(1, 3), choose.randint(1, 3)),
        dilation=dilation,
        padding=padding,
        activation=choose.choice(ACTIVATIONS),
        with_bias=choose.random() < 0.8,
    )


def _random_pool_2d(number: int, choose: random.Random, kind: str) -> Case:
    window = (choose.randint(1, 4), choose.randint(1, 4))
    padding = choose.choice((Padding.SAME, Padding.VALID))
    beyond = padding is Padding.VALID
    shape = (
        choose.choice((1, 1, 2)),
        choose.randint(window[0] if beyond else 1, window[0] + 6),
        choose.randint(window[1] if beyond else 1, window[1] + 6),
        choose.randint(1, 9),
    )
    return pool_2d_case(
        f"{kind.lower()}_random_{number}",
        kind,
        shape,
        window,
        stride=(choose.randint(1, 4), choose.randint(1, 4)),
        padding=padding,
        activation=choose.choice(ACTIVATIONS),
    )


def all_cases() -> list[Case]:
    """Return every case, the same each time."""
    choose = random.Random(20)
    cases = [_random_conv_2d(i, choose) for i in range(40)]
    cases += [_random_pool_2d(i, choose, "MAX_POOL_2D") for i in range(24)]
    cases += [_random_pool_2d(i, choose, "AVERAGE_POOL_2D") for i in range(12)]
    cases += [_random_depthwise_conv_2d(i, choose) for i in range(24)]
    cases += [
        conv_2d_case("conv_2d_groups_2", (1, 5, 5, 4), (6, 3, 3), groups=2, padding=Padding.SAME),
        conv_2d_case("conv_2d_groups_4", (2, 4, 6, 8), (12, 2, 3), groups=4, stride=(2, 1), with_bias=False),
        conv_2d_case("conv_2d_one_by_one", (1, 6, 6, 16), (8, 1, 1), activation=Activation.RELU6),
        conv_2d_case("conv_2d_one_tap_image", (1, 1, 1, 3), (5, 3, 3), padding=Padding.SAME),
        conv_2d_case("conv_2d_stride_beyond_filter", (1, 9, 9, 2), (3, 1, 2), stride=(3, 4)),
    ]
    for units, activation in zip((1, 2, 3, 4, 7, 8, 11, 15, 16, 23), ACTIVATIONS * 3, strict=False):
        name = f"fully_connected_{units}"
        cases.append(fully_connected_case(name, (3, 13), 13, units, activation=activation))
    cases += [
        fully_connected_case("fully_connected_no_bias", (2, 9), 9, 6, with_bias=False),
        fully_connected_case("fully_connected_flattens", (2, 3, 2, 2), 12, 5),
        fully_connected_case("fully_connected_keeps_dims", (2, 3, 4), 4, 9, keep_num_dims=True),
        fully_connected_case("fully_connected_depth_1", (1, 1), 1, 16, activation=Activation.RELU),
        softmax_case("softmax_4", (1, 4), 1.0),
        softmax_case("softmax_1", (3, 1), 1.0),
        softmax_case("softmax_rows", (5, 17), 0.5),
        softmax_case("softmax_rank_1", (10,), 2.0),
        softmax_case("softmax_rank_4", (1, 2, 3, 6), 1.0),
        mean_case("mean_image", (2, 5, 7, 3), (1, 2)),
        mean_case("mean_image_kept", (1, 4, 4, 9), (2, 1), keep_dims=True),
        mean_case("mean_last", (3, 4, 11), (-1,)),
        mean_case("mean_apart", (2, 5, 3, 4), (1, -1), keep_dims=True),
        mean_case("mean_outer", (6, 2, 3), (0,)),
        mean_case("mean_all", (3, 4), (0, 1, -1)),
        mean_case("mean_of_one", (3, 1, 4), (1,)),
        mean_case("mean_eight_dimensions", (2, 3, 2, 2, 3, 2, 2, 3), (1, 3, 5, 7)),
        reshape_case("reshape_flat", (1, 2, 3, 4), (1, 24), (1, 24)),
        reshape_case("reshape_rest", (2, 6), (3, 2, 2), (3, -1, 2)),
    ]
    return cases
