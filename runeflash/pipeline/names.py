"""Names: every input refers to a stage, and no name is given twice."""

from __future__ import annotations

from collections.abc import Container, Mapping

from runeflash import diagnostic_codes as codes
from runeflash.pipeline.context import Context
from runeflash.pipeline.graph import TensorReference
from runeflash.records import record
from runeflash.runefile.tree import InputReference, ResourceDeclaration, Runefile, Stage, StageKind, Text


@record
class Names:
    """What names mean.

    Attributes:
        stages: by name, in the order of the file.
        resources: by name, in the order of the file.
        inputs: for each stage its inputs; None for one that refers to nothing.
        unreadable: names that are declared, but so that nothing could be made of them.
        is_complete: every input refers to something.
    """

    stages: Mapping[str, Stage]
    resources: Mapping[str, ResourceDeclaration]
    inputs: Mapping[str, tuple[TensorReference | None, ...]]
    unreadable: frozenset[str]
    is_complete: bool


def resolve_names(runefile: Runefile, context: Context) -> Names:
    """Resolve the names of a file; of two things with the same name the first one counts."""
    stages: dict[str, Stage] = {}
    resources: dict[str, ResourceDeclaration] = {}
    for stage in runefile.stages:
        if _is_new(stage.name, (stages,), context):
            stages[stage.name.text] = stage
    for resource in runefile.resources:
        if _is_new(resource.name, (stages, resources), context):
            resources[resource.name.text] = resource
    inputs = {
        name: tuple(_resolve(stage, reference, stages, runefile.unreadable, context) for reference in stage.inputs)
        for name, stage in stages.items()
    }
    for name, stage in stages.items():
        if stage.kind is StageKind.CAPABILITY and stage.inputs:
            message = f'The "{name}" stage doesn\'t accept any inputs'
            context.error(codes.WRONG_INPUT_COUNT, message, stage.inputs[0].span, stage=name)
        if stage.kind is StageKind.OUT and not stage.inputs:
            context.error(codes.WRONG_INPUT_COUNT, f'The "{name}" stage has no inputs', stage.span, stage=name)
    complete = all(None not in references for references in inputs.values())
    return Names(stages, resources, inputs, runefile.unreadable, complete)


def _is_new(name: Text, taken: tuple[Container[str], ...], context: Context) -> bool:
    if any(name.text in names for names in taken):
        context.error(codes.DUPLICATE_NAME, f'The name "{name.text}" is defined multiple times', name.span)
        return False
    return True


def _resolve(
    stage: Stage,
    reference: InputReference,
    stages: Mapping[str, Stage],
    unreadable: frozenset[str],
    context: Context,
) -> TensorReference | None:
    name = stage.name.text
    producer = stages.get(reference.stage)
    if producer is None:
        context.failed.add(name)
        if reference.stage not in unreadable:
            context.error(
                codes.UNKNOWN_INPUT,
                f'Unable to find "{reference.text}" to use as an input for "{name}"',
                reference.span,
                hint=context.suggest(reference.stage, stages),
            )
        return None
    if producer.kind is StageKind.OUT:
        context.error(
            codes.INPUT_WITHOUT_OUTPUTS,
            f'The "{reference.stage}" in {name}\'s "{reference.text}" input has no inputs',
            reference.span,
            stage=name,
            hint="an output stage has no outputs that another stage could read",
        )
        return None
    return TensorReference(reference.stage, reference.output)
