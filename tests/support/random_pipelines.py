"""Random Runefiles over every built-in proc block and models of every type: chains and fans, several inputs and
outputs, resources, all element types.

None of them fails: an index always has its label, and what is compared for the most confident is never NaN. All else
(infinities, NaN, text that is no UTF-8, integers at their ends) may come up.
"""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline_models import PipelineModel, pipeline_model

NUMERIC = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64")
SIZES = {name: int(name[1:]) // 8 for name in NUMERIC}
FORMS = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q"}
FORMS |= {"f32": "f", "f64": "d"}
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-40, 3e38, math.inf, -math.inf, math.nan)
_WORDS = ("up", "down", "ja", "\u4e0a", "naïve", "a b", "wing", "Ring", '"quoted"', "back\\slash", "tab\there", "0")
_LARGEST = 64  # elements of what most blocks are given


@dataclass(frozen=True)
class Tensor:
    """What a stage gives.

    Attributes:
        reference: how an input names it.
        element: its type.
        dimensions: its shape.
        bound: of f32 and f64, what no element's magnitude exceeds, so that none is NaN; else None.
        below: of integers, what all are smaller than and none is negative; else None.
        varies: whether only a run shows how many elements there are: it can be printed, no block takes it.
    """

    reference: str
    element: str
    dimensions: tuple[int, ...]
    bound: float | None = None
    below: int | None = None
    varies: bool = False

    @property
    def count(self) -> int:
        return math.prod(self.dimensions)

    @property
    def is_float(self) -> bool:
        return self.element.startswith("f")

    @property
    def is_number(self) -> bool:
        return self.element != "utf8"

    @property
    def is_ordered(self) -> bool:
        return self.is_number and (not self.is_float or self.bound is not None)

    @property
    def is_line(self) -> bool:
        """Whether it has one dimension, beside 1s around it."""
        return sum(size != 1 for size in self.dimensions) <= 1


@dataclass
class RandomPipeline:
    """A Runefile and what it is given.

    Attributes:
        runefile: its text.
        recordings: of each RAW capability in the order of their sources, the bytes of all calls.
        models: the models by the names of their stages, whose files are called NAME.tflite.
        blocks: how often it has each of :data:`BLOCKS`.
    """

    seed: int
    stages: int
    calls: int
    runefile: str = ""
    recordings: list[bytes] = field(default_factory=list)
    models: dict[str, PipelineModel] = field(default_factory=dict)
    blocks: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lines: list[str] = []
        self._resources: list[str] = []
        self._tensors: list[Tensor] = []
        self._used: set[str] = set()
        for number in range(6):
            self._capability(number)
        for number in range(self.stages):
            self._stage(f"stage_{number}")
        self._outputs()
        resources = ["resources:", *self._resources] if self._resources else []
        self.runefile = "\n".join(["version: 1", "image: runicos/base", "pipeline:", *self._lines, *resources, ""])

    # --- capabilities ---------------------------------------------------------------------------------------

    def _capability(self, number: int) -> None:
        """The first ones feed what few others could: an fft, pictures, chains of f32, and text. The last is RAND."""
        chosen = self._random
        name = f"input_{number}"
        element = ("i16", chosen.choice(("u8", "i8", "u16", "f32")), "f32", "u8", "i8")[number] if number < 5 else None
        element = element or chosen.choice(NUMERIC)
        kind, arguments = "RAND", []
        tame = number == 2 or chosen.random() < 0.5
        if number == 0:
            dimensions: tuple[int, ...] = (1, chosen.randint(60, 400))
        elif number == 1:
            dimensions = (1, chosen.randint(1, 4), chosen.randint(1, 3), chosen.choice((1, 3)))
        elif number == 3:
            dimensions = (chosen.randint(2, 16),)
        else:
            dimensions = self._shape()
        if number < 5:
            kind, arguments = "RAW", [f"source: {number}"]
            count = self.calls * math.prod(dimensions)
            self.recordings.append(self._data(element, count, tame))
        self._write(name, f"capability: {kind}", [], [(element, dimensions)], arguments)
        bound = 10.0 if tame and kind == "RAW" and element.startswith("f") else None
        self._tensors.append(Tensor(name, element, dimensions, bound))

    def _shape(self) -> tuple[int, ...]:
        size = self._random.randint(1, 12)
        return self._random.choice([(size,), (1, size), (size, 1), (1, 1, size), (2, size), (1, 2, 2, size), (size, 3)])

    def _data(self, element: str, count: int, tame: bool) -> bytes:
        chosen = self._random
        if not element.startswith("f"):
            return chosen.randbytes(count * SIZES[element])
        values = [
            chosen.uniform(-10, 10) if tame or chosen.random() < 0.7 else chosen.choice(_SPECIAL) for _ in range(count)
        ]
        return struct.pack(f"<{count}{FORMS[element]}", *values)

    # --- stages ---------------------------------------------------------------------------------------------

    def _stage(self, name: str) -> None:
        """A block that came up least, on a tensor that it takes: a new one rather than an old, for long chains."""
        chosen = self._random
        fitting: dict[str, list[Tensor]] = {}
        for block, (takes, _) in BLOCKS.items():
            tensors = [tensor for tensor in self._tensors if takes(tensor) and not tensor.varies]
            if tensors:
                fitting[block] = tensors
        block = min(fitting, key=lambda name: (self.blocks[name], chosen.random()))
        tensor = fitting[block][-1 - min(int(chosen.expovariate(0.5)), len(fitting[block]) - 1)]
        self.blocks[block] += 1
        BLOCKS[block][1](self, name, tensor)

    def _block(
        self,
        name: str,
        block: str,
        inputs: list[Tensor],
        outputs: list[Tensor],
        arguments: list[str] | None = None,
        *,
        declare: bool = False,
    ) -> None:
        """Write a stage; what it gives is declared now and then, and where it must be."""
        declare = declare or self._random.random() < 0.3
        declared = [(tensor.element, tensor.dimensions) for tensor in outputs] if declare else []
        self._write(name, f"proc-block: {block}", inputs, declared, arguments or [])
        self._used.update(tensor.reference for tensor in inputs)
        self._tensors += outputs

    def _write(
        self,
        name: str,
        what: str,
        inputs: list[Tensor],
        outputs: list[tuple[str, tuple[int, ...]]],
        arguments: list[str],
    ) -> None:
        self._lines += [f"  {name}:", f"    {what}"]
        if inputs:
            self._lines.append(f"    inputs: [{', '.join(tensor.reference for tensor in inputs)}]")
        if outputs:
            self._lines.append("    outputs:")
            self._lines += [f"      - {{type: {element}, dimensions: {list(size)}}}" for element, size in outputs]
        if arguments:
            self._lines.append("    args:")
            self._lines += [f"      {argument}" for argument in arguments]

    def _same(self, name: str, block: str, tensor: Tensor, element: str, bound: float | None, *arguments: str) -> None:
        """A block that keeps the shape."""
        self._block(name, block, [tensor], [Tensor(name, element, tensor.dimensions, bound)], list(arguments))

    def _labels(self, argument: str, count: int) -> str:
        """The argument with so many labels or more: in place, or in a resource."""
        words = [f"{self._random.choice(_WORDS)}{number}" for number in range(count + self._random.randint(0, 2))]
        text = '"' + "\\n".join(word.replace("\\", "\\\\").replace('"', '\\"') for word in words) + '"'
        if self._random.random() < 0.5:
            return f"{argument}: {text.replace(chr(9), chr(92) + 't')}"
        resource = f"LABELS_{len(self._resources)}"
        inline = text.replace("\t", "\\t")
        self._resources.append(f"  {resource}: {{type: string, inline: {inline}}}")
        return f"{argument}: ${resource}"

    def _modulo(self, name: str, tensor: Tensor) -> None:
        modulus = self._random.choice((1, 2, 7, 10, 0.3, 360))
        bound = None if tensor.bound is None else min(tensor.bound, float(modulus))
        below = None
        if tensor.element.startswith("u") and isinstance(modulus, int):
            below = modulus
        result = Tensor(name, tensor.element, tensor.dimensions, bound, below)
        self._block(name, "modulo", [tensor], [result], [f"modulus: {modulus}"])

    def _normalize(self, name: str, tensor: Tensor) -> None:
        self._same(name, "normalize", tensor, tensor.element, None if tensor.bound is None else max(1.0, tensor.bound))

    def _softmax(self, name: str, tensor: Tensor) -> None:
        self._same(name, "softmax", tensor, "f32", 1.0 if tensor.bound is not None and tensor.bound <= 10 else None)

    def _image_normalization(self, name: str, tensor: Tensor) -> None:
        self._same(name, "image_normalization", tensor, "f32", 1.0)

    def _audio_float_conversion(self, name: str, tensor: Tensor) -> None:
        self._same(name, "audio_float_conversion", tensor, "f32", 1.0)

    def _argmax(self, name: str, tensor: Tensor) -> None:
        self._block(name, "argmax", [tensor], [Tensor(name, "u32", (1,), below=tensor.count)])

    def _binary_classification(self, name: str, tensor: Tensor) -> None:
        threshold = self._random.choice((0, 0.5, -1))
        result = Tensor(name, "u32", (1,), below=2)
        self._block(name, "binary_classification", [tensor], [result], [f"threshold: {threshold}"])

    def _most_confident_indices(self, name: str, tensor: Tensor) -> None:
        count = self._random.randint(1, tensor.count)
        result = Tensor(name, "u32", (count,), below=tensor.count)
        self._block(name, "most_confident_indices", [tensor], [result], [f"count: {count}"])

    def _label(self, name: str, tensor: Tensor) -> None:
        assert tensor.below is not None
        words = self._labels("wordlist", tensor.below)
        self._block(name, "label", [tensor], [Tensor(name, "utf8", tensor.dimensions)], [words])

    def _label_best(self, name: str, tensor: Tensor) -> None:
        count = self._random.randint(1, tensor.count)
        best = Tensor(f"{name}.0", tensor.element, (count,), tensor.bound, varies=True)
        labels = Tensor(f"{name}.1", "utf8", (count,), varies=True)
        self._block(name, "label", [tensor], [best, labels], [self._labels("wordlist", tensor.count)], declare=True)

    def _ohv_label(self, name: str, tensor: Tensor) -> None:
        words = self._labels("labels", max(1, tensor.count - 1))  # now and then one has none
        self._block(name, "ohv_label", [tensor], [Tensor(name, "utf8", (1,))], [words])

    def _aggregator(self, name: str, tensor: Tensor) -> None:
        block = self._random.choice(("gesture_agg", "microspeech_agg", "person_detection_agg"))
        arguments = [
            self._labels("labels", tensor.count),
            f"throttle_interval: {self._random.randint(1, 3)}",
            f"history: {self._random.randint(1, 4)}",
            "unknown_label: '?'",
        ]
        self._block(name, block, [tensor], [Tensor(name, "utf8", (1,))], arguments)

    def _segment_output(self, name: str, tensor: Tensor) -> None:
        _, rows, columns, classes = tensor.dimensions
        pixels = Tensor(f"{name}.0", "u32", (rows, columns), below=classes)
        found = Tensor(f"{name}.1", "u32", (classes,), varies=True)
        self._block(name, "segment_output", [tensor], [pixels, found])

    def _utf8_decode(self, name: str, tensor: Tensor) -> None:
        self._block(name, "utf8_decode", [tensor], [Tensor(name, "utf8", (1,))])

    def _identity(self, name: str, tensor: Tensor) -> None:
        others = [other for other in self._tensors if _is_small(other) and not other.varies]
        inputs = [tensor, *self._random.sample(others, min(len(others), self._random.randint(0, 2)))]
        outputs = [
            Tensor(f"{name}.{number}" if len(inputs) > 1 else name, one.element, one.dimensions, one.bound, one.below)
            for number, one in enumerate(inputs)
        ]
        self._block(name, "identity", inputs, outputs)

    def _fft(self, name: str, tensor: Tensor) -> None:
        arguments = [f"bins: {self._random.choice((16, 24, 64))}"]
        result = Tensor(name, *self._random.choice([("u32", (1, 1960)), ("u8", (1960,)), ("i8", (1960,))]))
        self._block(name, "fft", [tensor], [result], arguments, declare=True)

    def _noise_filtering(self, name: str, tensor: Tensor) -> None:
        self._block(name, "noise_filtering", [tensor], [Tensor(name, "i8", (1, tensor.count))])

    def _model(self, name: str, tensor: Tensor, kind: str) -> None:
        chosen = self._random
        model = pipeline_model(kind, tensor.dimensions, chosen.randint(2, 6), chosen.randrange(1000))
        self.models[name] = model
        result = Tensor(name, tensor.element, model.result)
        self._write(name, f"model: ./{name}.tflite", [tensor], [(tensor.element, model.result)], [])
        self._used.add(tensor.reference)
        self._tensors.append(result)

    def _model_f32(self, name: str, tensor: Tensor) -> None:
        self._model(name, tensor, "f32")

    def _model_i8(self, name: str, tensor: Tensor) -> None:
        self._model(name, tensor, "i8")

    def _model_u8(self, name: str, tensor: Tensor) -> None:
        self._model(name, tensor, "u8")

    def _model_hybrid(self, name: str, tensor: Tensor) -> None:
        self._model(name, tensor, "hybrid")

    # --- outputs --------------------------------------------------------------------------------------------

    def _outputs(self) -> None:
        """All that nothing reads, and some that something reads, in outputs of one to three tensors."""
        read = [tensor for tensor in self._tensors if tensor.reference in self._used and tensor.count <= _LARGEST]
        shown = [tensor for tensor in self._tensors if tensor.reference not in self._used]
        shown += self._random.sample(read, min(3, len(read)))
        self._random.shuffle(shown)
        number = 0
        while shown:
            size = self._random.randint(1, 3)
            inputs, shown = shown[:size], shown[size:]
            self._write(f"serial_{number}", "out: SERIAL", inputs, [], [])
            number += 1


def _is_small(tensor: Tensor) -> bool:
    return tensor.is_number and tensor.count <= _LARGEST


def _is_small_f32(tensor: Tensor) -> bool:
    return _is_small(tensor) and tensor.element == "f32"


def _is_score_line(tensor: Tensor) -> bool:
    return _is_small(tensor) and tensor.is_ordered and tensor.is_line


def _is_confidence_line(tensor: Tensor) -> bool:
    return _is_small(tensor) and tensor.is_line and tensor.element in {"f32", "u8", "i8"}


def _is_picture(tensor: Tensor) -> bool:
    types = {"u8", "i8", "u16", "i16", "u32", "i32"}
    return len(tensor.dimensions) == 4 and tensor.dimensions[3] in {1, 3} and tensor.element in types


#: For each block (or form of one, or blocks that are alike) and type of model: what it takes, and what writes a stage.
BLOCKS: dict[str, tuple[Callable[[Tensor], bool], Callable[[RandomPipeline, str, Tensor], None]]] = {
    "argmax": (_is_small_f32, RandomPipeline._argmax),
    "audio_float_conversion": (lambda t: t.element == "i16", RandomPipeline._audio_float_conversion),
    "binary_classification": (_is_small_f32, RandomPipeline._binary_classification),
    "fft": (lambda t: t.element == "i16" and t.is_line and t.count >= 60, RandomPipeline._fft),
    "aggregator": (_is_confidence_line, RandomPipeline._aggregator),
    "identity": (_is_small, RandomPipeline._identity),
    "image_normalization": (_is_picture, RandomPipeline._image_normalization),
    "label": (lambda t: t.below is not None and t.below <= 24 and t.count <= _LARGEST, RandomPipeline._label),
    "label best": (_is_score_line, RandomPipeline._label_best),
    "model f32": (_is_small_f32, RandomPipeline._model_f32),
    "model hybrid": (lambda t: _is_small_f32(t) and t.bound is not None, RandomPipeline._model_hybrid),
    "model i8": (lambda t: _is_small(t) and t.element == "i8", RandomPipeline._model_i8),
    "model u8": (lambda t: _is_small(t) and t.element == "u8", RandomPipeline._model_u8),
    "modulo": (_is_small, RandomPipeline._modulo),
    "most_confident_indices": (_is_score_line, RandomPipeline._most_confident_indices),
    "noise_filtering": (
        lambda t: t.element == "u32" and len(t.dimensions) == 2 and t.dimensions[0] == 1,
        RandomPipeline._noise_filtering,
    ),
    "normalize": (_is_small, RandomPipeline._normalize),
    "ohv_label": (_is_confidence_line, RandomPipeline._ohv_label),
    "segment_output": (
        lambda t: _is_small_f32(t) and len(t.dimensions) == 4 and t.dimensions[0] == 1,
        RandomPipeline._segment_output,
    ),
    "softmax": (_is_small_f32, RandomPipeline._softmax),
    "utf8_decode": (lambda t: t.element == "u8" and t.is_line and t.count <= _LARGEST, RandomPipeline._utf8_decode),
}
