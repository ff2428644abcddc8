"""Assembly: what all passes have found out, as the :class:`~runeflash.pipeline.graph.Pipeline`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runeflash.blocks.signature import Binding
from runeflash.pipeline.capabilities import CAPABILITIES
from runeflash.pipeline.graph import (
    CapabilityStage,
    ModelStage,
    OutKind,
    OutStage,
    Pipeline,
    ProcBlockStage,
    TensorReference,
)
from runeflash.pipeline.graph import Stage as GraphStage
from runeflash.pipeline.inference import Knowledge, Types
from runeflash.pipeline.resources import Resources
from runeflash.runefile.tree import Runefile, StageKind
from runeflash.tensors import TensorType


def assemble(
    runefile: Runefile,
    path: Path,
    knowledge: Knowledge,
    types: Types,
    bindings: Mapping[str, Binding],
    parameters: Mapping[str, Mapping[str, int | float]],
    resources: Resources,
) -> Pipeline:
    """Return the pipeline of a file without errors."""
    text_bytes: dict[TensorReference, int] = {}
    stages = []
    for name in knowledge.order:
        stage = _stage(name, knowledge, types, bindings, parameters, text_bytes)
        stages.append(stage)
    return Pipeline(
        name=path.resolve().parent.name or "rune",
        path=path,
        image=runefile.image.text,
        stages=tuple(stages),
        declared=tuple(knowledge.names.stages),
        resources=tuple(resources.loaded.values()),
        spans={name: stage.span for name, stage in knowledge.names.stages.items()},
    )


def _stage(
    name: str,
    knowledge: Knowledge,
    types: Types,
    bindings: Mapping[str, Binding],
    parameters: Mapping[str, Mapping[str, int | float]],
    text_bytes: dict[TensorReference, int],
) -> GraphStage:
    stage = knowledge.names.stages[name]
    inputs = tuple(reference for reference in knowledge.names.inputs[name] if reference is not None)
    outputs: tuple[TensorType, ...] = tuple(tensor for tensor in types[name] if tensor is not None)
    subject = getattr(stage.subject, "text", "")
    if stage.kind is StageKind.CAPABILITY:
        return CapabilityStage(name, CAPABILITIES[subject.upper()].kind, outputs[0], parameters[name])
    if stage.kind is StageKind.OUT:
        return OutStage(name, OutKind[subject.upper()], inputs)
    if stage.kind is StageKind.MODEL:
        model = knowledge.models[name]
        return ModelStage(name, model.data, model.file, model.resource, inputs, outputs)
    block = knowledge.blocks[name]
    arguments = knowledge.arguments[name]
    lengths = []
    of_inputs = [text_bytes.get(reference, 0) for reference in inputs]
    for index in range(len(outputs)):
        longest = block.text_bytes(index, arguments.values, bindings[name].dimensions, of_inputs) or 0
        text_bytes[TensorReference(name, index)] = longest
        lengths.append(longest)
    return ProcBlockStage(
        name,
        block,
        inputs,
        outputs,
        arguments.values,
        arguments.resources,
        tuple(lengths),
        bindings[name].dynamic,
    )
