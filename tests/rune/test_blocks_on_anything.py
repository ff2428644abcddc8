"""Proc blocks on anything, against plain numpy models."""

from __future__ import annotations

from collections.abc import Mapping

import block_runner
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runeflash.blocks import library
from runeflash.blocks.manifest import ArgumentValue
from runeflash.blocks.signature import bind
from runeflash.pipeline.graph import ProcBlockStage, TensorReference
from runeflash.tensors import ElementType, TensorType

Array = npt.NDArray[np.generic]
TYPES = {
    np.dtype(np.uint8): ElementType.U8,
    np.dtype(np.int8): ElementType.I8,
    np.dtype(np.uint16): ElementType.U16,
    np.dtype(np.int16): ElementType.I16,
    np.dtype(np.uint32): ElementType.U32,
    np.dtype(np.int32): ElementType.I32,
    np.dtype(np.float32): ElementType.F32,
}
LABELS = ("a", "bc", "d", "e", "f")
# Few shapes, as each is compiled anew, and many data for each.
SETTINGS = settings(max_examples=40)


def run(
    name: str,
    calls: list[Array],
    arguments: Mapping[str, ArgumentValue] | None = None,
    declared: list[TensorType | None] | None = None,
) -> list[list[list[object]]]:
    """All outputs of a fresh block for each of the inputs, one call after the other."""
    block = library.load(name)
    if declared is not None:
        block = block.form([tensor.element if tensor is not None else None for tensor in declared])
    tensor = TensorType(TYPES[calls[0].dtype], calls[0].shape)
    values = {a.name: (arguments or {}).get(a.name, a.default) for a in block.arguments}
    bound = bind(block, [tensor], declared or [None] * len(block.outputs), values)
    assert not bound.problems
    outputs = tuple(output for output in bound.outputs if output is not None)
    lengths = tuple(64 for _ in outputs)
    stage = ProcBlockStage("block", block, (TensorReference("in", 0),), outputs, values, (), lengths, bound.dynamic)
    program = block_runner.compile_natively(stage, [tensor])
    data = b"".join(np.ascontiguousarray(each).tobytes() for each in calls)
    return block_runner.run_program_natively(program, stage, data, len(calls))


def values_of(dtype: npt.DTypeLike, *shape: int) -> st.SearchStrategy[Array]:
    """Elements of a type; many are equal, some are special."""
    if np.dtype(dtype) == np.float32:
        elements = st.one_of(
            st.floats(width=32), st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, float("nan"), float("inf")])
        )
    else:
        limits = np.iinfo(dtype)
        elements = st.one_of(
            st.integers(int(limits.min), int(limits.max)), st.sampled_from([int(limits.min), 0, 1, int(limits.max)])
        )
    return arrays.arrays(dtype, shape, elements=elements)


def same_floats(found: list[object], expected: Array) -> bool:
    return np.array_equal(np.array(found, np.float32), expected.ravel(), equal_nan=True)


@given(values_of(np.float32, 2, 3))
@SETTINGS
def test_argmax(x: Array) -> None:
    usable = np.where(x.ravel() > 0, x.ravel(), 0)
    assert run("argmax", [x]) == [[[int(np.argmax(usable))]]]


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int8])
@given(data=st.data())
@SETTINGS
def test_ohv_label(dtype: npt.DTypeLike, data: st.DataObject) -> None:
    x = data.draw(values_of(dtype, 6))
    nothing = -128 if x.dtype == np.int8 else 0
    usable = np.where(x > nothing, x, nothing).astype(np.float64)
    best = usable.size - 1 - int(np.argmax(usable[::-1]))
    known = usable[best] > nothing and best < len(LABELS)
    assert run("ohv_label", [x], {"labels": LABELS}) == [[[LABELS[best] if known else "<MISSING>"]]]


@given(
    st.sampled_from([np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32]).flatmap(
        lambda t: values_of(t, 1, 2, 2, 3)
    )
)
@SETTINGS
def test_image_normalization(x: Array) -> None:
    limits = np.iinfo(x.dtype)
    exact = (x.astype(object) - int(limits.min)).astype(np.float32)
    expected = exact / np.float32(int(limits.max) - int(limits.min))
    assert same_floats(run("image_normalization", [x])[0][0], expected)


@given(values_of(np.int16, 9))
@SETTINGS
def test_audio_float_conversion(x: Array) -> None:
    expected = np.clip(x.astype(np.float32) / np.float32(32767), -1, 1)
    assert same_floats(run("audio_float_conversion", [x])[0][0], expected)


@given(arrays.arrays(np.float32, 5, elements=st.floats(-80, 80, width=32)))
@SETTINGS
def test_softmax(x: Array) -> None:
    powers = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(run("softmax", [x])[0][0], powers / powers.sum(), rtol=2e-6, atol=1e-37)


@given(values_of(np.float32, 2))
@SETTINGS
def test_binary_classification(x: Array) -> None:
    assert run("binary_classification", [x]) == [[[int(x[0] > 0.5 or x[0] == 0.5)]]]


@given(values_of(np.float32, 1, 2, 3, 4))
@SETTINGS
def test_segment_output(x: Array) -> None:
    classes = np.argmax(np.where(x > 0, x, 0), axis=3).ravel().tolist()
    assert run("segment_output", [x]) == [[classes, sorted(set(classes))]]


@given(values_of(np.uint8, 12))
@SETTINGS
def test_utf8_decode(x: Array) -> None:
    text = x.tobytes().split(b"\0")[0].decode(errors="replace")
    assert run("utf8_decode", [x]) == [[[text]]]


@pytest.mark.parametrize("name", ["gesture_agg", "person_detection_agg", "microspeech_agg"])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int8])
@given(data=st.data())
@settings(max_examples=15)
def test_aggregators(name: str, dtype: npt.DTypeLike, data: st.DataObject) -> None:
    elements = st.integers(0, 100) if dtype != np.float32 else st.floats(0, 1, width=16)
    calls = data.draw(st.lists(arrays.arrays(dtype, 5, elements=elements), min_size=1, max_size=12))
    arguments = {"labels": LABELS[:4], "throttle_interval": 3, "history": 4}
    for i, found in enumerate(run(name, calls, arguments)):
        # Sums of a few small halves are exact, so their order makes no difference.
        best = int(np.argmax(np.sum(np.array(calls[max(i - 3, 0) : i + 1], np.float64), axis=0)))
        expected = LABELS[best] if i % 3 == 0 and best < 4 else "<MISSING>"
        assert found == [[expected]]


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint32])
@given(data=st.data())
@SETTINGS
def test_best_labels(dtype: npt.DTypeLike, data: st.DataObject) -> None:
    elements = st.integers(0, 5) if dtype != np.float32 else st.floats(-9, 9, width=32)
    x = data.draw(arrays.arrays(dtype, (1, 5), elements=elements))
    best = np.argsort(-x.ravel().astype(np.float64), kind="stable")[:3]
    declared = [TensorType(TYPES[x.dtype], (3,)), TensorType(ElementType.UTF8, (3,))]
    found = run("label", [x], {"wordlist": LABELS}, declared)
    assert found == [[x.ravel()[best].tolist(), [LABELS[i] for i in best]]]
