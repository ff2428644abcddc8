"""Operators that compute element by element, or move elements: what their judge gives, here and on a Cortex-M4F."""

from __future__ import annotations

from pathlib import Path

import judges
import numpy as np
import pytest
from model_cases_elementwise import ElementwiseCase, all_elementwise_cases, many_scales
from native_models import NativeModel, load_models
from thumb_models import run_on_thumb

from runeflash.model import CompiledModel, compile_model

CASES = all_elementwise_cases()
#: For the emulated core: every kernel, without the time that all would take to compile.
ON_CORTEX_M = [case for i, case in enumerate(CASES) if i % 2 == 0 or "chain" in case.name]


@pytest.fixture(scope="module")
def compiled() -> dict[str, CompiledModel]:
    return {case.name: compile_model(case.data, name=case.name, symbol=case.name) for case in CASES}


@pytest.fixture(scope="module")
def natives(compiled: dict[str, CompiledModel]) -> dict[str, NativeModel]:
    return {native.compiled.name: native for native in load_models(list(compiled.values()))}


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_agrees_with_its_judge(case: ElementwiseCase, natives: dict[str, NativeModel]) -> None:
    check_with_judge(case, natives[case.name])


@pytest.mark.exhaustive
def test_every_value_of_many_scales() -> None:
    cases = list(many_scales())
    models = load_models([compile_model(case.data, name=case.name, symbol=case.name) for case in cases])
    for case, native in zip(cases, models, strict=True):
        check_with_judge(case, native)


def check_with_judge(case: ElementwiseCase, native: NativeModel) -> None:
    pytest.importorskip("tflite_micro" if case.judge == "tflite_micro" else "ai_edge_litert")
    expected = getattr(judges, case.judge)(case.data, case.inputs)
    for row, wanted in zip(case.inputs, expected, strict=True):
        for ours, theirs in zip(native.run(*row), wanted, strict=True):
            if theirs.dtype == np.float32:
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-37, err_msg=case.name)
            else:
                np.testing.assert_array_equal(ours, theirs, err_msg=case.name)


def test_what_the_arena_held_before_does_not_matter(natives: dict[str, NativeModel]) -> None:
    for case in CASES:
        results = [natives[case.name].run(*case.inputs[0], arena_fill=fill) for fill in (0x7F, 0)]
        for first, second in zip(*results, strict=True):
            np.testing.assert_array_equal(first, second)


def test_the_same_bytes_on_a_cortex_m(
    toolchain: str, compiled: dict[str, CompiledModel], natives: dict[str, NativeModel], tmp_path: Path
) -> None:
    found = run_on_thumb([(compiled[case.name], case.inputs[0]) for case in ON_CORTEX_M], toolchain, tmp_path)
    for case in ON_CORTEX_M:
        for ours, theirs in zip(natives[case.name].run(*case.inputs[0]), found[case.name], strict=True):
            assert canonical(ours.tobytes(), ours.dtype) == canonical(theirs, ours.dtype), case.name


def canonical(data: bytes, kind: np.dtype[np.generic]) -> bytes:
    """Return the bytes with one NaN for all: the runtime makes it so wherever a NaN could be seen."""
    if kind != np.float32:
        return data
    values = np.frombuffer(data, np.float32)
    return np.where(np.isnan(values), np.float32(np.nan), values).tobytes()
