"""The model of the gesture example: a convolutional network of 4,300 weights that knows three figures in the air."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.training import motion
from examples.training.network import (
    Array,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Network,
    cross_entropy_gradient,
    he_normal,
    train,
)

INPUT_SHAPE = (1, motion.SAMPLES, 3, 1)

_TRAINING_SEED, _HELD_OUT_SEED, _NETWORK_SEED = 1, 2, 3
_TRAINING_RECORDINGS, _HELD_OUT_RECORDINGS = 24000, 2000
_EPOCHS = 14


def normalize(recording: NDArray[np.float64]) -> Array:
    """Do what the proc block ``normalize`` does: the smallest element becomes 0, the largest 1."""
    x = recording.astype(np.float32)
    scaled: Array = (x - x.min()) / (x.max() - x.min())
    return scaled


def recordings(count: int, seed: int) -> tuple[Array, NDArray[np.intp]]:
    """Return f32[count, 128, 3, 1], normalised, and the label numbers, each label as often as the others."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(motion.LABELS)
    x = np.stack([normalize(motion.record(motion.LABELS[label], rng)) for label in labels])
    return x[..., None], labels


def held_out() -> tuple[Array, NDArray[np.intp]]:
    """Return the recordings that training never sees, and their labels."""
    return recordings(_HELD_OUT_RECORDINGS, _HELD_OUT_SEED)


def untrained(rng: np.random.Generator) -> Network:
    """Return the network with random weights; input f32[n, 128, 3, 1], output f32[n, 4], before the softmax."""
    return Network(
        [
            Convolution(he_normal(rng, 8, 4, 3, 1), np.zeros(8, np.float32)),  # [128, 3, 8]
            MaxPool(3, 3),  # [42, 1, 8]
            Convolution(he_normal(rng, 16, 4, 1, 8), np.zeros(16, np.float32)),  # [42, 1, 16]
            MaxPool(3, 1),  # [14, 1, 16]
            Flatten(),  # [224]
            Dense(he_normal(rng, 16, 224), np.zeros(16, np.float32), relu=True),
            Dense(he_normal(rng, len(motion.LABELS), 16), np.zeros(len(motion.LABELS), np.float32), relu=False),
        ]
    )


def trained() -> Network:
    """Return the network of the example, trained; the same each time on the same numpy and processor."""
    rng = np.random.default_rng(_NETWORK_SEED)
    network = untrained(rng)
    x, labels = recordings(_TRAINING_RECORDINGS, _TRAINING_SEED)
    train(network, x, labels, cross_entropy_gradient, epochs=_EPOCHS, batch=50, learning_rate=2e-3, rng=rng)
    return network


def accuracy(network: Network) -> float:
    """Return the fraction of the held-out recordings that get the right label."""
    x, labels = held_out()
    return float(np.mean(network.forward(x).argmax(axis=1) == labels))
