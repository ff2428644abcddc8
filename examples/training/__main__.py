"""Trains both models and writes them with their inputs, each beside its Runefile (or into a folder that is named)."""

from __future__ import annotations

import os
import struct
import sys
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


def main(examples: Path = EXAMPLES) -> None:
    """Write gesture/*.csv, gesture/model.tflite, sine/input.bin and sine/model.tflite into a folder."""
    started = time.monotonic()
    for folder in ("gesture", "sine"):
        (examples / folder).mkdir(parents=True, exist_ok=True)
    for name, (label, seed) in RECORDINGS.items():
        write_recording(examples / "gesture" / f"{name}.csv", motion.record(label, np.random.default_rng(seed)))
    write_recording(examples / "gesture" / "still.csv", motion.still(np.random.default_rng(STILL_SEED)))
    network = gesture.trained()
    print(f"gesture: {gesture.accuracy(network):.1%} of the held-out recordings are recognised")
    size = (examples / "gesture" / "model.tflite").write_bytes(to_tflite(network, gesture.INPUT_SHAPE, softmax=True))
    print(f"gesture: model.tflite has {size:,} bytes")

    (examples / "sine" / "input.bin").write_bytes(struct.pack(f"<{len(sine.ANGLES)}f", *sine.ANGLES))
    network = sine.trained()
    print(f"sine: the largest error is {sine.largest_error(network):.3f}")
    size = (examples / "sine" / "model.tflite").write_bytes(to_tflite(network, sine.INPUT_SHAPE, softmax=False))
    print(f"sine: model.tflite has {size:,} bytes")
    print(f"{time.monotonic() - started:.0f} s")


def write_recording(path: Path, recording: motion.Array) -> None:
    """Write rows of x, y, z in m/s², after a line that names them."""
    rows = [",".join(f"{value:.4f}" for value in row) for row in recording]
    path.write_text("\n".join(["x,y,z", *rows]) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
