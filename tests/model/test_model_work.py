"""What an inference is said to take at most, against the cycles that it takes on an emulated core."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tflite_builder import (
    Activation,
    DataType,
    ModelBuilder,
    Padding,
    conv_2d_options,
    depthwise_conv_2d_options,
    fully_connected_options,
    scale,
    softmax_options,
)
from worst_cycles import NRF52840, STM32F405, worst_cycles

from runeflash.errors import UserError
from runeflash.firmware import flags
from runeflash.firmware.model_profile import build_program, elf_reader, noise
from runeflash.model import compile_model
from runeflash.virtual.measure import run_program

PROJECT = Path(__file__).resolve().parents[2]
#: Of its bound, what a layer takes at most that was looked for: the rest is for what nobody has thought of.
_MARGIN = 0.7
#: What quick kernels take is far from their bound, which holds for the slowest; farther, and the bound says nothing.
_LOOSEST = 60
FIXTURES = sorted((PROJECT.parent / "shared" / "fixtures").glob("models/*.tflite"))


def elementwise_model() -> bytes:
    """Return a model of the dearest operators that multiply nothing."""
    builder = ModelBuilder()
    x = builder.tensor((1, 40), name="x")
    last = x
    for kind in ("TANH", "LOGISTIC", "SOFTMAX"):
        result = builder.tensor((1, 40), name=kind)
        builder.operator(kind, [last], [result], *([softmax_options(1.0)] if kind == "SOFTMAX" else []))
        last = result
    return builder.build([x], [last])


@dataclass(frozen=True)
class Shape:
    """A convolution of one image, with noise for weights.

    Attributes:
        name: what is special about it.
        image, kernel: height (which is the width too) and channels; height, likewise, and output channels.
        kind: of the input: float32 makes it a hybrid one.
        output_scale: a small one needs the general form of requantisation.
    """

    name: str
    image: tuple[int, int]
    kernel: tuple[int, int]
    kind: DataType = DataType.INT8
    stride: int = 1
    dilation: int = 1
    padding: Padding = Padding.SAME
    output_scale: float = 0.1
    is_depthwise: bool = False


_GENERAL = 0.0004
_FLOAT, _U8 = DataType.FLOAT32, DataType.UINT8
#: What is dearest beside its multiplications, tried in every run.
DEAREST = (
    Shape("hybrid depthwise, few outputs", (64, 4), (1, 4), _FLOAT, 63, padding=Padding.VALID, is_depthwise=True),
    Shape("hybrid, few outputs", (64, 4), (1, 1), _FLOAT, 16),
    Shape("an odd number of channels", (7, 33), (3, 1)),
    Shape("dilated", (24, 3), (5, 1), dilation=2),
    Shape("dilated, general, unsigned", (24, 1), (5, 1), _U8, dilation=2, output_scale=_GENERAL),
)
#: And what is next to it.
DEAR = (
    Shape("an odd number of channels, 5x5", (8, 33), (5, 1)),
    Shape("an odd number of channels, unsigned", (7, 33), (3, 1), _U8),
    Shape("an odd number of channels, unsigned, general", (7, 33), (3, 1), _U8, output_scale=_GENERAL),
    Shape("channels of whole words", (7, 32), (3, 1)),
    Shape("channels of whole words, unsigned, general", (7, 4), (3, 1), _U8, output_scale=_GENERAL),
    Shape("channels of half words, 1x1", (16, 6), (1, 1)),
    Shape("hybrid, an odd number of channels", (7, 33), (3, 1), _FLOAT),
    Shape("hybrid 3x3, dilated", (24, 2), (3, 1), _FLOAT, dilation=2),
    Shape("general, unsigned", (24, 1), (3, 1), _U8, output_scale=_GENERAL),
    Shape("dilated 3x3", (24, 1), (3, 1), dilation=2),
    Shape("dilated 9x9", (24, 1), (9, 1), dilation=2),
    Shape("dilated, two outputs", (24, 3), (5, 2), dilation=2),
    Shape("dilated, unsigned", (24, 1), (5, 1), _U8, dilation=2),
    Shape("general 1x1", (24, 1), (1, 1), output_scale=_GENERAL),
    Shape("more filter than image", (2, 1), (11, 1)),
    Shape("depthwise, general", (24, 2), (3, 2), output_scale=_GENERAL, is_depthwise=True),
    Shape("depthwise 1x1, general, unsigned", (24, 2), (1, 2), _U8, output_scale=_GENERAL, is_depthwise=True),
    Shape("depthwise, two outputs each, dilated", (24, 2), (3, 4), dilation=2, is_depthwise=True),
    Shape("depthwise, mostly outside", (24, 2), (3, 2), dilation=20, is_depthwise=True),
)


def convolution(shape: Shape) -> bytes:
    """Return a model of one convolution."""
    random = np.random.default_rng(1)
    (size, channels), (taps, count) = shape.image, shape.kernel
    is_hybrid = shape.kind is DataType.FLOAT32
    is_unsigned = shape.kind is DataType.UINT8
    builder = ModelBuilder()

    def activations(dimensions: tuple[int, ...], name: str, step: float, zero_point: int) -> int:
        scales = None if is_hybrid else scale(step, zero_point)
        return builder.tensor(dimensions, name=name, type=shape.kind, scales=scales)

    x = activations((1, size, size, channels), "x", 0.05, 3)
    dimensions = (1, taps, taps, count) if shape.is_depthwise else (count, taps, taps, channels)
    weights = random.integers(0, 255, dimensions) if is_unsigned else random.integers(-127, 127, dimensions)
    w = builder.tensor(
        dimensions,
        weights,
        name="w",
        type=shape.kind if is_unsigned else DataType.INT8,
        scales=scale(0.01, 77 if is_unsigned else 0),
    )
    inputs = [x, w]
    if not is_hybrid:
        biases = random.integers(-100, 100, (count,))
        inputs.append(builder.tensor((count,), biases, name="b", type=DataType.INT32, scales=scale(0.0005)))
    extent = (taps - 1) * shape.dilation + 1
    out = -(-size // shape.stride) if shape.padding is Padding.SAME else (size - extent) // shape.stride + 1
    y = activations((1, out, out, count), "y", shape.output_scale, 7)
    both = (shape.stride, shape.stride), (shape.dilation, shape.dilation)
    activation = Activation.RELU6 if shape.output_scale == _GENERAL else Activation.NONE
    if shape.is_depthwise:
        options = depthwise_conv_2d_options(
            stride=both[0],
            dilation=both[1],
            padding=shape.padding,
            activation=activation,
            multiplier=count // channels,
        )
        builder.operator("DEPTHWISE_CONV_2D", inputs, [y], options)
    else:
        options = conv_2d_options(stride=both[0], dilation=both[1], padding=shape.padding, activation=activation)
        builder.operator("CONV_2D", inputs, [y], options)
    return builder.build([x], [y])


def hybrid_fully_connected(depth: int) -> bytes:
    """Return a model of one unit with many float inputs."""
    builder = ModelBuilder()
    x = builder.tensor((1, depth), name="x")
    weights = np.random.default_rng(1).integers(-127, 127, (1, depth))
    w = builder.tensor((1, depth), weights, name="w", type=DataType.INT8, scales=scale(0.01))
    y = builder.tensor((1, 1), name="y")
    builder.operator("FULLY_CONNECTED", [x, w], [y], fully_connected_options(asymmetric=True))
    return builder.build([x], [y])


def check(data: bytes, toolchain: str, margin: float = 1.0) -> None:
    """See that a model takes less than the margin's share of its bound, and that the bound says something."""
    model = compile_model(data, name="model", symbol="model")
    elf, _ = build_program(model, flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16"))
    inputs = {f"input_{i}": noise(kind, i) for i, kind in enumerate(model.inputs)}
    counts = run_program(elf, inputs, {}, profile=True).counts
    took = max(worst_cycles(counts, elf_reader(elf), timing) for timing in (NRF52840, STM32F405))
    assert took < margin * model.most_cycles
    assert took > model.most_cycles / _LOOSEST


def test_what_multiplies() -> None:
    check((PROJECT / "examples" / "gesture" / "model.tflite").read_bytes(), "auto")


def test_what_multiplies_nothing() -> None:
    check(elementwise_model(), "auto")


@pytest.mark.parametrize("shape", DEAREST, ids=lambda shape: shape.name)
def test_convolutions(shape: Shape) -> None:
    check(convolution(shape), "auto", _MARGIN)


def test_a_hybrid_layer_of_many_inputs() -> None:
    check(hybrid_fully_connected(4000), "auto", _MARGIN)


@pytest.mark.exhaustive
@pytest.mark.parametrize("shape", (*DEAREST, *DEAR), ids=lambda shape: shape.name)
def test_all_convolutions(shape: Shape, toolchain: str) -> None:
    check(convolution(shape), toolchain, _MARGIN)


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_fixture_model(path: Path, toolchain: str) -> None:
    try:
        compile_model(path.read_bytes(), name="model", symbol="model")
    except UserError as error:
        pytest.skip(error.message)
    check(path.read_bytes(), toolchain)
