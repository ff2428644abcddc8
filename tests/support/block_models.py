"""Plain models of the built-in proc blocks, in numpy and Python, and trials of them: any shape, any values.

A model takes the inputs of a call and the arguments, and returns the elements of each output as the block should give
them. Those of ``fft`` and ``noise_filtering`` are in :mod:`front_end_models`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import front_end_models
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runeflash.blocks import library
from runeflash.blocks.manifest import ArgumentValue, Block
from runeflash.blocks.signature import bind
from runeflash.pipeline.graph import ProcBlockStage, TensorReference
from runeflash.tensors import ElementType, TensorType

Array = npt.NDArray[Any]
Model = Callable[[list[Array]], list[list[object]]]
#: The number of calls of a trial.
CALLS = 4
DTYPES = {
    ElementType.U8: np.uint8,
    ElementType.I8: np.int8,
    ElementType.U16: np.uint16,
    ElementType.I16: np.int16,
    ElementType.U32: np.uint32,
    ElementType.I32: np.int32,
    ElementType.U64: np.uint64,
    ElementType.I64: np.int64,
    ElementType.F32: np.float32,
    ElementType.F64: np.float64,
}
NUMERIC = tuple(DTYPES)


@dataclass(frozen=True, repr=False)
class Trial:
    """A block with inputs, arguments and data for several calls, and a fresh model of it.

    Attributes:
        block: the block, or one of its forms.
        inputs: the types of its inputs.
        declared: the types of its outputs, None where the Runefile would say nothing.
        arguments: those that are not the defaults.
        calls: for each call the data of each input.
        model: called once for each call, in order.
        tolerance: how far a number may be from the model's, in units of 1.
    """

    block: Block
    inputs: tuple[TensorType, ...]
    declared: tuple[TensorType | None, ...]
    arguments: Mapping[str, ArgumentValue]
    calls: tuple[tuple[Array, ...], ...]
    model: Model
    tolerance: float = 0.0

    def __repr__(self) -> str:
        types = ", ".join(map(str, self.inputs))
        form = self.block.folder.name
        return f"<{form} of {types}, {dict(self.arguments)}, {[[t.tolist() for t in call] for call in self.calls]}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # what hypothesis prints
        printer.text(repr(self))

    def stage(self, name: str, inputs: list[TensorReference]) -> ProcBlockStage:
        """The stage of a pipeline that runs it."""
        values = {a.name: self.arguments.get(a.name, a.default) for a in self.block.arguments}
        bound = bind(self.block, self.inputs, self.declared, values)
        assert not bound.problems, bound.problems
        outputs = tuple(output for output in bound.outputs if output is not None)
        lengths = tuple(
            self.block.text_bytes(i, values, bound.dimensions, [0] * len(self.inputs)) or 0 for i in range(len(outputs))
        )
        return ProcBlockStage(name, self.block, tuple(inputs), outputs, values, (), lengths, bound.dynamic)


# --- values -------------------------------------------------------------------------------------------------


def elements_of(element: ElementType, *, nan: bool = True) -> st.SearchStrategy[Any]:
    """Numbers of a type: small ones, equal ones, the ends and the special ones."""
    dtype = DTYPES[element]
    if element.is_float:
        width = 32 if element is ElementType.F32 else 64
        special = [0.0, -0.0, 0.5, 1.0, -1.0, float("inf"), float("-inf"), *([float("nan")] if nan else [])]
        return st.one_of(
            st.floats(-10, 10, width=width), st.floats(width=width, allow_nan=False), st.sampled_from(special)
        )
    limits = np.iinfo(dtype)
    least, greatest = int(limits.min), int(limits.max)
    near = st.integers(max(least, -5), 5)
    return st.one_of(near, st.integers(least, greatest), st.sampled_from([least, 0, 1, greatest]))


def shapes(ranks: tuple[int, int] = (0, 4), largest: int = 5) -> st.SearchStrategy[tuple[int, ...]]:
    """Small shapes."""
    return st.lists(st.integers(1, largest), min_size=ranks[0], max_size=ranks[1]).map(tuple)


@st.composite
def lines_of_ones(draw: st.DrawFn, most: int = 9) -> tuple[int, ...]:
    """The shape of one dimension with 1s around it."""
    ones = st.integers(0, 2).map(lambda count: (1,) * count)
    return (*draw(ones), draw(st.integers(1, most)), *draw(ones))


def data_of(draw: st.DrawFn, tensor: TensorType, elements: st.SearchStrategy[Any] | None = None) -> Array:
    """The data of a tensor for one call, flat."""
    chosen = elements if elements is not None else elements_of(tensor.element)
    return draw(arrays.arrays(DTYPES[tensor.element], tensor.count, elements=chosen, fill=st.nothing()))


@st.composite
def trials(draw: st.DrawFn, name: str) -> Trial:
    """A trial of a block, or of a form: ``fft linear``."""
    return _TRIALS[name](draw)


def _trial(
    draw: st.DrawFn,
    block: Block,
    inputs: list[TensorType],
    model: Callable[..., list[list[object]]],
    elements: list[st.SearchStrategy[Any] | None] | None = None,
    declared: list[TensorType | None] | None = None,
    tolerance: float = 0.0,
    **arguments: ArgumentValue,
) -> Trial:
    calls = tuple(
        tuple(data_of(draw, t, e) for t, e in zip(inputs, elements or [None] * len(inputs), strict=True))
        for _ in range(CALLS)
    )
    outputs = declared or [None] * block.output_count(len(inputs))
    values = {a.name: arguments.get(a.name, a.default) for a in block.arguments}
    return Trial(block, tuple(inputs), tuple(outputs), arguments, calls, lambda data: model(*data, **values), tolerance)


def _f32(draw: st.DrawFn, strategy: st.SearchStrategy[float]) -> float:
    return float(np.float32(draw(strategy)))


# --- plain blocks -------------------------------------------------------------------------------------------


def _saturated(values: Array, dtype: npt.DTypeLike) -> list[object]:
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype).tolist()
    limits = np.iinfo(dtype)
    return [
        0 if np.isnan(v) else int(limits.min if v <= limits.min else limits.max if v >= limits.max else v)
        for v in values.tolist()
    ]


def _modulo(x: Array, modulus: float) -> list[list[object]]:
    with np.errstate(all="ignore"):
        return [_saturated(np.fmod(x.astype(np.float32), np.float32(modulus)), x.dtype)]


def _normalize(x: Array) -> list[list[object]]:
    if not np.issubdtype(x.dtype, np.floating):
        values = x.tolist()
        least, span = min(values), max(values) - min(values)
        return [[(v - least) // span for v in values] if span else values]
    least = greatest = x[0]
    for value in x[1:]:
        least = value if value < least else least
        greatest = value if value > greatest else greatest
    with np.errstate(all="ignore"):
        return [x.tolist() if least == greatest else ((x - least) / (greatest - least)).tolist()]


def _most_confident(x: Array, count: int) -> list[list[object]]:
    return [sorted(range(x.size), key=lambda i: (-x.tolist()[i], i))[:count]]


def _identity(*tensors: Array) -> list[list[object]]:
    return [tensor.tolist() for tensor in tensors]


def _image_normalization(x: Array) -> list[list[object]]:
    limits = np.iinfo(x.dtype)
    exact = (x.astype(object) - int(limits.min)).astype(np.float32)
    return [(exact / np.float32(int(limits.max) - int(limits.min))).tolist()]


def _audio_float_conversion(x: Array, i16_max_as_float: float) -> list[list[object]]:
    return [np.clip(x.astype(np.float32) / np.float32(32767), -1, 1).tolist()]


def _argmax(x: Array) -> list[list[object]]:
    return [[int(np.argmax(np.where(x > 0, x, 0)))]]


def _softmax(x: Array) -> list[list[object]]:
    powers = np.exp(x.astype(np.float64))
    return [(powers / powers.sum()).tolist()]


def _binary_classification(x: Array, threshold: float) -> list[list[object]]:
    return [[int(x[0] > threshold or (x[0] == threshold and x.size > 1))]]


def _utf8_decode(x: Array) -> list[list[object]]:
    return [[x.tobytes().split(b"\0")[0].decode(errors="replace")]]


def _label(x: Array, wordlist: tuple[str, ...]) -> list[list[object]]:
    return [[wordlist[int(i)] for i in x]]


def _ohv_label(x: Array, labels: tuple[str, ...], unknown_label: str) -> list[list[object]]:
    nothing = -128 if x.dtype == np.int8 else 0
    usable = np.where(x > nothing, x, nothing).astype(np.float64)
    best = usable.size - 1 - int(np.argmax(usable[::-1]))
    return [[labels[best] if usable[best] > nothing and best < len(labels) else unknown_label]]


class _Aggregator:
    """The averages of the last inputs; it lives as long as a rune."""

    def __init__(self) -> None:
        self.history: list[Array] = []
        self.countdown = 0

    def __call__(
        self, x: Array, labels: tuple[str, ...], throttle_interval: int, unknown_label: str, history: int
    ) -> list[list[object]]:
        self.history = [*self.history, x][-history:]
        self.countdown = max(self.countdown - 1, 0)
        if self.countdown:
            return [[unknown_label]]
        self.countdown = throttle_interval
        wide = np.float32 if x.dtype == np.float32 else np.int64
        total = np.zeros(x.size, wide)
        for past in self.history:
            total = total + past.astype(wide)
        best = int(np.argmax(total))
        return [[labels[best] if best < len(labels) else unknown_label]]


# --- trials -------------------------------------------------------------------------------------------------


def _trial_modulo(draw: st.DrawFn) -> Trial:
    tensor = TensorType(draw(st.sampled_from(NUMERIC)), draw(shapes()))
    moduli = st.one_of(st.sampled_from([1.0, 360.0, -7.0, 0.0, 1e10, 1e-40]), st.floats(-1e6, 1e6, width=32))
    return _trial(draw, library.load("modulo"), [tensor], _modulo, modulus=_f32(draw, moduli))


def _trial_normalize(draw: st.DrawFn) -> Trial:
    tensor = TensorType(draw(st.sampled_from(NUMERIC)), draw(shapes()))
    return _trial(draw, library.load("normalize"), [tensor], _normalize)


def _trial_most_confident(draw: st.DrawFn) -> Trial:
    tensor = TensorType(draw(st.sampled_from(NUMERIC)), draw(lines_of_ones()))
    count = draw(st.integers(1, tensor.count))
    values = elements_of(tensor.element, nan=False)
    return _trial(draw, library.load("most_confident_indices"), [tensor], _most_confident, [values], count=count)


def _trial_identity(draw: st.DrawFn) -> Trial:
    count = draw(st.integers(1, 3))
    tensors = [TensorType(draw(st.sampled_from(NUMERIC)), draw(shapes())) for _ in range(count)]
    return _trial(draw, library.load("identity"), tensors, _identity)


def _trial_image_normalization(draw: st.DrawFn) -> Trial:
    elements = (ElementType.U8, ElementType.I8, ElementType.U16, ElementType.I16, ElementType.U32, ElementType.I32)
    shape = (*(draw(st.integers(1, 4)) for _ in range(3)), draw(st.sampled_from([1, 3])))
    tensor = TensorType(draw(st.sampled_from(elements)), shape)
    return _trial(draw, library.load("image_normalization"), [tensor], _image_normalization)


def _trial_audio(draw: st.DrawFn) -> Trial:
    tensor = TensorType(ElementType.I16, draw(shapes()))
    return _trial(draw, library.load("audio_float_conversion"), [tensor], _audio_float_conversion)


def _trial_argmax(draw: st.DrawFn) -> Trial:
    return _trial(draw, library.load("argmax"), [TensorType(ElementType.F32, draw(shapes()))], _argmax)


def _trial_softmax(draw: st.DrawFn) -> Trial:
    tensor = TensorType(ElementType.F32, draw(shapes()))
    moderate = st.floats(-60, 60, width=32)
    return _trial(draw, library.load("softmax"), [tensor], _softmax, [moderate], tolerance=2e-6)


def _trial_binary_classification(draw: st.DrawFn) -> Trial:
    tensor = TensorType(ElementType.F32, draw(shapes()))
    threshold = _f32(draw, st.sampled_from([0.5, 0.0, -1.0, 0.1]))
    return _trial(draw, library.load("binary_classification"), [tensor], _binary_classification, threshold=threshold)


def _trial_segment_output(draw: st.DrawFn) -> Trial:
    rows, columns, classes = (draw(st.integers(1, 4)) for _ in range(3))

    def model(x: Array) -> list[list[object]]:
        values = x.reshape(rows * columns, classes)
        pixels: list[object] = np.argmax(np.where(values > 0, values, 0), axis=1).tolist()
        return [pixels, sorted(set(pixels))]  # type: ignore[type-var]

    tensor = TensorType(ElementType.F32, (1, rows, columns, classes))
    return _trial(draw, library.load("segment_output"), [tensor], model)


def _trial_utf8_decode(draw: st.DrawFn) -> Trial:
    tensor = TensorType(ElementType.U8, draw(lines_of_ones(24)))
    letters = st.one_of(st.sampled_from([*"aé左\N{GRINNING FACE}".encode(), 0xFF, 0xC0, 0xED, 65]), st.integers(0, 255))
    return _trial(draw, library.load("utf8_decode"), [tensor], _utf8_decode, [letters])


def _words(draw: st.DrawFn, least: int = 1, most: int = 6) -> tuple[str, ...]:
    texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6)
    return tuple(draw(st.lists(texts, min_size=least, max_size=most)))


def _trial_label(draw: st.DrawFn) -> Trial:
    element = draw(st.sampled_from(NUMERIC))
    words = _words(draw)
    indices = st.integers(0, len(words) - 1)
    values = indices.map(float) if element.is_float else indices
    tensor = TensorType(element, draw(shapes()))
    return _trial(draw, library.load("label"), [tensor], _label, [values], wordlist=words)


def _trial_best_labels(draw: st.DrawFn) -> Trial:
    tensor = TensorType(draw(st.sampled_from(NUMERIC)), draw(lines_of_ones(6)))
    words = _words(draw, tensor.count, 8)
    counts = [draw(st.integers(1, tensor.count)) for _ in range(2)]

    def model(x: Array, wordlist: tuple[str, ...]) -> list[list[object]]:
        best = sorted(range(x.size), key=lambda i: (-x.tolist()[i], i))
        return [x[best[: counts[0]]].tolist(), [wordlist[i] for i in best[: counts[1]]]]

    declared: list[TensorType | None] = [
        TensorType(tensor.element, (counts[0],)),
        TensorType(ElementType.UTF8, (counts[1],)),
    ]
    block = library.load("label").forms[0]
    values = elements_of(tensor.element, nan=False)
    return _trial(draw, block, [tensor], model, [values], declared, wordlist=words)


def _trial_ohv_label(draw: st.DrawFn) -> Trial:
    element = draw(st.sampled_from([ElementType.F32, ElementType.U8, ElementType.I8]))
    tensor = TensorType(element, draw(lines_of_ones()))
    return _trial(draw, library.load("ohv_label"), [tensor], _ohv_label, labels=_words(draw))


def _trial_aggregator(name: str) -> Callable[[st.DrawFn], Trial]:
    def trial(draw: st.DrawFn) -> Trial:
        element = draw(st.sampled_from([ElementType.F32, ElementType.U8, ElementType.I8]))
        tensor = TensorType(element, draw(lines_of_ones()))
        # NaN sums would need an order of their own; sums of f32 are compared as they are added, oldest first.
        values = st.floats(0, 1, width=32) if element.is_float else None
        arguments: dict[str, ArgumentValue] = {
            "labels": _words(draw),
            "throttle_interval": draw(st.integers(0, 3)),
            "history": draw(st.integers(1, 5)),
        }
        return _trial(draw, library.load(name), [tensor], _Aggregator(), [values], **arguments)

    return trial


def _trial_mel(draw: st.DrawFn) -> Trial:
    block = library.load("fft")
    arguments = _frames(draw)

    def model(x: Array, sample_rate: int, bins: int, window_overlap: float) -> list[list[object]]:
        return [front_end_models.mel_model(x, sample_rate, bins, window_overlap).tolist()]

    arguments["sample_rate"] = draw(st.sampled_from([8000, 16000, 44100]))
    tensor = TensorType(ElementType.I16, (1, draw(st.integers(1, 1500))))
    return _sound_trial(draw, block, tensor, model, [None], 2.5, arguments)


def _trial_linear(draw: st.DrawFn) -> Trial:
    block = library.load("fft").forms[0]
    element = draw(st.sampled_from([ElementType.U8, ElementType.I8]))

    def model(x: Array, sample_rate: int, bins: int, window_overlap: float) -> list[list[object]]:
        values = front_end_models.linear_model(x, bins, window_overlap).astype(np.uint8)
        return [values.astype(DTYPES[element]).tolist()]

    tensor = TensorType(ElementType.I16, (draw(st.integers(1, 1500)),))
    return _sound_trial(draw, block, tensor, model, [TensorType(element, (1960,))], 1.0, _frames(draw))


def _frames(draw: st.DrawFn) -> dict[str, ArgumentValue]:
    overlap = _f32(draw, st.one_of(st.sampled_from([0.0, 0.5, 0.6, 0.6666667]), st.floats(0, 0.9375, width=32)))
    return {"bins": draw(st.integers(8, 520)), "window_overlap": overlap}


def _sound_trial(
    draw: st.DrawFn,
    block: Block,
    tensor: TensorType,
    model: Callable[..., list[list[object]]],
    declared: list[TensorType | None],
    tolerance: float,
    arguments: dict[str, ArgumentValue],
) -> Trial:
    seed = draw(st.integers(0, 1 << 30))
    values = {a.name: arguments.get(a.name, a.default) for a in block.arguments}
    calls = tuple((front_end_models.noise(tensor.count, seed + call),) for call in range(CALLS))
    return Trial(block, (tensor,), tuple(declared), arguments, calls, lambda data: model(*data, **values), tolerance)


def _trial_noise_filtering(draw: st.DrawFn) -> Trial:
    tensor = TensorType(ElementType.U32, (1, draw(st.integers(1, 60))))
    energies = st.one_of(st.integers(0, 65536), st.integers(0, 200), st.integers(0, 0xFFFFFFFF))
    arguments: dict[str, ArgumentValue] = {
        "strength": _f32(draw, st.floats(0, 3, width=32)),
        "offset": _f32(draw, st.floats(0.5, 1000, width=32)),
        "gain_bits": draw(st.integers(11, 31)),
        "smoothing_bits": draw(st.integers(0, 20)),
        "even_smoothing": _f32(draw, st.floats(0, 1, width=32)),
        "odd_smoothing": _f32(draw, st.floats(0, 1, width=32)),
        "min_signal_remaining": _f32(draw, st.floats(0, 1, width=32)),
    }
    model = front_end_models.NoiseModel(**arguments)  # type: ignore[arg-type]

    def call(x: Array, **_: ArgumentValue) -> list[list[object]]:
        # Where the result is next to a whole number, either is right: the logarithm has 26 fractional bits.
        exact = model.call(x.tolist())
        near = np.abs(exact - np.round(exact)) < 1e-3
        return [[None if is_near else int(v) for v, is_near in zip(np.trunc(exact), near, strict=True)]]

    return _trial(draw, library.load("noise_filtering"), [tensor], call, [energies], **arguments)


_TRIALS: dict[str, Callable[[st.DrawFn], Trial]] = {
    "modulo": _trial_modulo,
    "normalize": _trial_normalize,
    "most_confident_indices": _trial_most_confident,
    "identity": _trial_identity,
    "image_normalization": _trial_image_normalization,
    "audio_float_conversion": _trial_audio,
    "argmax": _trial_argmax,
    "softmax": _trial_softmax,
    "binary_classification": _trial_binary_classification,
    "segment_output": _trial_segment_output,
    "utf8_decode": _trial_utf8_decode,
    "label": _trial_label,
    "label best": _trial_best_labels,
    "ohv_label": _trial_ohv_label,
    "gesture_agg": _trial_aggregator("gesture_agg"),
    "person_detection_agg": _trial_aggregator("person_detection_agg"),
    "microspeech_agg": _trial_aggregator("microspeech_agg"),
    "fft": _trial_mel,
    "fft linear": _trial_linear,
    "noise_filtering": _trial_noise_filtering,
}
NAMES = tuple(_TRIALS)
