"""Several trials of proc blocks at once: one program natively, one rune in the engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import block_runner
from block_models import CALLS, Trial

from runeflash.device.computer import run_program
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.firmware.host import host_program
from runeflash.pipeline.graph import (
    CapabilityKind,
    CapabilityStage,
    OutKind,
    OutStage,
    Pipeline,
    ProcBlockStage,
    TensorReference,
)
from runeflash.rune import Rune, build_rune
from runeflash.rune.limits import MAX_CAPABILITIES

Results = list[list[list[object]]]


def batches(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Split trials into batches that a rune has enough capabilities for."""
    found: list[list[Trial]] = []
    room = 0
    for trial in trials:
        if len(trial.inputs) > room:
            found.append([])
            room = MAX_CAPABILITIES
        found[-1].append(trial)
        room -= len(trial.inputs)
    return found


def run_natively(trial: Trial) -> Results:
    """The elements of each output of each call, from the block compiled for this computer."""
    stage = trial.stage("block", _references(trial, 0))
    data = b"".join(tensor.tobytes() for call in trial.calls for tensor in call)
    return block_runner.run_program_natively(
        block_runner.compile_natively(stage, list(trial.inputs)), stage, data, CALLS
    )


def build(trials: Sequence[Trial]) -> tuple[Rune, list[ProcBlockStage]]:
    """The rune of a batch: an output for each trial, whose inputs are raw capabilities of their own."""
    capabilities: list[CapabilityStage] = []
    stages: list[ProcBlockStage] = []
    outs: list[OutStage] = []
    for number, trial in enumerate(trials):
        references = _references(trial, len(capabilities))
        for tensor in trial.inputs:
            source = len(capabilities)
            capabilities.append(CapabilityStage(f"input_{source}", CapabilityKind.RAW, tensor, {"source": source}))
        stage = trial.stage(f"block_{number}", references)
        stages.append(stage)
        results = tuple(TensorReference(stage.name, i) for i in range(len(stage.outputs)))
        outs.append(OutStage(f"out_{number}", OutKind.SERIAL, results))
    every = (*capabilities, *stages, *outs)
    names = tuple(stage.name for stage in every)
    return build_rune(Pipeline("batch", Path("Runefile.yml"), "runicos/base", every, names, ())), stages


def run_in_engine(trials: Sequence[Trial], rune: Rune, folder: Path) -> list[Results]:
    """The same for every trial of a batch, from its rune in wasm3 on this computer; None for NaN and infinity."""
    paths = []
    for trial in trials:
        for index in range(len(trial.inputs)):
            path = folder / f"input_{len(paths)}.bin"
            path.write_bytes(b"".join(call[index].tobytes() for call in trial.calls))
            paths.append(path)
    lines: list[str] = []
    session = RunSession(
        Recordings({"RAW": paths}, advance=True),
        lines_per_call=len(trials),
        repeats=CALLS,
        emit=lines.append,
        warn=lambda sentence: None,
    )
    run_program(host_program(rune), session, seed=0, calls=CALLS)
    assert session.failure is None, session.failure
    values = [json.loads(line) for line in lines]
    calls = [values[start : start + len(trials)] for start in range(0, len(values), len(trials))]
    assert len(calls) == CALLS
    return [[_elements(call[number]) for call in calls] for number in range(len(trials))]


def _elements(value: object) -> list[list[object]]:
    tensors = value if isinstance(value, list) else [value]
    return [tensor["elements"] for tensor in tensors]


def _references(trial: Trial, first: int) -> list[TensorReference]:
    return [TensorReference(f"input_{first + i}", 0) for i in range(len(trial.inputs))]
