"""Plain models of fft and noise-filtering, in double precision and with Python's integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def linear_model(samples: Array, bins: int = 256, overlap: float = 0.6) -> Array:
    """The first form of fft, in double precision."""
    columns = frames_of(samples, bins, overlap, np.ones(bins))
    points = columns.shape[1] - 1
    rows = [int(np.float32(y) / np.float32(40) * np.float32(points)) for y in range(39, -1, -1)]
    values = 0.5 * np.log10(columns[:, rows].T.ravel() + 1)
    spread = values.max() - values.min()
    return np.trunc(255 * ((values - values.min()) / spread)) if spread else np.zeros(1960)


def frames_of(samples: Array, bins: int, overlap: float, window: Array) -> npt.NDArray[np.float64]:
    """The power spectra of the 49 frames."""
    step = max(int(np.float32(bins) * (np.float32(1) - np.float32(overlap))), 1)
    steps = 0
    while steps * step + bins < samples.size:
        steps += 1
    padded = np.pad(samples.astype(np.float64), (0, max(steps * step + bins - samples.size, 0)))
    # As in the reference, the last one is left out where they do not overlap.
    stretches = np.float32(steps + 1 - (step == bins))
    ratio = stretches / np.float32(49)
    position, starts = np.float32(0), []
    for _ in range(49):
        if position < stretches:
            starts.append(int(position) * step)
        position = np.float32(position + ratio)
    size = 8
    while size < bins:
        size *= 2
    frames = np.zeros((49, size))
    for row, start in zip(frames, starts, strict=False):
        row[:bins] = padded[start : start + bins] * window
    return np.abs(np.fft.rfft(frames, axis=1)) ** 2


def mel_model(samples: Array, rate: int = 16000, bins: int = 480, overlap: float = 0.6666667) -> Array:
    """The mel form of fft, in double precision."""
    size = 8
    while size < bins:
        size *= 2
    window = 0.5 * (1 - np.cos(2 * np.pi * np.arange(bins) / (size - 1)))
    powers = frames_of(samples, bins, overlap, window)
    rows = bins // 2 + 1
    shown = powers[:, [int(np.float32(y) / np.float32(rows) * np.float32(size // 2)) for y in range(rows)]]
    low, high = (2595 * np.log10(1 + f / 700) for f in (rate / bins, rate / 2))
    edges = 700 * (10 ** (np.linspace(low, high, 42) / 2595) - 1)
    places = np.floor(edges / (rate / 2) * rows + 1e-9).astype(int)
    energies = np.zeros((49, 40))
    for r in range(40):
        a, b = places[r], places[r + 2]
        s = max(b - a, 1)
        k = np.arange(s)
        weights = (1 - np.abs((k - (s - 1) / 2) / (s / 2))) / s
        energies[:, r] = np.sqrt(shown[:, a : a + s] @ weights[: rows - a])
    spread = np.ptp(energies)
    return (65536 * ((energies - energies.min()) / spread)).ravel() if spread else np.zeros(1960)


def noise(size: int, seed: int) -> npt.NDArray[np.int16]:
    generator = np.random.default_rng(seed)
    tones = sum(np.sin(np.arange(size) * f) * 3000 for f in generator.uniform(0.01, 3, 4))
    return (tones + generator.normal(0, 400, size)).astype(np.int16)


class NoiseModel:
    """noise-filtering with Python's integers, and with logarithms in double precision."""

    def __init__(
        self,
        strength: float = 0.95,
        offset: float = 80,
        gain_bits: int = 21,
        smoothing_bits: int = 10,
        even_smoothing: float = 0.025,
        odd_smoothing: float = 0.06,
        min_signal_remaining: float = 0.05,
    ) -> None:
        self.smoothing_bits, self.gain_bits = smoothing_bits, gain_bits
        parts = (even_smoothing, odd_smoothing, min_signal_remaining)
        self.factors = [int(np.float32(value) * np.float32(16384)) for value in parts]
        self.estimates: list[int] = []

        def gain(x: float) -> int:
            value = 2.0**gain_bits * (x / 2 ** (smoothing_bits + 1) + float(np.float32(offset))) ** -float(
                np.float32(strength)
            )
            return int(min(value, 32767.0) + 0.5)

        self.table = [gain(0), gain(1)] + [0] * 123
        for k in range(2, 33):
            x0 = 2 ** (k - 1)
            y0 = gain(x0)
            d1, d2 = gain(1.5 * x0) - y0, gain(min(2 * x0, 2**32 - 1)) - y0
            entry = [y0, 4 * d1 - d2, d2 - (4 * d1 - d2)]
            self.table[4 * k - 6 : 4 * k - 3] = [(value + 32768) % 65536 - 32768 for value in entry]

    def gain(self, x: int) -> int:
        if x <= 2:
            return self.table[x]
        k = x.bit_length()
        fraction = (x << (11 - k) if k < 11 else x >> (k - 11)) & 0x3FF
        y0, a1, a2 = self.table[4 * k - 6 : 4 * k - 3]
        return (((((a2 * fraction) >> 5) + (a1 << 5)) * fraction + 16384) >> 15) + y0

    def call(self, elements: list[int]) -> npt.NDArray[np.float64]:
        """The results before they are cut off."""
        self.estimates = self.estimates or [0] * len(elements)
        values = []
        for i, x in enumerate(elements):
            up = (x << self.smoothing_bits) & 0xFFFFFFFF
            noise = ((up * self.factors[i % 2] + self.estimates[i] * 16384) >> 14) & 0xFFFFFFFF
            self.estimates[i] = noise
            signal = max((x * self.factors[2]) >> 14, (up - min(noise, up)) >> self.smoothing_bits)
            ratio = ((signal * self.gain(noise)) >> (self.gain_bits + 1 - 12)) & 0xFFFFFFFF
            values.append((ratio * ratio) >> 20 if ratio < 8192 else (ratio >> 6) - 64)
        logarithms = np.log2(np.array(values, np.float64) + 1)
        spread = np.ptp(logarithms)
        return 255 * ((logarithms - logarithms.min()) / spread) - 128 if spread else np.zeros(len(values))
