"""The independent judges of compiled models: tflite-micro, and LiteRT's reference kernels for what it refuses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

Values = npt.NDArray[np.generic]


def judge_micro(data: bytes, inputs: Sequence[Values]) -> list[Values]:
    """Return tflite-micro's first output for each input in turn, from a new start."""
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    results = []
    for value in inputs:
        interpreter.set_input(value, 0)
        interpreter.invoke()
        results.append(interpreter.get_output(0).copy())
    return results


def judge_reference(data: bytes, inputs: Sequence[Values]) -> list[Values]:
    """Return LiteRT's first output, by its reference kernels, for each input in turn, from a new start."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=data, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    results = []
    for value in inputs:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
        interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).copy())
    return results


JUDGES = {"micro": judge_micro, "reference": judge_reference}
