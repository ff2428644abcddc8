"""Channels that cannot matter are removed, and no byte changes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from native_models import load_models
from pass_checking import changed, check_pass, random_input
from tflite_builder import (
    ModelBuilder,
    Scales,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    pool_2d_options,
    reshape_options,
    scale,
)

from runeflash.model import compile_model
from runeflash.model.schema import Activation, DataType, Padding

PASS = "dead-channels"


@dataclass
class Chain:
    """Builds a chain of int8 layers over an image of 6 by 6; some output channels get weights of zero."""

    seed: int
    channels: int
    zero_point: int = -128
    builder: ModelBuilder = field(default_factory=ModelBuilder)
    size: int = 6

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        self.first = self.last = self._activation()
        self.count = 0

    def _activation(self, shape: Sequence[int] | None = None, zero_point: int | None = None) -> int:
        where = shape if shape is not None else (1, self.size, self.size, self.channels)
        point = self.zero_point if zero_point is None else zero_point
        self.point = point
        return self.builder.tensor(where, type=DataType.INT8, scales=scale(0.05, point))

    def weighted(
        self,
        kind: str,
        shape: tuple[int, ...],
        dead: Sequence[int],
        *,
        options: object,
        output: Sequence[int],
        axis: int,
        bias_of_dead: int = -4000,
        zero_point: int | None = None,
        dead_inputs: Sequence[int] = (),
        signs: np.ndarray | None = None,
    ) -> None:
        weights = self.generator.integers(-127, 128, shape)
        np.moveaxis(weights, axis, 0)[list(dead)] = 0
        if dead_inputs:
            weights[..., list(dead_inputs)] = 0
        count = shape[axis]
        biases = self.generator.integers(-2000, 2000, count)
        biases[list(dead)] = bias_of_dead
        if signs is not None:
            weights = np.abs(weights) * signs.reshape(-1, 1, 1, 1)
            biases = np.where(signs < 0, -np.abs(biases), biases)
        scales = Scales(tuple(self.generator.uniform(0.002, 0.01, count).astype(np.float32).tolist()), (), axis)
        w = self.builder.tensor(shape, weights, type=DataType.INT8, scales=scales)
        b = self.builder.tensor((count,), biases, type=DataType.INT32)
        result = self._activation(output, zero_point)
        self.builder.operator(kind, [self.last, w, b], [result], options)  # type: ignore[arg-type]
        self.last = result

    def conv(
        self, channels: int, dead: Sequence[int] = (), taps: int = 1, padding: Padding = Padding.SAME, **more: int
    ) -> None:
        before, self.channels = self.channels, channels
        self.size = self.size if padding is Padding.SAME else self.size - taps + 1
        self.weighted(
            "CONV_2D",
            (channels, taps, taps, before),
            dead,
            options=conv_2d_options(padding, activation=Activation.RELU6),
            output=(1, self.size, self.size, channels),
            axis=0,
            **more,  # type: ignore[arg-type]
        )

    def depthwise(self, dead: Sequence[int] = (), padding: Padding = Padding.SAME, multiplier: int = 1) -> None:
        self.channels *= multiplier
        self.size = self.size if padding is Padding.SAME else self.size - 2
        self.weighted(
            "DEPTHWISE_CONV_2D",
            (1, 3, 3, self.channels),
            dead,
            options=depthwise_conv_2d_options(padding, activation=Activation.RELU6, multiplier=multiplier),
            output=(1, self.size, self.size, self.channels),
            axis=3,
        )

    def pool(self, kind: str = "AVERAGE_POOL_2D", activation: Activation = Activation.NONE) -> None:
        result = self._activation((1, 1, 1, self.channels), self.point)
        options = pool_2d_options((self.size, self.size), (1, 1), activation=activation)
        self.builder.operator(kind, [self.last], [result], options)
        self.size, self.last = 1, result

    def flatten(self) -> None:
        shape = (1, self.size * self.size * self.channels)
        result = self._activation(shape, self.point)
        self.builder.operator("RESHAPE", [self.last], [result], reshape_options(shape))
        self.last = result

    def connected(self, units: int, dead: Sequence[int] = ()) -> None:
        depth = self.size * self.size * self.channels
        self.weighted(
            "FULLY_CONNECTED",
            (units, depth),
            dead,
            options=fully_connected_options(),
            output=(1, units),
            axis=0,
            zero_point=3,
        )
        self.channels, self.size = units, 1

    def build(self) -> bytes:
        return self.builder.build([self.first], [self.last])


def pointwise() -> bytes:
    chain = Chain(1, 4)
    chain.conv(16, dead=range(0, 16, 2))
    chain.conv(8)
    return chain.build()


def through_depthwise() -> bytes:
    chain = Chain(2, 4)
    chain.conv(16, dead=[1, 2, 3, 9])
    chain.depthwise(dead=[1, 5, 6, 7])
    chain.conv(8)
    return chain.build()


def through_depthwise_with_multiplier() -> bytes:
    chain = Chain(3, 4)
    chain.conv(8, dead=[0, 1, 2, 6])
    chain.depthwise(multiplier=2)
    chain.conv(4)
    return chain.build()


def dead_only_behind_the_depthwise() -> bytes:
    """The depthwise layer gives constants, whatever it reads: what wrote its inputs goes too."""
    chain = Chain(4, 4)
    chain.conv(8)
    chain.depthwise(dead=[0, 3, 4, 7])
    chain.conv(4)
    return chain.build()


def constants_move_into_the_bias() -> bytes:
    """A dead channel whose constant is not the zero point, read by a convolution without a border."""
    chain = Chain(5, 4)
    chain.conv(8, dead=[0, 1, 4, 5], bias_of_dead=900)
    chain.conv(4, taps=3, padding=Padding.VALID)
    return chain.build()


def constants_at_a_border() -> bytes:
    """The same with a border: what the constant adds depends on the pixel, so the channels stay."""
    chain = Chain(6, 4)
    chain.conv(8, dead=[0, 1, 4, 5], bias_of_dead=900)
    chain.conv(4, taps=3)
    return chain.build()


def nothing_reads_them() -> bytes:
    chain = Chain(7, 4)
    chain.conv(8)
    chain.conv(4, taps=3, dead_inputs=[2, 3, 4, 5])  # type: ignore[arg-type]
    return chain.build()


def to_a_classifier() -> bytes:
    chain = Chain(8, 4)
    chain.conv(16, dead=range(4, 12))
    chain.pool()
    chain.flatten()
    chain.connected(8, dead=[0, 1, 2, 3])
    chain.connected(3)
    return chain.build()


def flattened_image() -> bytes:
    chain = Chain(9, 4)
    chain.conv(8, dead=[0, 2, 4, 6])
    chain.flatten()
    chain.connected(3)
    return chain.build()


def a_pool_that_clamps_the_constant() -> bytes:
    chain = Chain(10, 4, zero_point=0)
    chain.conv(8, dead=[0, 2, 4, 6], bias_of_dead=-900, zero_point=0)
    chain.pool("MAX_POOL_2D", Activation.RELU)
    chain.conv(4)
    return chain.build()


def everything_is_dead_but_the_output() -> bytes:
    chain = Chain(11, 4)
    chain.conv(8, dead=range(8))
    chain.builder.operator("RESHAPE", [chain.first], [copy := chain._activation((144, 1))], reshape_options((144, 1)))
    chain.conv(4)
    return chain.builder.build([chain.first], [chain.last, copy])


def two_readers() -> bytes:
    """One of them needs the channels: they stay."""
    chain = Chain(12, 4)
    chain.conv(8, dead=[0, 1, 2, 3])
    hidden = chain.last
    chain.conv(4)
    return chain.builder.build([chain.first], [chain.last, hidden])


CASES = {
    "pointwise": (pointwise(), 8),
    "through_depthwise": (through_depthwise(), 4 + 4),
    "through_depthwise_with_multiplier": (through_depthwise_with_multiplier(), 4 + 8),
    "dead_only_behind_the_depthwise": (dead_only_behind_the_depthwise(), 4 + 4),
    "constants_move_into_the_bias": (constants_move_into_the_bias(), 4),
    "constants_at_a_border": (constants_at_a_border(), 0),
    "nothing_reads_them": (nothing_reads_them(), 4),
    "to_a_classifier": (to_a_classifier(), 8 + 4),
    "flattened_image": (flattened_image(), 4),
    "a_pool_that_clamps_the_constant": (a_pool_that_clamps_the_constant(), 4),
    "everything_is_dead_but_the_output": (everything_is_dead_but_the_output(), 4),
    "two_readers": (two_readers(), 0),
}


def test_no_byte_changes_and_what_is_removed() -> None:
    compiled = check_pass(PASS, {name: data for name, (data, _) in CASES.items()})
    assert {name: changed(model, PASS) for name, model in compiled.items()} == {
        name: count for name, (_, count) in CASES.items()
    }


def test_work_and_weights_are_less() -> None:
    with_pass, without = (
        compile_model(pointwise(), name="m", symbol="m", disabled=disabled) for disabled in ((), (PASS,))
    )
    assert with_pass.given_macs == without.given_macs == without.macs == 36 * (4 * 16 + 16 * 8)
    assert with_pass.macs == 36 * (4 * 8 + 8 * 8)
    assert with_pass.weight_bytes < without.weight_bytes
    assert with_pass.arena_bytes < without.arena_bytes


def test_words_stay_whole() -> None:
    """Of 16 channels 3 could go, but 13 are slower than 16."""
    chain = Chain(20, 4, zero_point=-5)
    chain.conv(16, dead=[4, 5, 6])
    chain.conv(8)
    assert changed(compile_model(chain.build(), name="m", symbol="m"), PASS) == 0


def test_more_zero_points_than_scales() -> None:
    """Which no converter writes, but which is no harm."""
    builder = ModelBuilder()
    x, hidden, y = (builder.tensor((1, 8), type=DataType.INT8, scales=scale(0.05, -128)) for _ in range(3))
    first = builder.tensor((8, 8), np.zeros((8, 8)), type=DataType.INT8, scales=Scales((0.01,) * 8, (0,) * 20))
    bias = builder.tensor((8,), [-900] * 8, type=DataType.INT32)
    second = builder.tensor((8, 8), np.eye(8), type=DataType.INT8, scales=scale(0.01))
    builder.operator("FULLY_CONNECTED", [x, first, bias], [hidden], fully_connected_options())
    builder.operator("FULLY_CONNECTED", [hidden, second, bias], [y], fully_connected_options())
    assert changed(compile_model(builder.build([x], [y]), name="m", symbol="m"), PASS) == 4


def any_chain(seed: int) -> bytes:
    """A chain with dead channels anywhere, and biases that make constants of any value of them."""
    choose = random.Random(seed)
    chain = Chain(seed, choose.choice((2, 4)), choose.choice((-128, -5, 20)))
    for _ in range(choose.randint(1, 3)):
        channels = choose.choice((4, 8, 16))
        kind = choose.choice(("conv", "conv 3 by 3", "depthwise"))
        if kind == "depthwise":
            chain.depthwise(choose.sample(range(chain.channels), choose.randint(0, chain.channels)))
        else:
            chain.conv(
                channels,
                choose.sample(range(channels), choose.randint(0, channels)),
                1 if kind == "conv" else 3,
                choose.choice((Padding.SAME, Padding.VALID)) if chain.size > 3 else Padding.SAME,
                bias_of_dead=choose.choice((-9000, -300, 0, 700, 20_000)),
            )
    if choose.random() < 0.5:
        chain.pool(choose.choice(("AVERAGE_POOL_2D", "MAX_POOL_2D")))
    if choose.random() < 0.5:
        chain.flatten()
    chain.connected(3)
    return chain.build()


def test_any_chain() -> None:
    """Many models in one library: compiling is what takes the time."""
    check_chains(range(16))


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", range(16, 1016, 50))
def test_many_chains(first: int) -> None:
    check_chains(range(first, first + 50))


def check_chains(seeds: range) -> None:
    compiled = [
        compile_model(any_chain(seed), name="m", symbol=f"chain_{seed}_{len(disabled)}", disabled=disabled)
        for seed in seeds
        for disabled in ((), (PASS,))
    ]
    natives = load_models(compiled)
    generator = np.random.default_rng(0)
    for first, second in zip(natives[::2], natives[1::2], strict=True):
        for _ in range(4):
            value = random_input(first.compiled.inputs[0], generator)
            assert first.run(value)[0].tobytes() == second.run(value)[0].tobytes(), first.compiled.symbol
    assert sum(changed(model, PASS) > 0 for model in compiled[::2]) > len(seeds) // 4


def test_weights_of_one_sign_make_constants_too() -> None:
    """Inputs that cannot be negative, times weights that cannot be positive, never pass a RELU."""
    chain = Chain(21, 4)
    chain.weighted(
        "CONV_2D",
        (8, 1, 1, 4),
        [],
        options=conv_2d_options(activation=Activation.RELU),
        output=(1, 6, 6, 8),
        axis=0,
        signs=np.repeat([-1, 1], 4),
    )
    chain.channels = 8
    chain.conv(4)
    (model,) = check_pass(PASS, {"one_sign": chain.build()}).values()
    assert changed(model, PASS) == 4
