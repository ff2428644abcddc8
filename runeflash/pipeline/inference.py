"""Inference: the type of every tensor, from what is declared and from what stages give and need.

Knowledge goes both ways along an edge: a model's signature tells its producer's output, a block's output type its
input's. Capabilities, which most readily give way, come last. What is declared is never changed here;
whether it is right is for the next pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from runeflash import diagnostic_codes as codes
from runeflash.blocks import Block
from runeflash.blocks.signature import bind
from runeflash.pipeline.arguments import StageArguments
from runeflash.pipeline.capabilities import CAPABILITIES, infer_output
from runeflash.pipeline.context import Context
from runeflash.pipeline.graph import TensorReference
from runeflash.pipeline.models import LoadedModel
from runeflash.pipeline.names import Names
from runeflash.records import record
from runeflash.runefile.tree import StageKind
from runeflash.tensors import TensorType

Types = Mapping[str, tuple[TensorType | None, ...]]


@record
class Knowledge:
    """What earlier passes have found out about the stages."""

    names: Names
    order: tuple[str, ...]
    blocks: Mapping[str, Block]
    models: Mapping[str, LoadedModel]
    arguments: Mapping[str, StageArguments]
    output_counts: Mapping[str, int]


def infer_types(knowledge: Knowledge, context: Context) -> Types:
    """Return the types of every stage's outputs; None, after an error, for those that nothing decides."""
    inference = _Inference(knowledge)
    names = knowledge.names
    inference.run(
        name for name in knowledge.order if names.stages[name].kind in {StageKind.MODEL, StageKind.PROC_BLOCK}
    )
    for name in knowledge.order:
        stage = names.stages[name]
        capability = CAPABILITIES.get(getattr(stage.subject, "text", "").upper())
        if stage.kind is not StageKind.CAPABILITY or capability is None:
            continue
        inferred = infer_output(capability.kind, _numbers(knowledge.arguments[name]))
        if knowledge.output_counts[name] and inferred is not None:
            inference.run(inference.learn(TensorReference(name, 0), inferred))
    types = inference.types
    _report_undecided(knowledge, types, context)
    return {name: tuple(found) for name, found in types.items()}


def input_types(name: str, names: Names, types: Mapping[str, Sequence[TensorType | None]]) -> list[TensorType | None]:
    """Return the types that a stage's inputs have."""
    found: list[TensorType | None] = []
    for reference in names.inputs[name]:
        outputs = types[reference.stage] if reference is not None else ()
        known = reference is not None and reference.output < len(outputs)
        found.append(outputs[reference.output] if reference is not None and known else None)
    return found


def _numbers(arguments: StageArguments) -> dict[str, int | float]:
    return {name: value for name, value in arguments.values.items() if isinstance(value, int | float)}


class _Inference:
    """The types so far, and the stages that a new one may tell something."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.types: dict[str, list[TensorType | None]] = {}
        self.consumers: dict[TensorReference, list[str]] = {}
        for name, stage in knowledge.names.stages.items():
            declared = [expression.type for expression in stage.outputs or ()]
            missing = knowledge.output_counts[name] - len(declared)
            self.types[name] = declared + [None] * missing
            for reference in knowledge.names.inputs[name]:
                if reference is not None:
                    self.consumers.setdefault(reference, []).append(name)

    def run(self, names: Iterable[str]) -> None:
        """Let stages tell what they know, and those that are told by them, until nothing is new."""
        queue = deque(dict.fromkeys(names))
        waiting = set(queue)
        while queue:
            name = queue.popleft()
            waiting.discard(name)
            for other in self.visit(name):
                if other not in waiting:
                    waiting.add(other)
                    queue.append(other)

    def learn(self, reference: TensorReference | None, tensor: TensorType | None) -> list[str]:
        """Note a type that was not known, and return the stages that this may tell something."""
        if reference is None or tensor is None or reference.output >= len(self.types[reference.stage]):
            return []
        if self.types[reference.stage][reference.output] is not None:
            return []
        self.types[reference.stage][reference.output] = tensor
        return [reference.stage, *self.consumers.get(reference, [])]

    def visit(self, name: str) -> list[str]:
        knowledge = self.knowledge
        stage = knowledge.names.stages[name]
        references = knowledge.names.inputs[name]
        told: list[str] = []
        for reference, expression in zip(references, stage.input_types, strict=False):
            told += self.learn(reference, expression.type)
        model = knowledge.models.get(name)
        if model is not None and model.signature is not None:
            for reference, tensor in zip(references, model.signature.inputs, strict=False):
                told += self.learn(reference, tensor.type)
            for output, tensor in enumerate(model.signature.outputs):
                told += self.learn(TensorReference(name, output), tensor.type)
        block = knowledge.blocks.get(name)
        inputs = input_types(name, knowledge.names, self.types)
        if block is not None and (None in inputs or None in self.types[name]):
            bound = bind(block, inputs, self.types[name], knowledge.arguments[name].values)
            for reference, given in zip(references, bound.inputs, strict=True):
                told += self.learn(reference, given)
            for output, given in enumerate(bound.outputs):
                told += self.learn(TensorReference(name, output), given)
        return told


def _report_undecided(knowledge: Knowledge, types: Mapping[str, Sequence[TensorType | None]], context: Context) -> None:
    """Report the stages whose outputs nothing decides, unless that follows from what was reported before."""
    names = knowledge.names
    spoilt = set(context.failed)
    consumers: dict[str, list[str]] = {}
    for name, references in names.inputs.items():
        for reference in references:
            if reference is not None:
                consumers.setdefault(reference.stage, []).append(name)
    for name in knowledge.order:
        stage = names.stages[name]
        declared = stage.outputs or ()
        if any(expression.invalid for expression in declared) or None in names.inputs[name]:
            spoilt.add(name)
        undecided = [output for output, tensor in enumerate(types[name]) if tensor is None]
        if not undecided:
            continue
        upstream = {reference.stage for reference in names.inputs[name] if reference is not None}
        follows = any(other in spoilt for other in (name, *upstream, *consumers.get(name, [])))
        spoilt.add(name)
        if follows:
            continue
        span = declared[undecided[0]].span if undecided[0] < len(declared) else stage.span
        which = f"output {undecided[0]} of " if len(types[name]) > 1 else ""
        context.error(
            codes.UNDECIDED_TYPE,
            f'Unable to determine the type of {which}"{name}"',
            span,
            stage=name,
            hint="Consider specifying this output type",
        )
