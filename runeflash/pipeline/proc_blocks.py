"""Proc blocks: the path of each proc block stage to its block."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.blocks import Block, Outcome, Resolution, resolve, resolve_repository
from runeflash.blocks.manifest import unknown_block
from runeflash.pipeline.context import Context
from runeflash.pipeline.names import Names
from runeflash.runefile.tree import StageKind

_CODES = {
    Outcome.FALLBACK: codes.BLOCK_FALLBACK,
    Outcome.MISSING: codes.UNKNOWN_BLOCK,
    Outcome.UNKNOWN_BUILT_IN: codes.UNKNOWN_BLOCK,
    Outcome.REPOSITORY: codes.BLOCK_REPOSITORY,
    Outcome.MALFORMED: codes.BAD_BLOCK_PATH,
    Outcome.WRONG_MANIFEST: codes.BAD_BLOCK,
}


def find_blocks(names: Names, context: Context) -> Mapping[str, Block]:
    """Return the block of each proc block stage; a stand-in for one that does not exist."""
    blocks: dict[str, Block] = {}
    # The same path often occurs in several stages, and a local one costs several file accesses.
    resolved: dict[str, Resolution] = {}
    for name, stage in names.stages.items():
        if stage.kind is not StageKind.PROC_BLOCK or not hasattr(stage.subject, "text"):
            continue
        path = stage.subject.text
        if path not in resolved:
            resolved[path] = resolve(path, context.folder, context.suggest)
            if resolved[path].outcome is Outcome.REPOSITORY:
                resolved[path] = resolve_repository(path, context.folder, may_fetch=context.for_build)
        resolution = resolved[path]
        block = resolution.block or unknown_block(resolution.name, context.folder)
        if stage.outputs is not None:
            block = block.form([output.type.element if output.type is not None else None for output in stage.outputs])
        blocks[name] = block
        if not resolution.message:
            continue
        code = _CODES[resolution.outcome]
        is_unfetched = resolution.outcome is Outcome.REPOSITORY and not context.for_build
        if resolution.outcome is Outcome.FALLBACK or is_unfetched:
            context.warning(code, resolution.message, stage.subject.span, hint=resolution.hint)
        elif resolution.outcome in {Outcome.UNKNOWN_BUILT_IN, Outcome.REPOSITORY}:
            context.refuse(code, resolution.message, stage.subject.span, stage=name, hint=resolution.hint)
        else:
            context.error(code, resolution.message, stage.subject.span, stage=name, hint=resolution.hint)
    return blocks
