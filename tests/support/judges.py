"""The runtimes that say what a model must give: tflite-micro, and LiteRT's reference kernels for what that refuses."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def tflite_micro(model: bytes, inputs: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """Return the outputs for each of several rows of inputs."""
    runtime = importlib.import_module("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    results = []
    for row in inputs:
        for number, value in enumerate(row):
            interpreter.set_input(value, number)
        interpreter.invoke()
        results.append([interpreter.get_output(number).copy() for number in range(_output_count(model))])
    return results


def lite_rt(model: bytes, inputs: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """Return the outputs for each of several rows of inputs."""
    module = importlib.import_module("ai_edge_litert.interpreter")
    interpreter = module.Interpreter(
        model_content=model, experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF, num_threads=1
    )
    interpreter.allocate_tensors()
    results = []
    for row in inputs:
        for detail, value in zip(interpreter.get_input_details(), row, strict=True):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()])
    return results


def _output_count(model: bytes) -> int:
    from runeflash.model.read import read_model

    return len(read_model(model).outputs)
