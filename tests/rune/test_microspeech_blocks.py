"""fft and noise-filtering against what official runes fed to their model, and against plain numpy models."""

from __future__ import annotations

import json
import tempfile
import wave
from pathlib import Path

import block_runner
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runeflash.blocks import library
from runeflash.blocks.manifest import ArgumentValue, Block
from runeflash.blocks.signature import bind
from runeflash.blocks.vectors import Call, Case, Vector
from runeflash.pipeline.graph import ProcBlockStage, TensorReference
from runeflash.tensors import ElementType, TensorType

Array = npt.NDArray[np.generic]


def run(
    block: Block, inputs: list[Array], declared: list[TensorType | None], **chosen: ArgumentValue
) -> list[list[object]]:
    """The elements of the block's only output for each of the inputs, one call after the other."""
    types = {np.dtype(np.int16): ElementType.I16, np.dtype(np.uint32): ElementType.U32}
    tensor = TensorType(types[inputs[0].dtype], (1, inputs[0].size))
    arguments = {argument.name: chosen.get(argument.name, argument.default) for argument in block.arguments}
    bound = bind(block, [tensor], declared, arguments)
    assert not bound.problems
    outputs = tuple(output for output in bound.outputs if output is not None)
    stage = ProcBlockStage("block", block, (TensorReference("in", 0),), outputs, arguments, (), (0,), bound.dynamic)
    program = block_runner.compile_natively(stage, [tensor])
    data = b"".join(each.tobytes() for each in inputs)
    return [call[0] for call in block_runner.run_program_natively(program, stage, data, len(inputs))]


def samples_of(path: Path) -> npt.NDArray[np.int16]:
    with wave.open(str(path)) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), np.int16)


@pytest.mark.parametrize("word", ["up", "down"])
def test_model_input_of_the_reference(word: str, fixtures: Path) -> None:
    samples = samples_of(fixtures / "rune-suite" / "run-pass" / f"microspeech-{word}" / f"{word}.wav")[:16000]
    energies = run(library.load("fft"), [np.pad(samples, (0, 16000 - samples.size))], [None])[0]
    features = run(library.load("noise_filtering"), [np.array(energies, np.uint32)], [None])[0]
    expected = np.fromfile(fixtures / "golden" / f"microspeech-{word}.model_input.i8", np.int8)
    difference = np.abs(np.array(features) - expected.astype(int))
    assert (difference != 0).sum() <= 4
    assert difference.max() <= 1


def test_noise_filtering_of_the_reference(fixtures: Path) -> None:
    vector = json.loads((fixtures / "golden" / "noise_filtering_smoke.json").read_text())
    elements, expected = (next(v for k, v in vector.items() if k.startswith(name)) for name in ("input", "expected"))
    assert run(library.load("noise_filtering"), [np.array(elements, np.uint32)], [None])[0] == expected


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
    step = int(np.float32(bins) * (np.float32(1) - np.float32(overlap)))
    steps = 0
    while steps * step + bins < samples.size:
        steps += 1
    padded = np.pad(samples.astype(np.float64), (0, max(steps * step + bins - samples.size, 0)))
    ratio = np.float32(steps + 1) / np.float32(49)
    position, starts = np.float32(0), []
    for _ in range(49):
        starts.append(int(position) * step)
        position = np.float32(position + ratio)
    size = 8
    while size < bins:
        size *= 2
    frames = np.zeros((49, size))
    for row, start in zip(frames, starts, strict=True):
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


@pytest.mark.parametrize("size", [24000, 16000, 5000, 300, 100])
@pytest.mark.parametrize("element", [ElementType.U8, ElementType.I8])
def test_linear_form(size: int, element: ElementType) -> None:
    declared = TensorType(element, (1960,))
    block = library.load("fft").form([element])
    samples = [noise(size, seed) for seed in range(3)]
    for sound, found in zip(samples, run(block, samples, [declared]), strict=True):
        difference = np.abs(np.array(found, np.int64).astype(np.uint8).astype(int) - linear_model(sound))
        assert (difference != 0).sum() <= 7
        assert difference.max() <= 1


def test_linear_form_of_speech(fixtures: Path) -> None:
    block = library.load("fft").form([ElementType.U8])
    for name in ("yes_01d22d03_nohash_0", "no_b66f4f93_nohash_8"):
        samples = samples_of(fixtures / "rune-examples" / "v0.2.2" / "microspeech" / "data" / f"{name}.wav")
        samples = np.pad(samples, (0, 24000 - samples.size))
        found = run(block, [samples], [TensorType(ElementType.U8, (1960,))])[0]
        difference = np.abs(np.array(found, int) - linear_model(samples))
        assert (difference != 0).sum() <= 7
        assert difference.max() <= 1


@pytest.mark.parametrize(
    ("size", "rate", "bins", "overlap"),
    [
        (16000, 16000, 480, 0.6666667),
        (24000, 16000, 480, 0.5),
        (100, 16000, 480, 0.6666667),
        (8000, 8000, 256, 0.25),
        (16000, 16000, 1000, 0.9),
        (4000, 44100, 33, 0.1),
    ],
)
def test_mel_form(size: int, rate: int, bins: int, overlap: float) -> None:
    samples = [noise(size, seed) for seed in range(3)]
    results = run(library.load("fft"), samples, [None], sample_rate=rate, bins=bins, window_overlap=overlap)
    for sound, found in zip(samples, results, strict=True):
        # In float32 the transform is right to about 1e-6 of its largest values.
        np.testing.assert_allclose(np.array(found), mel_model(sound, rate, bins, overlap), rtol=1e-5, atol=1.3)


def test_the_engine_gives_the_same_bytes() -> None:
    samples = noise(3000, 7)
    block = library.load("fft")
    arguments = {argument.name: argument.default for argument in block.arguments}
    vector = Vector(TensorType(ElementType.I16, (1, 3000)), tuple(samples.tolist()))
    expected = run(block, [samples], [None])[0]
    output = Vector(TensorType(ElementType.U32, (1, 1960)), tuple(expected))
    case = Case("noise", arguments, (Call((vector,), (output,), None),))
    with tempfile.TemporaryDirectory() as place:
        assert block_runner.run_in_engine(block, case, Path(place)) == [[expected]]


class NoiseModel:
    """noise-filtering with Python's integers, and with logarithms in double precision."""

    def __init__(
        self, strength: float = 0.95, offset: float = 80, gain_bits: int = 21, smoothing_bits: int = 10
    ) -> None:
        self.smoothing_bits, self.gain_bits = smoothing_bits, gain_bits
        self.factors = [int(np.float32(value) * np.float32(16384)) for value in (0.025, 0.06, 0.05)]
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
            self.table[4 * k - 6 : 4 * k - 3] = [y0, 4 * d1 - d2, d2 - (4 * d1 - d2)]

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


ENERGIES = st.one_of(st.integers(0, 65536), st.integers(0, 200), st.integers(0, 0xFFFFFFFF))


@pytest.mark.parametrize(
    "given_arguments",
    [{}, {"strength": 0.5, "offset": 3.0, "gain_bits": 17, "smoothing_bits": 4}, {"smoothing_bits": 0}],
    ids=["defaults", "others", "no fraction"],
)
@given(calls=st.lists(st.lists(ENERGIES, min_size=7, max_size=7), min_size=1, max_size=4))
@settings(max_examples=60)
def test_noise_filtering_of_anything(given_arguments: dict[str, ArgumentValue], calls: list[list[int]]) -> None:
    inputs = [np.array(call, np.uint32) for call in calls]
    results = run(library.load("noise_filtering"), inputs, [None], **given_arguments)
    model = NoiseModel(**given_arguments)
    for elements, found in zip(calls, results, strict=True):
        exact = model.call(elements)
        rounded = np.trunc(exact)
        # Where the result is next to a whole number, either is right: the logarithm has 26 fractional bits.
        near = np.abs(exact - np.round(exact)) < 1e-3
        difference = np.abs(np.array(found) - rounded)
        assert (difference[~near] == 0).all()
        assert (difference <= 1).all()
