"""fft and noise-filtering against what official runes fed to their model, and against plain numpy models."""

from __future__ import annotations

import json
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import block_runner
import numpy as np
import numpy.typing as npt
import pytest
from front_end_models import NoiseModel, linear_model, mel_model, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import bench_microspeech
from benchmarks.figure import Figure
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


@pytest.mark.parametrize("measure", [bench_microspeech.with_gcc, bench_microspeech.with_zig, bench_microspeech.memory])
def test_figures_stay_below_their_limits(measure: Callable[[], list[Figure]]) -> None:
    """Instructions of a second of audio on the virtual Cortex-M4F, and bytes of linear memory."""
    for figure in measure():
        assert figure.limit is None or figure.value <= figure.limit, figure
