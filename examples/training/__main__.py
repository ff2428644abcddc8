"""Trains both models and writes them with their inputs, each beside its Runefile."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

# Before numpy is loaded: the order in which several threads add up is not always the same.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402 - see above

from examples.training import gesture, motion, sine  # noqa: E402
from examples.training.tflite import to_tflite  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[1]

#: Recording to the label drawn, and the seed; none is among those of the training.
RECORDINGS = {"wing": ("Wing", 101), "ring": ("Ring", 102), "slope": ("Slope", 103)}
STILL_SEED = 104


def main() -> None:
    """Write examples/gesture/*.csv and model.tflite, examples/sine/input.bin and model.tflite."""
    started = time.monotonic()
    for name, (label, seed) in RECORDINGS.items():
        write_recording(EXAMPLES / "gesture" / f"{name}.csv", motion.record(label, np.random.default_rng(seed)))
    write_recording(EXAMPLES / "gesture" / "still.csv", motion.still(np.random.default_rng(STILL_SEED)))
    network = gesture.trained()
    print(f"gesture: {gesture.accuracy(network):.1%} of the held-out recordings are recognised")
    size = (EXAMPLES / "gesture" / "model.tflite").write_bytes(to_tflite(network, gesture.INPUT_SHAPE, softmax=True))
    print(f"gesture: model.tflite has {size:,} bytes")

    (EXAMPLES / "sine" / "input.bin").write_bytes(struct.pack(f"<{len(sine.ANGLES)}f", *sine.ANGLES))
    network = sine.trained()
    print(f"sine: the largest error is {sine.largest_error(network):.3f}")
    size = (EXAMPLES / "sine" / "model.tflite").write_bytes(to_tflite(network, sine.INPUT_SHAPE, softmax=False))
    print(f"sine: model.tflite has {size:,} bytes")
    print(f"{time.monotonic() - started:.0f} s")


def write_recording(path: Path, recording: motion.Array) -> None:
    """Write rows of x, y, z in m/s², after a line that names them."""
    rows = [",".join(f"{value:.4f}" for value in row) for row in recording]
    path.write_text("\n".join(["x,y,z", *rows]) + "\n")


if __name__ == "__main__":
    main()
