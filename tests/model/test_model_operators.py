"""Every operator over many shapes and options: to the bit by its definition, within 1e-5 by tflite-micro."""

from __future__ import annotations

import numpy as np
import pytest
from model_cases import Case, all_cases, fully_connected_case, pool_2d_case, softmax_case
from native_models import NativeModel, load_models

from runeflash.model import compile_model
from runeflash.model.schema import Activation

CASES = all_cases()


@pytest.fixture(scope="module")
def natives() -> dict[str, NativeModel]:
    models = [compile_model(case.data, name=case.name, symbol=case.name) for case in CASES]
    return {native.compiled.name: native for native in load_models(models)}


def inputs_of(case: Case) -> list[np.ndarray]:
    generator = np.random.default_rng(7)
    return [(generator.normal(size=case.shape) * scale).astype(np.float32) for scale in (1, 1, 20)]


@pytest.mark.parametrize("case", [case for case in CASES if case.expected], ids=lambda case: case.name)
def test_gives_the_bits_of_the_definition(case: Case, natives: dict[str, NativeModel]) -> None:
    assert case.expected is not None
    for value in inputs_of(case):
        np.testing.assert_array_equal(natives[case.name].run(value)[0], case.expected(value))


@pytest.mark.parametrize("case", [case for case in CASES if case.judged], ids=lambda case: case.name)
def test_agrees_with_tflite_micro(case: Case, natives: dict[str, NativeModel]) -> None:
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(case.data, arena_size=1 << 20)
    for value in inputs_of(case):
        interpreter.set_input(value, 0)
        interpreter.invoke()
        expected = interpreter.get_output(0)
        # Where terms cancel, the order of the sum shows beyond a relative 1e-5 of a result near 0.
        np.testing.assert_allclose(
            natives[case.name].run(value)[0], expected, rtol=1e-5, atol=1e-5 * float(np.abs(expected).max())
        )


def test_what_the_arena_held_before_does_not_matter(natives: dict[str, NativeModel]) -> None:
    for case in CASES:
        value = inputs_of(case)[0]
        np.testing.assert_array_equal(
            natives[case.name].run(value, arena_fill=0xFF)[0], natives[case.name].run(value, arena_fill=0)[0]
        )


def test_special_numbers() -> None:
    cases = [
        fully_connected_case("special_fc_none", (1, 1), 1, 1, with_bias=False),
        fully_connected_case("special_fc_relu", (1, 1), 1, 1, activation=Activation.RELU, with_bias=False),
        fully_connected_case("special_fc_relu6", (1, 1), 1, 1, activation=Activation.RELU6, with_bias=False),
        pool_2d_case("special_pool", "MAX_POOL_2D", (1, 1, 3, 1), (1, 3)),
        softmax_case("special_softmax", (1, 3), 1.0),
    ]
    none, relu, relu6, pool, softmax = load_models(
        [compile_model(case.data, name=case.name, symbol=case.name) for case in cases]
    )
    infinity, nan = np.float32(np.inf), np.float32(np.nan)
    for native in (none, relu, relu6):
        assert np.isnan(native.run([[nan]])[0]).all(), "a NaN passes every activation"
    results = sorted(float(relu6.run([[value]])[0].item()) for value in (infinity, -infinity))
    assert results == [0.0, 6.0]
    results = sorted(float(relu.run([[value]])[0].item()) for value in (infinity, -infinity))
    assert results == [0.0, infinity]
    assert pool.run([[[[nan], [2.0], [1.0]]]])[0].item() == 2.0, "a NaN is never the greatest"
    assert pool.run([[[[nan], [nan], [nan]]]])[0].item() == np.finfo(np.float32).min
    assert np.isnan(softmax.run([[nan, 0.0, 1.0]])[0]).all()
    np.testing.assert_array_equal(softmax.run([[-infinity, 0.0, -infinity]])[0], [[0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(softmax.run([[3e38, -3e38, 0.0]])[0], [[1.0, 0.0, 0.0]])
