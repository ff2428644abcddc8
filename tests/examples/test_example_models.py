"""The examples' models do what their README says: judged by TensorFlow Lite Micro, and by their own training code."""

from __future__ import annotations

import csv
import math
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from examples.training import gesture, motion, sine  # noqa: E402 - found by the line above
from examples.training.network import (  # noqa: E402
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Network,
    cross_entropy_gradient,
    softmax,
)
from examples.training.tflite import to_tflite  # noqa: E402

EXAMPLES = PROJECT / "examples"
RECORDINGS = {"wing": "Wing", "ring": "Ring", "slope": "Slope", "still": "Unknown"}

Array = NDArray[np.float32]


def judge(model: bytes, inputs: Array) -> Array:
    """Return TensorFlow Lite Micro's output for each input (the first dimension)."""
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(model)
    outputs = []
    for one in inputs:
        interpreter.set_input(one[None], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    return np.stack(outputs)


def read_recording(name: str) -> NDArray[np.float64]:
    with (EXAMPLES / "gesture" / f"{name}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["x", "y", "z"]
    return np.array(rows, dtype=np.float64)


@pytest.mark.parametrize(("name", "label"), RECORDINGS.items())
def test_recordings_are_recognised(name: str, label: str) -> None:
    recording = read_recording(name)
    assert recording.shape == (motion.SAMPLES, 3)
    probabilities = judge(
        (EXAMPLES / "gesture" / "model.tflite").read_bytes(), gesture.normalize(recording)[None, ..., None]
    )[0]
    assert motion.LABELS[int(probabilities.argmax())] == label
    assert probabilities.max() > 0.9


def test_recordings_are_plausible() -> None:
    assert np.allclose(np.linalg.norm(read_recording("still"), axis=1), motion.GRAVITY, atol=1)
    for name in ("wing", "ring", "slope"):
        strength = np.linalg.norm(read_recording(name), axis=1)
        assert np.isclose(np.median(strength), motion.GRAVITY, atol=1)  # a hand at rest most of the time
        assert 13 < strength.max() < 4 * motion.GRAVITY


def test_held_out_recordings_are_recognised() -> None:
    x, labels = gesture.recordings(200, seed=7)
    outputs = judge((EXAMPLES / "gesture" / "model.tflite").read_bytes(), x)
    assert np.mean(outputs.argmax(axis=1) == labels) >= 0.95


def test_gesture_model_is_small() -> None:
    assert (EXAMPLES / "gesture" / "model.tflite").stat().st_size <= 20_000


def check_sines(model: bytes, tolerance: float) -> None:
    degrees = np.linspace(-360, 360, 501, dtype=np.float32)
    assert np.abs(judge(model, degrees[:, None])[:, 0] - np.sin(np.radians(degrees))).max() < tolerance


def test_sine_model() -> None:
    check_sines((EXAMPLES / "sine" / "model.tflite").read_bytes(), 0.05)


def test_sine_input() -> None:
    data = (EXAMPLES / "sine" / "input.bin").read_bytes()
    assert struct.unpack(f"<{len(data) // 4}f", data) == sine.ANGLES


@pytest.mark.parametrize("seed", range(3))
def test_forward_pass_is_that_of_the_file(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = gesture.untrained(rng)
    for parameter in network.parameters:  # biases other than 0, too
        np.add(parameter, rng.normal(0, 0.1, parameter.shape), out=parameter, casting="same_kind")
    x, _ = gesture.recordings(8, seed)
    judged = judge(to_tflite(network, gesture.INPUT_SHAPE, softmax=True), x)
    assert np.abs(judged - softmax(network.forward(x))).max() < 1e-5


def test_gradients_are_those_of_the_loss() -> None:
    """Each layer's backpropagation against finite differences, in f64."""
    rng = np.random.default_rng(5)

    def weights(*shape: int) -> Array:
        return rng.normal(size=shape)  # type: ignore[return-value] # f64: differences need the digits

    network = Network(
        [
            Convolution(weights(2, 4, 3, 1), weights(2)),
            MaxPool(3, 2),
            Convolution(weights(3, 2, 1, 2), weights(3)),
            Flatten(),
            Dense(weights(4, 9), weights(4), relu=True),
            Dense(weights(3, 4), weights(3), relu=False),
        ]
    )
    x, labels = weights(5, 10, 3, 1), np.array([0, 1, 2, 0, 1])

    def loss() -> float:
        outputs = network.forward(x)
        outputs = outputs - outputs.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(5), labels]))

    network.backward(cross_entropy_gradient(network.forward(x), labels))
    for parameter, gradient in zip(network.parameters, [g.copy() for g in network.gradients], strict=True):
        for index in np.ndindex(parameter.shape):
            kept = parameter[index]
            parameter[index] = kept + 1e-6
            above = loss()
            parameter[index] = kept - 1e-6
            below = loss()
            parameter[index] = kept
            assert math.isclose((above - below) / 2e-6, gradient[index], rel_tol=1e-3, abs_tol=1e-5)


@pytest.mark.exhaustive
def test_training(tmp_path: Path) -> None:
    """The checked-in files come from the script: made anew, they are as good, though rounding may differ elsewhere."""
    subprocess.run([sys.executable, "-m", "examples.training", tmp_path], cwd=PROJECT, check=True, timeout=1200)
    for name in RECORDINGS:
        anew = np.loadtxt(tmp_path / "gesture" / f"{name}.csv", delimiter=",", skiprows=1)
        assert np.allclose(anew, read_recording(name), rtol=0, atol=0.01)
    x, labels = gesture.held_out()
    for folder in (EXAMPLES, tmp_path):
        outputs = judge((folder / "gesture" / "model.tflite").read_bytes(), x)
        assert np.mean(outputs.argmax(axis=1) == labels) >= 0.97
    check_sines((tmp_path / "sine" / "model.tflite").read_bytes(), 0.1)
