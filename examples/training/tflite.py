"""A trained network as a .tflite file."""

from __future__ import annotations

import sys
from pathlib import Path

from examples.training.network import Convolution, Dense, Flatten, MaxPool, Network

# The writer of .tflite files is the tests': runeflash itself only reads them.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))

from tflite_builder import (
    ModelBuilder,
    conv_2d_options,
    fully_connected_options,
    pool_2d_options,
    reshape_options,
    softmax_options,
)

from runeflash.model.schema import Activation, DataType, Padding


def to_tflite(network: Network, shape: tuple[int, ...], *, softmax: bool) -> bytes:
    """Return a .tflite file that computes what ``network.forward`` does for a batch of one.

    Args:
        network: its layers become an operator each.
        shape: of the input, with the batch's 1.
        softmax: whether the file ends with a SOFTMAX, which the network leaves to its loss.
    """
    builder = ModelBuilder(description="an example of runeflash")
    source = current = builder.tensor(shape, name="input")
    for number, layer in enumerate(network.layers):
        constants = []
        if isinstance(layer, (Convolution, Dense)):
            for word, values in (("weights", layer.weights), ("bias", layer.bias)):
                constants.append(builder.tensor(values.shape, values, name=f"layer{number}/{word}"))
        if isinstance(layer, Convolution):
            kind, options = "CONV_2D", conv_2d_options(Padding.SAME, activation=Activation.RELU)
            shape = (*shape[:3], len(layer.bias))
        elif isinstance(layer, MaxPool):
            window = (layer.height, layer.width)
            kind, options = "MAX_POOL_2D", pool_2d_options(window, stride=window)
            shape = (1, shape[1] // layer.height, shape[2] // layer.width, shape[3])
        elif isinstance(layer, Flatten):
            shape = (1, shape[1] * shape[2] * shape[3])
            kind, options = "RESHAPE", reshape_options(shape)
            constants = [builder.tensor((2,), shape, name=f"layer{number}/shape", type=DataType.INT32)]
        else:
            assert isinstance(layer, Dense)
            activation = Activation.RELU if layer.relu else Activation.NONE
            kind, options = "FULLY_CONNECTED", fully_connected_options(activation)
            shape = (1, len(layer.bias))
        output = builder.tensor(shape, name=f"layer{number}")
        builder.operator(kind, [current, *constants], [output], options)
        current = output
    if softmax:
        output = builder.tensor(shape, name="probabilities")
        builder.operator("SOFTMAX", [current], [output], softmax_options())
        current = output
    return builder.build([source], [current])
