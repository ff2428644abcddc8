"""Resampling: tones keep their strength, what would alias is gone, constant sound stays."""

from __future__ import annotations

import array
import struct

import numpy as np
import pytest

from runeflash.device.sound import ResampledSound, mono_samples


def resample(samples: list[int], rate: int, wanted: int) -> np.ndarray:
    sound = ResampledSound(array.array("h", samples), rate, wanted)
    return np.frombuffer(sound.window(0, len(sound)), np.int16).astype(float)


@pytest.mark.parametrize(
    ("rate", "wanted"), [(44100, 16000), (8000, 16000), (22050, 16000), (48000, 16000), (11025, 8000)]
)
def test_a_tone_is_the_same_tone(rate: int, wanted: int) -> None:
    hertz = 0.3 * min(rate, wanted)
    tone = np.round(20000 * np.sin(2 * np.pi * hertz / rate * np.arange(rate // 10)))
    found = resample([int(x) for x in tone], rate, wanted)
    assert found.size == -(-(rate // 10) * wanted // rate)
    expected = 20000 * np.sin(2 * np.pi * hertz / wanted * np.arange(found.size))
    edge = 200
    assert np.abs(found - expected)[edge:-edge].max() < 30


def test_what_would_alias_is_damped() -> None:
    tone = np.round(20000 * np.sin(2 * np.pi * 10000 / 44100 * np.arange(8820)))
    found = resample([int(x) for x in tone], 44100, 16000)[200:-200]
    assert np.abs(found).max() < 20000 * 10 ** (-65 / 20)


@pytest.mark.parametrize("value", [-32768, -1, 0, 32767])
def test_constant_sound_stays(value: int) -> None:
    found = resample([value] * 600, 44100, 16000)
    assert set(found[60:-60]) == {value}


def test_the_same_samples_on_every_computer() -> None:
    found = resample([0, 0, 10000, 0, 0], 8000, 16000)
    assert list(found) == [-386, -2054, 396, 6343, 9600, 6343, 396, -2054, -386, 1163]


def test_nothing_at_all() -> None:
    assert resample([], 44100, 16000).size == 0


@pytest.mark.parametrize(
    ("width", "data"),
    [
        (1, bytes([0, 128, 255])),
        (2, struct.pack("<3h", -32768, 0, 32512)),
        (3, bytes([9, 0, 0x80, 0, 0, 0, 0, 0, 0x7F])),
        (4, struct.pack("<3i", -(1 << 31), 0, 0x7F000000)),
    ],
)
def test_widths(width: int, data: bytes) -> None:
    assert list(mono_samples(data, 1, width)) == [-32768, 0, 32512]


def test_an_incomplete_frame_is_left_out() -> None:
    assert list(mono_samples(struct.pack("<5h", 1, 3, -5, -7, 9), 2, 2)) == [2, -6]
