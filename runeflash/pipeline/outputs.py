"""Outputs: how many each stage has, and that no input asks for one that is not there."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.blocks import Block
from runeflash.pipeline.context import Context
from runeflash.pipeline.models import LoadedModel
from runeflash.pipeline.names import Names
from runeflash.runefile.tree import Stage, StageKind

# As many as a stage can declare.
_MAXIMUM_OUTPUTS = 32


def count_outputs(
    names: Names, blocks: Mapping[str, Block], models: Mapping[str, LoadedModel], context: Context
) -> Mapping[str, int]:
    """Return the number of outputs of every stage: those declared, otherwise those that its kind has."""
    needed = dict.fromkeys(names.stages, 0)
    for references in names.inputs.values():
        for reference in references:
            if reference is not None and reference.output < _MAXIMUM_OUTPUTS:
                needed[reference.stage] = max(needed[reference.stage], reference.output + 1)
    counts = {}
    for name, stage in names.stages.items():
        real = _real_count(stage, blocks.get(name), models.get(name))
        declared = None if stage.outputs is None else len(stage.outputs)
        if stage.kind is StageKind.MODEL and declared is None and real is None:
            counts[name] = needed[name]  # what a model that cannot be read has to have
        elif stage.kind is StageKind.PROC_BLOCK and declared is None and real is None:
            counts[name] = needed[name]
        else:
            counts[name] = declared if declared is not None else real or 0
        _check_count(stage, declared, real, context)
    for name, stage in names.stages.items():
        for text, reference in zip(stage.inputs, names.inputs[name], strict=True):
            if reference is not None and reference.output >= counts[reference.stage]:
                context.error(
                    codes.NO_SUCH_OUTPUT,
                    f'The "{reference.stage}" node has no {reference.output}\'th output',
                    text.span,
                    stage=name,
                    hint=_range_hint(reference.stage, counts[reference.stage]),
                )
    return counts


def _real_count(stage: Stage, block: Block | None, model: LoadedModel | None) -> int | None:
    """Return how many outputs the stage's kind gives it, or None where that is not known."""
    if stage.kind is StageKind.CAPABILITY:
        return 1
    if stage.kind is StageKind.OUT:
        return 0
    if block is not None:
        return block.output_count(len(stage.inputs)) if block.is_known else None
    return len(model.signature.outputs) if model is not None and model.signature is not None else None


def _check_count(stage: Stage, declared: int | None, real: int | None, context: Context) -> None:
    if declared is None or real is None or declared == real or not stage.outputs:
        if declared == 0 and real:
            _report(stage, 0, real, context)
        return
    _report(stage, declared, real, context)


def _report(stage: Stage, declared: int, real: int, context: Context) -> None:
    name = stage.name.text
    span = stage.outputs[min(real, declared - 1)].span if stage.outputs else stage.span
    message = f'The "{name}" stage declares {_outputs(declared)}, but a {stage.kind.value} of this kind has {real}'
    if stage.kind is StageKind.MODEL:
        context.refuse(
            codes.MODEL_SIGNATURE,
            f'The "{name}" stage declares {_outputs(declared)}, but its model has {real}',
            span,
            stage=name,
        )
    else:
        context.error(codes.WRONG_OUTPUT_COUNT, message, span, stage=name)


def _outputs(count: int) -> str:
    return "1 output" if count == 1 else f"{count} outputs"


def _range_hint(name: str, count: int) -> str:
    if count == 0:
        return f'"{name}" has no outputs'
    return f'"{name}" has {_outputs(count)}, counted from 0'
