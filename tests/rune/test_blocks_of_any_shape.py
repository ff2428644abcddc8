"""Every built-in block with any shape, type, arguments and values: a plain model, the native build and wasm3 agree, and
the compiled block takes no more memory than its manifest declares."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import block_batch
import block_models
import pytest
from block_models import Trial
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runeflash.blocks import library, read_block
from runeflash.errors import UserError
from runeflash.rune.block_memory import declared
from runeflash.tensors import ElementType, TensorType

# Every trial is compiled twice, so there are few of them, and none are made smaller.
SETTINGS = {
    "phases": (Phase.explicit, Phase.generate),
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}
EVERY_BLOCK = st.tuples(*(block_models.trials(name) for name in block_models.NAMES))


def test_there_is_a_model_of_every_block() -> None:
    forms = [(name, library.load(name)) for name in library.names()]
    names = {*(name for name, _ in forms), *(f"{n} {form.folder.name}" for n, b in forms for form in b.forms)}
    assert set(block_models.NAMES) == names


@settings(max_examples=3, **SETTINGS)
@given(EVERY_BLOCK)
def test_model_native_and_engine_agree(trials: tuple[Trial, ...]) -> None:
    check(trials)


@pytest.mark.exhaustive
@settings(max_examples=150, **{**SETTINGS, "derandomize": False})
@given(EVERY_BLOCK)
def test_model_native_and_engine_agree_for_long(trials: tuple[Trial, ...]) -> None:
    check(trials)


def check(trials: tuple[Trial, ...]) -> None:
    for batch in block_batch.batches(trials):
        natively = [block_batch.run_natively(trial) for trial in batch]
        for trial, results in zip(batch, natively, strict=True):
            compare_with_model(trial, results)
        rune, stages = block_batch.build(batch)
        with tempfile.TemporaryDirectory() as folder:
            in_engine = block_batch.run_in_engine(batch, rune, Path(folder))
        for trial, results, others in zip(batch, natively, in_engine, strict=True):
            for one, other in zip(results, others, strict=True):
                assert [[_printed(value) for value in tensor] for tensor in one] == other, trial
        for trial, stage, memory in zip(batch, stages, rune.blocks, strict=True):
            limits = declared(stage, list(trial.inputs))
            assert limits is not None, trial
            assert memory.variables <= limits["state"] + limits["working"], trial
            assert memory.tables <= limits["tables"], trial


def compare_with_model(trial: Trial, results: block_batch.Results) -> None:
    for data, outputs in zip(trial.calls, results, strict=True):
        for found, wanted in zip(outputs, trial.model(list(data)), strict=True):
            assert len(found) == len(wanted), trial
            for one, other in zip(found, wanted, strict=True):
                assert _agree(one, other, trial.tolerance), (trial, one, other)


def _agree(found: object, wanted: object, tolerance: float) -> bool:
    if wanted is None:  # the model leaves it open
        return True
    if isinstance(wanted, float) and isinstance(found, int | float):
        if math.isnan(wanted) or math.isinf(wanted) or not tolerance:
            return found == wanted or (math.isnan(found) and math.isnan(wanted))
        return abs(found - wanted) <= tolerance
    if isinstance(wanted, int) and isinstance(found, int) and tolerance:
        return min(abs(found - wanted), 256 - abs(found - wanted)) <= tolerance
    return found == wanted


def _printed(value: object) -> object:
    """The value as an output prints it, which has no NaN and no infinity."""
    return value if not isinstance(value, float) or math.isfinite(value) else None


TYPICAL = {
    "fft": "i16[1, 16000]",
    "noise_filtering": "u32[1, 1960]",
    "gesture_agg": "f32[1, 4]",
    "segment_output": "f32[1, 4, 4, 21]",
    "utf8_decode": "u8[100]",
}


@pytest.mark.parametrize("name", library.names())
def test_declared_memory_is_near_the_truth(name: str) -> None:
    """With the default arguments; that a stage never takes more is checked whenever a rune is built."""
    block = library.load(name)
    for form in (block, *block.forms):
        assert form.memory is not None
        if name not in TYPICAL:
            assert name.endswith("_agg") or form.memory.is_none
            continue
        element, dimensions = TYPICAL[name].rstrip("]").split("[")
        tensor = TensorType(ElementType(element), tuple(int(size) for size in dimensions.split(", ")))
        declared_outputs = [TensorType(ElementType.U8, (1960,))] if form is not block else [None] * len(form.outputs)
        arguments = {"labels": ("a", "b", "c", "d")} if name.endswith("_agg") else {}
        trial = Trial(form, (tensor,), tuple(declared_outputs), arguments, (), lambda data: [])
        rune, (stage,) = block_batch.build([trial])
        (memory,) = rune.blocks
        limits = declared(stage, [tensor])
        assert limits is not None
        assert memory.variables == pytest.approx(limits["state"] + limits["working"], abs=8)
        assert limits["tables"] * 0.8 <= memory.tables <= limits["tables"]
        assert memory.texts <= 200


def test_a_block_that_takes_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "greedy"
    folder.mkdir()
    manifest = "summary: s.\ninputs: [{name: x, types: u8, shape: [n]}]\noutputs: [{name: y, types: u8, shape: [n]}]\n"
    (folder / "greedy.c").write_text(
        '#include "rune_proc_block.h"\n'
        "static uint8_t kept[RUNE_INPUT0_COUNT + 3];\n"
        "static const uint8_t table[] = { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89 };\n"
        "void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {\n"
        "    const uint8_t *x = in[0].data;\n    uint8_t *y = out[0].data;\n"
        "    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {\n"
        "        kept[x[i] % sizeof kept]++;\n        y[i] = kept[i] + table[x[i] % 10];\n    }\n}\n"
    )

    def build(memory: str) -> None:
        (folder / "block.yaml").write_text(manifest + memory)
        block = read_block(folder, is_built_in=False)
        tensor = TensorType(ElementType.U8, (5,))
        block_batch.build([Trial(block, (tensor,), (None,), {}, (), lambda data: [])])

    build("")
    build("memory: {state: n + 3, tables: 10}")
    build("memory: {working: x_bytes + 3, tables: 10}")
    with pytest.raises(
        UserError, match=r"the static variables of greedy take 8 bytes, but its block.yaml declares at most 5"
    ):
        build("memory: {state: n, tables: 10}")
    with pytest.raises(UserError, match=r"the tables of greedy take 10 bytes, but its block.yaml declares at most 0"):
        build("memory: {state: 8}")
    with pytest.raises(UserError, match=r'"8 / .n - 5.", has no value: division by zero'):
        build("memory: {state: 8 / (n - 5)}")
