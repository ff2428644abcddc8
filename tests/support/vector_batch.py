"""Test vectors of proc blocks, many in one rune, so that a firmware or two run them all.

A call's inputs come in one RAW capability. A stage for each of them cuts it out, and the block under test follows. A
printed decimal is the float to the bit, but for NaN and infinity: where a vector has those, the output's bytes are
printed. Cases that fail stand last: a call of the rune for each, after which the runtime loads the rune anew, so that
what comes before must come again.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import block_runner

from runeflash.blocks import library, read_block
from runeflash.blocks.manifest import Block
from runeflash.blocks.signature import bind
from runeflash.blocks.vectors import Call, Case, Vector, load_vectors
from runeflash.device.session import RunSession
from runeflash.errors import RuneflashError
from runeflash.pipeline.graph import (
    CapabilityKind,
    CapabilityStage,
    OutKind,
    OutStage,
    Pipeline,
    ProcBlockStage,
    Stage,
    TensorReference,
)
from runeflash.rune import Rune, build_rune
from runeflash.rune.block_memory import declared
from runeflash.rune.limits import MAX_HANDLES
from runeflash.tensors import ElementType, TensorType

_CUT = """
summary: Bytes from the middle of others, as a tensor of any type.
inputs: [{name: all, types: u8, shape: [n]}]
outputs: [{name: part, types: numeric, shape: [1]}]
arguments: {offset: {type: u32, required: true}}
"""
_CUT_SOURCE = """
#include <string.h>

#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    memcpy(out[0].data, (const uint8_t *)in[0].data + rune_arguments.offset, RUNE_OUTPUT0_COUNT * sizeof(rune_output0));
}
"""
_SHOW = """
summary: A tensor's bytes.
inputs: [{name: numbers, types: numeric, shape: any}]
outputs: [{name: bytes, types: u8, shape: [1]}]
"""
_SHOW_SOURCE = """
#include <string.h>

#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    memcpy(out[0].data, in[0].data, RUNE_OUTPUT0_COUNT);
}
"""


@dataclass(frozen=True)
class Trial:
    """A case of a block's vectors, with the stage that it makes.

    Attributes:
        failing: the number of the first call that fails, or None.
    """

    name: str
    case: Case
    block: Block
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    text_bytes: tuple[int, ...]
    dynamic: tuple[int | None, ...]
    failing: int | None

    @property
    def fails_always(self) -> bool:
        """Whether no inputs at all would do: there is nothing to choose from."""
        return any(value == () for value in self.case.arguments.values())

    def stage(self, name: str, inputs: tuple[TensorReference, ...]) -> ProcBlockStage:
        return ProcBlockStage(
            name, self.block, inputs, self.outputs, self.case.arguments, (), self.text_bytes, self.dynamic
        )

    def given(self, call: Call) -> bytes:
        return b"".join(block_runner.tensor_bytes(vector) for vector in call.inputs)


@dataclass
class CallResult:
    """What a call of a batch gave: a line of each output that it came to, and how it failed."""

    lines: list[list[dict[str, Any]]] = field(default_factory=list)
    failure: str | None = None


#: Runs the batch's rune in a session, for so many calls.
Runner = Callable[[RunSession, int], None]


def trials() -> tuple[list[Trial], list[str]]:
    """Return every case of every block that a run decides, and the names of those that are refused before."""
    found, refused = [], []
    for name in library.names():
        block = library.load(name)
        for form in (block, *block.forms):
            prefix = name if form is block else f"{name}-{form.folder.name}"
            for case in load_vectors(form):
                trial = _trial(f"{prefix}: {case.name}", form, case)
                if trial is None:
                    refused.append(f"{prefix}: {case.name}")
                else:
                    found.append(trial)
    return found, refused


def _trial(name: str, block: Block, case: Case) -> Trial | None:
    inputs = [vector.type for vector in case.calls[0].inputs]
    failing = next((number for number, call in enumerate(case.calls) if call.error is not None), None)
    declared = [vector.type for vector in case.calls[0].outputs] or [None] * block.output_count(len(inputs))
    bound = bind(block, inputs, declared, case.arguments)
    if bound.problems:
        assert failing is not None, (name, bound.problems)
        return None
    outputs = [output for output in bound.outputs if output is not None]
    if failing is not None:  # the least there can be: of the best labels the first, which most inputs have
        outputs = [
            output if axis is None else TensorType(output.element, (*output.dimensions[:axis], 1))
            for output, axis in zip(outputs, bound.dynamic, strict=True)
        ]
    texts = tuple(
        block.text_bytes(i, case.arguments, bound.dimensions, [0] * len(inputs)) or 0 for i in range(len(outputs))
    )
    return Trial(name, case, block, tuple(inputs), tuple(outputs), texts, bound.dynamic, failing)


#: What a stage and those around it take in wasm3, which keeps what it compiles in RAM.
_CODE_BYTES = 2000


def split(trials: Sequence[Trial], count: int) -> list[list[Trial]]:
    """Split trials into batches that take about as much RAM; those that fail are last, those of many calls first."""
    ordered = sorted(trials, key=lambda trial: (trial.failing is not None, len(trial.case.calls) == 1))
    weights = [_weight(trial) for trial in ordered]
    found: list[list[Trial]] = [[] for _ in range(count)]
    before = 0
    for trial, weight in zip(ordered, weights, strict=True):
        found[count * before // sum(weights)].append(trial)
        before += weight
    return found


def _weight(trial: Trial) -> int:
    memory = declared(trial.stage("block", ()), list(trial.inputs)) or {}
    return _CODE_BYTES + sum(memory.values()) + sum(tensor.size for tensor in trial.inputs)


class Batch:
    """Some trials in one rune.

    Args:
        trials: those that do not fail come first; at most one of them all fails whatever it gets.
        place: a folder for the blocks that cut and show.
    """

    def __init__(self, name: str, trials: Sequence[Trial], place: Path) -> None:
        self.good = [trial for trial in trials if trial.failing is None]
        self.bad = sorted((trial for trial in trials if trial.failing is not None), key=lambda one: one.fails_always)
        assert sum(trial.fails_always for trial in self.bad) <= 1
        # A failure resets what a block keeps, so that it must not come between two calls of such a block.
        assert not self.bad or all(len(trial.case.calls) == 1 for trial in self.good)
        self._offsets: dict[str, int] = {}
        self._groups = _groups(self.good, MAX_HANDLES - 3)
        self.rune = self._build(
            name, _block(place, "cut", _CUT, _CUT_SOURCE), _block(place, "show", _SHOW, _SHOW_SOURCE)
        )

    def _build(self, name: str, cut: Block, show: Block) -> Rune:
        size = 0
        for trial in (*self.good, *self.bad):
            self._offsets[trial.name] = size
            size += sum(tensor.size for tensor in trial.inputs)
        whole = TensorType(ElementType.U8, (size,))
        stages: list[Stage] = [CapabilityStage("all", CapabilityKind.RAW, whole, {"source": 0})]
        number = 0
        for group, members in enumerate((*self._groups, self.bad)):
            shown: list[TensorReference] = []
            for trial in members:
                stages += self._stages(trial, f"trial_{number}", cut, shown, show)
                number += 1
            if members:
                stages.append(OutStage(f"out_{group}", OutKind.SERIAL, tuple(shown)))
        names = tuple(stage.name for stage in stages)
        return build_rune(Pipeline(name, Path("Runefile.yml"), "runicos/base", tuple(stages), names, ()))

    def _stages(
        self, trial: Trial, name: str, cut: Block, shown: list[TensorReference], show: Block
    ) -> list[ProcBlockStage]:
        offset = self._offsets[trial.name]
        all_bytes = (TensorReference("all", 0),)
        stages = []
        for index, tensor in enumerate(trial.inputs):
            stages.append(
                ProcBlockStage(
                    f"{name}_input_{index}", cut, all_bytes, (tensor,), {"offset": offset}, (), (0,), (None,)
                )
            )
            offset += tensor.size
        inputs = tuple(TensorReference(stage.name, 0) for stage in stages)
        stages.append(trial.stage(name, inputs))
        for index, tensor in enumerate(trial.outputs):
            result = TensorReference(name, index)
            if _is_shown(trial, index):
                seen = TensorType(ElementType.U8, (tensor.size,))
                stages.append(ProcBlockStage(f"{name}_bytes_{index}", show, (result,), (seen,), {}, (), (0,), (None,)))
                result = TensorReference(stages[-1].name, 0)
            shown.append(result)
        return stages

    @property
    def call_count(self) -> int:
        """The calls of the trial that has most; then, for each failing trial, those up to its failure."""
        longest = max((len(trial.case.calls) for trial in self.good), default=1)
        return longest + sum(trial.failing + 1 for trial in self.bad if trial.failing is not None)

    def data(self) -> list[bytes]:
        """Return what each call gets."""
        longest = max((len(trial.case.calls) for trial in self.good), default=1)
        harmless = {trial.name: bytes(sum(tensor.size for tensor in trial.inputs)) for trial in self.bad}
        found = []
        for number in range(longest):
            found.append(self._one_call(number, harmless))
        for trial in self.bad:
            assert trial.failing is not None
            for call in trial.case.calls[: trial.failing + 1]:
                found.append(self._one_call(0, {**harmless, trial.name: trial.given(call)}))
        return found

    def _one_call(self, number: int, bad: Mapping[str, bytes]) -> bytes:
        good = [trial.given(trial.case.calls[min(number, len(trial.case.calls) - 1)]) for trial in self.good]
        return b"".join([*good, *(bad[trial.name] for trial in self.bad)])

    def run(self, runner: Runner) -> list[str]:
        """Run the batch, and say what is not as the vectors have it."""
        outs = len(self._groups)
        session = _Session(self.data(), outs)
        runner(session, self.call_count)
        assert len(session.calls) == self.call_count
        longest = self.call_count - sum(trial.failing + 1 for trial in self.bad if trial.failing is not None)
        wrong = []
        for number, call in enumerate(session.calls):
            if len(call.lines) != outs:
                return [*wrong, f"call {number} gave {len(call.lines)} of {outs} lines, and failed: {call.failure}"]
            for group, line in zip(self._groups, call.lines, strict=True):
                tensors = iter(line)
                for trial in group:
                    found = [next(tensors) for _ in trial.outputs]
                    at = number if number < longest else 0
                    if at < len(trial.case.calls):
                        wrong += _differences(trial, trial.case.calls[at], found, f"call {number}")
        return [*wrong, *self._wrong_failures(session.calls[longest:])]

    def _wrong_failures(self, calls: list[CallResult]) -> list[str]:
        wrong = []
        always = next((trial for trial in self.bad if trial.fails_always), None)
        at = 0
        for trial in self.bad:
            assert trial.failing is not None
            for number in range(trial.failing + 1):
                failing = trial if number == trial.failing else always
                expected = None if failing is None else failing.case.calls[failing.failing or 0].error
                found = calls[at].failure
                at += 1
                if (expected is None) != (found is None) or (expected or "") not in (found or ""):
                    wrong.append(f"{trial.name}: it should fail with {expected!r}: {found!r}")
        return wrong


def _groups(trials: Sequence[Trial], most: int) -> list[list[Trial]]:
    size = max(1, -(-len(trials) // most))
    return [list(trials[start : start + size]) for start in range(0, len(trials), size)]


def _block(place: Path, name: str, manifest: str, source: str) -> Block:
    folder = place / name
    folder.mkdir(exist_ok=True)
    (folder / "block.yaml").write_text(manifest)
    (folder / f"{name}.c").write_text(source)
    return read_block(folder, is_built_in=False)


def _is_shown(trial: Trial, index: int) -> bool:
    """Whether an output comes as its bytes."""
    vectors = (call.outputs[index] for call in trial.case.calls if call.error is None)
    return any(isinstance(value, float) and not math.isfinite(value) for vector in vectors for value in vector.elements)


def _differences(trial: Trial, call: Call, found: list[dict[str, Any]], where: str) -> list[str]:
    wrong = []
    for index, (tensor, vector) in enumerate(zip(found, call.outputs, strict=True)):
        elements, expected = tensor["elements"], list(vector.elements)
        if _is_shown(trial, index):
            form = f"<{vector.type.count}{block_runner.FORMS[vector.type.element]}"
            elements = list(struct.unpack(form, bytes(elements)))
        else:
            assert tensor["type_name"] == vector.type.element.value
            assert tensor["dimensions"] == list(vector.type.dimensions)
        same = _bits(elements, vector) == _bits(expected, vector)
        if not same:
            wrong.append(f"{trial.name}, {where}, output {index}: {elements} is not {expected}")
    return wrong


def _bits(elements: Sequence[Any], vector: Vector) -> list[object]:
    """Floats as their bytes; None for a NaN, any of which is as good as another."""
    if vector.type.element not in {ElementType.F32, ElementType.F64}:
        return list(elements)
    form = f"<{block_runner.FORMS[vector.type.element]}"
    return [None if value is None or math.isnan(value) else struct.pack(form, value) for value in elements]


class _Session(RunSession):
    """A session that goes on after a failure."""

    def __init__(self, data: list[bytes], outs: int) -> None:
        self.calls: list[CallResult] = []
        self._data = data
        self._outs = outs
        super().__init__(self, lines_per_call=outs, repeats=len(data) + 1, emit=self._line, warn=lambda sentence: None)

    def provide(self, kind: str, source: int, length: int, parameters: Mapping[str, Any]) -> bytes:
        data = self._data[min(len(self.calls), len(self._data) - 1)]
        assert (kind, source, length) == ("RAW", 0, len(data))
        if len(self.calls) == len(self._data):
            self.finished = True
        else:
            self.calls.append(CallResult())
        return data

    def _line(self, text: str) -> None:
        value = json.loads(text)
        self.calls[-1].lines.append(value if isinstance(value, list) else [value])

    def _fail(self, error: RuneflashError) -> None:
        if not self.calls:  # before the first call: nothing will come of it
            super()._fail(error)
            return
        self.calls[-1].failure = error.message
