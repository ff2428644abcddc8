"""Small models for random pipelines, a fully connected layer of each type, and what says what they give.

The reference is never the firmware's code for a board: numpy for f32, tflite-micro for int8, LiteRT's reference kernels
for uint8. A hybrid model's result is the compiled model's on this computer, which LiteRT must come close to.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import model_cases
import model_cases_i8
import model_cases_typed
import numpy as np
from judges import Array, lite_rt, tflite_micro
from native_models import load_models
from tflite_builder import fully_connected_options

from runeflash.model import compile_model
from runeflash.model.schema import Activation

KINDS = {"f32": "f32", "i8": "i8", "u8": "u8", "hybrid": "f32"}
_TYPES = {"f32": np.float32, "i8": np.int8, "u8": np.uint8}
_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6)


@dataclass(frozen=True)
class PipelineModel:
    """A model with one input and one output.

    Attributes:
        data: the file.
        shape: of the input.
        result: the output's dimensions.
        infer: the bytes of the output for those of the input.
    """

    data: bytes
    shape: tuple[int, ...]
    result: tuple[int, int]
    infer: Callable[[bytes], bytes]


def pipeline_model(kind: str, shape: tuple[int, ...], units: int, seed: int) -> PipelineModel:
    """Return a model of one of :data:`KINDS` for an input of any shape; its last dimension is the layer's depth."""
    depth = shape[-1]
    result = (math.prod(shape) // depth, units)
    activation = _ACTIVATIONS[seed % len(_ACTIVATIONS)]
    weight_shape = (units, depth)
    options = fully_connected_options(activation)
    if kind == "f32":
        case = model_cases.fully_connected_case(f"f32_{seed}", shape, depth, units, activation=activation)
        assert case.expected is not None
        data, answer = case.data, case.expected
    elif kind == "i8":
        weighted = model_cases_i8.Weighted(seed, units, 0, per_channel=seed % 2 == 0, activation=activation)
        data = weighted.add("FULLY_CONNECTED", f"i8_{seed}", options, shape, weight_shape, result).data
        answer = functools.partial(_judged, tflite_micro, data)
    else:
        data = model_cases_typed.Weighted(kind, units, 0, per_channel=seed % 2 == 0).build(
            "FULLY_CONNECTED", options, shape, weight_shape, result, version=3
        )
        answer = functools.partial(_judged, lite_rt, data) if kind == "u8" else _Compiled(data)

    def infer(given: bytes) -> bytes:
        value = np.frombuffer(given, _TYPES[KINDS[kind]]).reshape(shape)
        with np.errstate(all="ignore"):
            return answer(value).astype(_TYPES[KINDS[kind]]).tobytes()

    return PipelineModel(data, shape, result, infer)


def _judged(judge: Callable[..., list[list[Array]]], data: bytes, value: Array) -> Array:
    ((result,),) = judge(data, [[value]])
    return result


class _Compiled:
    """A compiled model, checked on the way."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @functools.cached_property
    def _native(self) -> Callable[[Array], Array]:
        (native,) = load_models([compile_model(self._data, name="hybrid", symbol="hybrid")])
        return lambda value: native.run(value)[0]

    def __call__(self, value: Array) -> Array:
        found = self._native(value)
        np.testing.assert_allclose(found, _judged(lite_rt, self._data, value), rtol=1e-5, atol=1e-6)
        return found
