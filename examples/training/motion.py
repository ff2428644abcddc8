"""Accelerometer recordings of a hand that draws a figure with the board, synthesised.

The hand moves as hands do: each stroke is a minimum-jerk movement (Flash and Hogan, "The coordination of arm
movements", Journal of Neuroscience 5(7), 1985), and the strokes of a figure overlap a little. The board turns a little
with the wrist, so gravity moves between its axes; muscle tremor and the sensor's noise, range and resolution are added.

Axes of the board: x to the right, y away from the person, z up; at rest it reads (0, 0, +9.81) m/s². Figures are drawn
upright, in the plane of x and z.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 25
SAMPLES = 128
"""Rows of a recording: 5.12 s."""

LABELS = ("Wing", "Ring", "Slope", "Unknown")

GRAVITY = 9.80665
# The range ±4 g of the LSM9DS1 in steps of 0.122 mg (its data sheet, table 3).
_RANGE = 4 * GRAVITY
_STEP = 0.122e-3 * GRAVITY

_TIME = np.arange(SAMPLES) / SAMPLE_RATE_HZ
_MARGIN = 0.2  # seconds of rest before and after a figure


def record(label: str, rng: np.random.Generator) -> Array:
    """Return a recording of a person who does what ``label`` says.

    Args:
        label: one of :data:`LABELS`.
        rng: where size, tempo, tilt, noise and all else that varies comes from.

    Returns:
        Array: f64[128, 3], x, y, z in m/s².
    """
    if label == "Unknown":
        # An idle board is what a real one sees most: every third recording.
        return _idle(rng) if rng.random() < 1 / 3 else _OTHER[rng.integers(len(_OTHER))](rng)
    return _sense(_turn_plane(_FIGURES[label](rng), rng), rng)


def still(rng: np.random.Generator) -> Array:
    """Return a recording of a board in a hand that holds it level and still."""
    return _sense(np.zeros((SAMPLES, 6)), rng)


def _wing(rng: np.random.Generator) -> Array:
    """Four slanted strokes, a W."""
    width, height = rng.uniform(0.10, 0.18), rng.uniform(0.22, 0.42)
    strokes = [(width, -height), (width, height), (width, -height), (width, height)]
    return _strokes(strokes, rng.uniform(0.30, 0.50), rng)


def _slope(rng: np.random.Generator) -> Array:
    """Down to the left, then straight to the right: an angle."""
    size = rng.uniform(0.28, 0.50)
    down = rng.uniform(0.8, 1.2)
    strokes = [(-size * rng.uniform(0.5, 0.8), -size * down), (size * rng.uniform(0.9, 1.2), 0.0)]
    return _strokes(strokes, rng.uniform(0.38, 0.70), rng)


def _ring(rng: np.random.Generator) -> Array:
    """Draw one circle, clockwise from the top."""
    duration = rng.uniform(0.9, 1.9)
    start = _start(duration, rng)
    turns = rng.uniform(0.95, 1.15)
    position, rate, change = (
        2 * np.pi * turns * value / duration**order
        for order, value in enumerate(_minimum_jerk((_TIME - start) / duration))
    )
    angle = position + rng.normal(0, 0.15)
    across, upright = rng.uniform(0.13, 0.24), rng.uniform(0.13, 0.24)
    motion = np.zeros((SAMPLES, 6))
    motion[:, 0] = across * np.sin(angle)
    motion[:, 2] = upright * np.cos(angle)
    motion[:, 3] = across * (np.cos(angle) * change - np.sin(angle) * rate**2)
    motion[:, 5] = upright * (-np.sin(angle) * change - np.cos(angle) * rate**2)
    return motion


def _idle(rng: np.random.Generator) -> Array:
    """Lie still, any side up."""
    axis = rng.normal(size=3)
    return _sense(np.zeros((SAMPLES, 6)), rng, axis / np.linalg.norm(axis) * rng.uniform(0, np.pi))


def _flick(rng: np.random.Generator) -> Array:
    """Make one straight movement, and maybe back."""
    direction = rng.normal(size=3)
    direction *= rng.uniform(0.15, 0.5) / np.linalg.norm(direction)
    strokes = [direction, -direction][: rng.integers(1, 3)]
    return _sense(_strokes(strokes, rng.uniform(0.25, 0.7), rng), rng)


def _shake(rng: np.random.Generator) -> Array:
    """Shake along some axis."""
    direction = rng.normal(size=3)
    direction *= rng.uniform(2, 20) / np.linalg.norm(direction)
    wave = np.sin(2 * np.pi * rng.uniform(2, 6) * _TIME + rng.uniform(0, 2 * np.pi))
    motion = np.zeros((SAMPLES, 6))
    motion[:, 3:] = np.outer(wave * _fade(rng), direction)
    return _sense(motion, rng)


def _walk(rng: np.random.Generator) -> Array:
    """Bounce with each step, sway with every second one."""
    steps, phase = rng.uniform(1.5, 2.2), rng.uniform(0, 2 * np.pi)
    motion = np.zeros((SAMPLES, 6))
    motion[:, 5] = rng.uniform(1, 4) * np.sin(2 * np.pi * steps * _TIME + phase)
    motion[:, 3] = rng.uniform(0.3, 1.5) * np.sin(np.pi * steps * _TIME + rng.uniform(0, 2 * np.pi))
    motion[:, 4] = rng.uniform(0.5, 2) * np.sin(2 * np.pi * steps * _TIME + rng.uniform(0, 2 * np.pi))
    return _sense(motion, rng)


def _tip_over(rng: np.random.Generator) -> Array:
    """Turn the board without moving it: only gravity moves."""
    axis = rng.normal(size=3)
    duration = rng.uniform(0.5, 3.0)
    fraction, _, _ = _minimum_jerk((_TIME - _start(duration, rng)) / duration)
    turn = np.outer(fraction, axis / np.linalg.norm(axis) * rng.uniform(0.5, np.pi))
    return _sense(np.zeros((SAMPLES, 6)), rng, turn)


def _scribble(rng: np.random.Generator) -> Array:
    """Make strokes in all directions of space."""
    strokes = [rng.normal(size=3) * rng.uniform(0.1, 0.25) for _ in range(rng.integers(5, 9))]
    return _sense(_strokes(strokes, rng.uniform(0.3, 0.5), rng), rng)


_FIGURES: dict[str, Callable[[np.random.Generator], Array]] = {"Wing": _wing, "Ring": _ring, "Slope": _slope}
# The flick twice: it is what is most easily taken for a figure.
_OTHER = (_flick, _flick, _shake, _walk, _tip_over, _scribble)


def _minimum_jerk(fraction: Array) -> tuple[Array, Array, Array]:
    """Return how far a movement is (0 to 1) at a fraction of its time, and the first and second derivative of that."""
    t = np.clip(fraction, 0, 1)
    return 10 * t**3 - 15 * t**4 + 6 * t**5, 30 * t**2 - 60 * t**3 + 30 * t**4, 60 * t - 180 * t**2 + 120 * t**3


def _start(duration: float, rng: np.random.Generator) -> float:
    return float(rng.uniform(_MARGIN, max(_MARGIN, SAMPLES / SAMPLE_RATE_HZ - duration - _MARGIN)))


def _fade(rng: np.random.Generator) -> Array:
    """Return a weight that is 1 for some of the recording and 0 in the rest, smoothly."""
    duration = rng.uniform(1.0, 5.0)
    start = _start(duration, rng)
    ramp = 0.2
    up, _, _ = _minimum_jerk((_TIME - start) / ramp)
    down, _, _ = _minimum_jerk((_TIME - start - duration + ramp) / ramp)
    return up - down


def _strokes(strokes: list[tuple[float, float]] | list[Array], stroke_time: float, rng: np.random.Generator) -> Array:
    """Make strokes one after the other.

    Args:
        strokes: where each goes, in m: (x, z) or (x, y, z).
        stroke_time: seconds that one takes, about.
        rng: where the variation comes from.

    Returns:
        Array: f64[128, 6], position in m and acceleration in m/s², in the world's axes.
    """
    durations = stroke_time * rng.uniform(0.85, 1.15, len(strokes))
    # The next stroke begins before one ends: the corners are round.
    starts = np.concatenate([[0.0], np.cumsum(durations * (1 - rng.uniform(0.05, 0.25)))])
    first = _start(float(starts[-1]) + stroke_time / 4, rng)
    motion = np.zeros((SAMPLES, 6))
    for stroke, start, duration in zip(strokes, starts[:-1] + first, durations, strict=True):
        way = np.asarray(stroke, dtype=np.float64) * rng.uniform(0.9, 1.1)
        if way.size == 2:
            way = np.array([way[0], 0.0, way[1]])
        position, _, acceleration = _minimum_jerk((_TIME - start) / duration)
        motion[:, :3] += np.outer(position, way)
        motion[:, 3:] += np.outer(acceleration / duration**2, way)
    return motion


def _turn_plane(motion: Array, rng: np.random.Generator) -> Array:
    """Turn a figure a little: nobody's is exactly upright."""
    turn = rng.normal(0, [0.08, 0.12, 0.15])
    return np.hstack([_to_board(motion[:, :3], turn), _to_board(motion[:, 3:], turn)])


def _sense(motion: Array, rng: np.random.Generator, turn: Array | None = None) -> Array:
    """Return what the accelerometer of a moved board reads.

    Args:
        motion: f64[128, 6], position in m and acceleration in m/s², in the world's axes.
        rng: where tilt and noise come from.
        turn: the board's rotation vector in radians, f64[3] or f64[128, 3], besides a tilt as of a hand.
    """
    tilt = rng.normal(0, 0.12, 3)
    drift = np.outer(_TIME / _TIME[-1], rng.normal(0, 0.06, 3))
    wrist = motion[:, :3] @ rng.normal(0, 0.25, (3, 3))
    rotation = tilt + drift + wrist + (0.0 if turn is None else turn)
    reading = _to_board(motion[:, 3:] + [0, 0, GRAVITY], rotation)
    # Physiological tremor is between 8 and 12 Hz.
    tremor = np.sin(2 * np.pi * rng.uniform(8, 12) * _TIME + rng.uniform(0, 2 * np.pi))
    reading = reading + np.outer(tremor, rng.normal(0, 0.10, 3)) + rng.normal(0, rng.uniform(0.02, 0.10), (SAMPLES, 3))
    sensed: Array = np.clip(np.round(reading / _STEP) * _STEP, -_RANGE, _RANGE)
    return sensed


def _to_board(vectors: Array, rotation: Array) -> Array:
    """Return vectors in the axes of a board that is turned by a rotation vector (Rodrigues' formula, backwards)."""
    angle = np.linalg.norm(rotation, axis=-1, keepdims=True)
    axis = np.broadcast_to(rotation / np.maximum(angle, 1e-12), vectors.shape)
    along = np.sum(axis * vectors, axis=1, keepdims=True)
    across = np.cross(axis, vectors)
    turned: Array = vectors * np.cos(angle) - across * np.sin(angle) + axis * along * (1 - np.cos(angle))
    return turned
