"""The project's own examples on boards: every virtual one, or the one at --port."""

from __future__ import annotations

import math

import pytest

GESTURES = {"wing": "Wing", "ring": "Ring", "slope": "Slope", "still": "Unknown"}
DEGREES = (30, 90, 180, 270, 450, -30, 765, 1)


@pytest.mark.rune("../examples/gesture")
def test_gestures(device) -> None:
    seen = {}
    for name in GESTURES:
        device.play(accelerometer=f"{name}.csv")
        seen[name] = device.output().elements
    assert seen == {name: [label] for name, label in GESTURES.items()}


@pytest.mark.rune("../examples/gesture")
def test_a_reset_changes_nothing(device) -> None:
    device.play(accelerometer="ring.csv")
    before = device.output()
    device.reset()
    assert device.boot["rune"] == "gesture"
    assert device.output() == before


@pytest.mark.rune("../examples/sine")
def test_sines(device) -> None:
    device.play(raw="input.bin", advance=True)
    sines = [output.elements[0] for output in device.outputs()]
    assert sines == pytest.approx([math.sin(math.radians(angle)) for angle in DEGREES], abs=0.05)
