"""The model of the sine example: a dense network that has learnt the sine of an angle in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.training.network import Array, Dense, Network, he_normal, squared_error_gradient, train

INPUT_SHAPE = (1, 1)

ANGLES = (30.0, 90.0, 180.0, 270.0, 450.0, -30.0, 765.0, 1.0)
"""The content of input.bin, in degrees."""

_SEED = 4
_HIDDEN = 24
_SCALE = np.float32(180)


def untrained(rng: np.random.Generator) -> Network:
    """Return the network; input f32[n, 1], angles / 180, from -2 to 2; output f32[n, 1]."""
    # Each neuron of the first layer bends the curve in one place: spread over the range, they learn soonest.
    places = np.linspace(-2, 2, _HIDDEN, dtype=np.float32)
    signs = np.where(np.arange(_HIDDEN) % 2, 1, -1).astype(np.float32)
    return Network(
        [
            Dense(signs[:, None], -signs * places, relu=True),
            Dense(he_normal(rng, _HIDDEN, _HIDDEN), np.zeros(_HIDDEN, np.float32), relu=True),
            Dense(he_normal(rng, 1, _HIDDEN), np.zeros(1, np.float32), relu=False),
        ]
    )


def trained() -> Network:
    """Return the network of the example, trained, for angles in degrees from -360 to 360.

    That is what ``modulo 360`` gives: the remainder has the sign of the angle.
    """
    rng = np.random.default_rng(_SEED)
    network = untrained(rng)
    x = np.linspace(-2, 2, 4000, dtype=np.float32)[:, None]
    train(network, x, np.sin(np.pi * x), squared_error_gradient, epochs=500, batch=100, learning_rate=5e-3, rng=rng)
    first = network.parameters[0]
    first /= _SCALE  # from now on the input is in degrees
    return network


def largest_error(network: Network) -> float:
    """Return the largest difference from the sine, over angles between those of the training too."""
    degrees: NDArray[np.float64] = np.linspace(-360, 360, 7201)
    outputs: Array = network.forward(degrees.astype(np.float32)[:, None])
    return float(np.abs(outputs[:, 0] - np.sin(np.radians(degrees))).max())
