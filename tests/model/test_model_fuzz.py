"""Hostile models through the whole compiler: reader, checks, passes, planner, C."""

from __future__ import annotations

import os
import re
import struct
import sys
import time
from functools import cache
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from native_models import load_models
from pass_checking import random_input

sys.path.insert(0, str(Path(__file__).parent / "passes"))

import test_dead_channels
import test_fold_constants
import test_fuse_activations
import test_fuse_pads
import test_in_place
import test_order_layers
from tflite_builder import (
    ModelBuilder,
    conv_2d_options,
    fully_connected_options,
    reshape_options,
    scale,
    softmax_options,
)

from runeflash.errors import UserError
from runeflash.model import CompiledModel, compile_model
from runeflash.model.lower import MAX_LAYERS
from runeflash.model.passes import CONSTANT_FOLDING, PASS_NAMES
from runeflash.model.schema import OPERATORS, Activation, DataType, Padding

#: A guard against hangs, not a measurement.
_SECONDS = 60
#: Times as many examples under the profile for fuzzing.
_MORE = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 1
#: Where a message can say what is wrong.
_PLACE = re.compile(r"operator \d+|tensor \d+|the model|this is not|buffer \d+|subgraph|vtable|field \d+")


@cache
def generated() -> list[bytes]:
    """Small models in which every pass has something to do."""
    return [
        *(data for data, _ in test_dead_channels.CASES.values()),
        *test_fuse_pads.FUSED.values(),
        *list(test_fuse_activations.FUSED.values())[::3],
        *test_in_place.CASES.values(),
        test_fold_constants.half_weights(),
        test_fold_constants.reshaped_constant(),
        test_fold_constants.dequantized_constant(),
        test_order_layers.wide_branches(),
    ]


def compile_or_refuse(data: bytes) -> CompiledModel | None:
    """Compile with all passes; a refusal must be one line that says where."""
    begin = time.perf_counter()
    try:
        compiled = compile_model(data, name="m", symbol="m")
    except UserError as error:
        assert error.message.isprintable()
        assert _PLACE.search(error.message), error.message
        compiled = None
    assert time.perf_counter() - begin < _SECONDS
    if compiled is not None:
        assert compiled.macs <= compiled.given_macs
        assert compiled.arena_bytes >= 0
    return compiled


#: Bytes that change the meaning of a scalar, an offset or a length.
words = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.integers(-16, 16).map(lambda n: struct.pack("<i", n)),
    st.sampled_from((0x7FFFFFFF, -0x80000000, 1 << 16, 1 << 24, -1)).map(lambda n: struct.pack("<i", n)),
    st.floats(width=32).map(lambda x: struct.pack("<f", x)),
)
changes = st.lists(st.tuples(st.integers(0, 1 << 20), st.booleans(), words), min_size=1, max_size=5)


def changed(data: bytes, edits: list[tuple[int, bool, bytes]]) -> bytes:
    out = bytearray(data)
    for position, is_word, content in edits:
        start = position % len(out)
        start -= start % 4 if is_word else 0
        out[start : start + len(content)] = content
    return bytes(out)


@hypothesis.settings(max_examples=200 * _MORE)
@hypothesis.given(st.integers(0, 1000), changes)
def test_generated_models(number: int, edits: list[tuple[int, bool, bytes]]) -> None:
    models = generated()
    compile_or_refuse(changed(models[number % len(models)], edits))


@pytest.mark.parametrize("number", range(12))
def test_truncated(number: int) -> None:
    data = generated()[number]
    for length in range(0, len(data), max(len(data) // 40, 1)):
        assert compile_or_refuse(data[:length]) is None


def test_models_of_the_fixtures(fixtures: Path) -> None:
    """The structure lies in a part of a file that is mostly weights: changes are made where it is."""
    for path in sorted(fixtures.glob("models/*.tflite")):
        check_file(path.read_bytes())


def check_file(data: bytes) -> None:
    structure = [n for n in range(0, len(data) - 64, 64) if data[n : n + 64].count(0) > 20]

    @hypothesis.settings(max_examples=25)
    @hypothesis.given(
        st.lists(st.tuples(st.sampled_from(structure), st.integers(0, 60), words), min_size=1, max_size=3)
    )
    def run(edits: list[tuple[int, int, bytes]]) -> None:
        compile_or_refuse(changed(data, [(start + inside, True, content) for start, inside, content in edits]))

    run()


@st.composite
def wrong_models(draw: st.DrawFn) -> bytes:
    """Well-formed files whose operators, types, shapes and options do not fit each other."""
    builder = ModelBuilder()
    dimension = st.sampled_from((1, 1, 2, 3, 4, 5, 8, 0, -1, 1 << 15, 1 << 20, 1 << 30))
    shapes = st.lists(dimension, max_size=5)
    types = st.sampled_from(
        (DataType.INT8, DataType.FLOAT32, DataType.INT32, DataType.UINT8, DataType.INT16, *DataType)
    )
    scales = st.sampled_from(
        (None, scale(0.05, -3), scale(0.0), scale(float("nan")), scale(1e30, 1 << 40), scale(-1.0))
    )
    tensors = []
    for _ in range(draw(st.integers(2, 6))):
        shape, kind = draw(shapes), draw(types)
        count = int(np.prod([max(n, 1) for n in shape], dtype=np.float64))
        is_constant = draw(st.booleans()) and kind.size is not None and count <= 512
        content = bytes(count * (kind.size or 1) + draw(st.sampled_from((0, 0, 0, 1)))) if is_constant else None
        variable = draw(st.sampled_from((False, False, False, True)))
        tensors.append(builder.tensor(shape, content or None, type=kind, scales=draw(scales), variable=variable))
    options = (
        conv_2d_options(draw(st.sampled_from(Padding)), (draw(st.integers(-1, 3)), 1 << draw(st.integers(0, 30)))),
        fully_connected_options(draw(st.sampled_from(Activation))),
        reshape_options(draw(st.lists(st.integers(-2, 8), max_size=4))),
        softmax_options(draw(st.floats(width=32))),
        None,
    )
    common = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "RESHAPE", "PAD", "RELU", "ADD", "MAX_POOL_2D")
    for _ in range(draw(st.integers(1, 4))):
        builder.operator(
            draw(st.sampled_from((*common, *OPERATORS))),
            draw(st.lists(st.sampled_from((-1, *tensors)), max_size=4)),
            draw(st.lists(st.sampled_from(tensors), max_size=2)),
            draw(st.sampled_from(options)),
            version=draw(st.sampled_from((1, 1, 1, 2, 3, 99, -1))),
        )
    return builder.build(
        draw(st.lists(st.sampled_from(tensors), max_size=2)), draw(st.lists(st.sampled_from(tensors), max_size=2))
    )


@hypothesis.settings(max_examples=300 * _MORE, suppress_health_check=[hypothesis.HealthCheck.large_base_example])
@hypothesis.given(wrong_models())
def test_wrong_models(data: bytes) -> None:
    compile_or_refuse(data)


def not_needed(data: bytes) -> frozenset[str]:
    """Return the passes that can be off together: all, except where only folding makes the model compilable.

    It computes operators before they are checked, of types that no kernel has too.
    """
    try:
        compile_model(data, name="m", symbol="m", disabled=PASS_NAMES)
    except UserError:
        return frozenset(PASS_NAMES) - {CONSTANT_FOLDING.name}
    return frozenset(PASS_NAMES)


@pytest.mark.exhaustive
@hypothesis.settings(max_examples=200)
@hypothesis.given(st.lists(st.tuples(st.integers(0, 1000), changes), min_size=20, max_size=20))
def test_what_still_compiles_gives_the_same_without_passes(
    given: list[tuple[int, list[tuple[int, bool, bytes]]]],
) -> None:
    pairs = []
    for number, edits in given:
        data = changed(generated()[number % len(generated())], edits)
        if compile_or_refuse(data) is not None:
            pairs += [
                compile_model(data, name="m", symbol=f"m_{len(pairs) + i}", disabled=disabled)
                for i, disabled in enumerate(((), not_needed(data)))
            ]
    natives = load_models(pairs)
    generator = np.random.default_rng(0)
    for first, second in zip(natives[::2], natives[1::2], strict=True):
        values = [random_input(kind, generator) for kind in first.compiled.inputs]
        for one, other in zip(first.run(*values), second.run(*values), strict=True):
            assert one.tobytes() == other.tobytes()


def chain(count: int) -> bytes:
    """Depthwise layers, one behind the other, with dead channels."""
    case = test_dead_channels.Chain(1, 4)
    for _ in range(count):
        case.depthwise(dead=[0])
    return case.build()


def test_many_layers_do_not_take_long() -> None:
    assert compile_or_refuse(chain(MAX_LAYERS)) is not None
    with pytest.raises(UserError, match=f"at most {MAX_LAYERS} are supported"):
        compile_model(chain(MAX_LAYERS + 1), name="m", symbol="m")


def test_channels_without_number() -> None:
    """Nothing is computed for each of a hundred million channels."""
    builder = ModelBuilder()
    x, y = (builder.tensor((1, 1, 1, 100_000_000), type=DataType.INT8, scales=scale(0.1)) for _ in range(2))
    builder.operator("RESHAPE", [x], [y], reshape_options((1, 1, 1, 100_000_000)))
    assert compile_or_refuse(builder.build([x], [y])) is not None
