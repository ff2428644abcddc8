"""Unused: stages whose outputs nothing reads, and resources that nothing refers to."""

from __future__ import annotations

from runeflash import diagnostic_codes as codes
from runeflash.pipeline.context import Context
from runeflash.pipeline.names import Names
from runeflash.pipeline.resources import Resources
from runeflash.runefile.tree import StageKind

_HINT = "let another stage read it, or leave the stage out: it takes time and memory"


def report_unused(names: Names, resources: Resources, context: Context) -> None:
    """Warn about stages and resources that have no effect.

    Where an input refers to nothing, or a stage could not be read, nobody knows what is unused.
    """
    if names.unreadable or not names.is_complete:
        return
    used = {
        reference.stage for references in names.inputs.values() for reference in references if reference is not None
    }
    for name, stage in names.stages.items():
        if stage.kind is not StageKind.OUT and name not in used:
            context.warning(codes.UNUSED_STAGE, f'Nothing uses the output of "{name}"', stage.span, hint=_HINT)
    for name, resource in names.resources.items():
        if name not in resources.used:
            context.warning(codes.UNUSED_RESOURCE, f'Nothing uses the resource "{name}"', resource.name.span)
