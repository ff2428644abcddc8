"""Limits of the C runtime, checked when a rune is built: a board would only say so when it starts.

The numbers are the macros of ``targets/common``; a test holds the two together.
"""

from __future__ import annotations

from runeflash.errors import UserError
from runeflash.pipeline.graph import Pipeline

MAX_HANDLES = 32
MAX_CAPABILITIES = 6
MAX_DIMENSIONS = 8
MAX_MODEL_TENSORS = 8
#: 4 GiB less what cannot be addressed: no board comes near, but arithmetic on 32 bits must not wrap.
MAX_ARENA = 1 << 30


def check_limits(pipeline: Pipeline, arena_bytes: int) -> None:
    """Check a pipeline against the runtime's limits.

    Raises:
        UserError: it has too many of something.
    """
    capabilities, models = len(pipeline.capabilities), len(pipeline.models)
    _at_most("capabilities", capabilities, MAX_CAPABILITIES)
    handles = capabilities + models + len(pipeline.outs) + len(pipeline.resources)
    _at_most("capabilities, models, outputs and resources together", handles, MAX_HANDLES)
    for model in pipeline.models:
        _at_most(f"inputs of the model {model.name}", len(model.inputs), MAX_MODEL_TENSORS)
        _at_most(f"outputs of the model {model.name}", len(model.outputs), MAX_MODEL_TENSORS)
    for stage in pipeline.stages:
        for output in stage.outputs:
            _at_most(f"dimensions of {stage.name}", len(output.dimensions), MAX_DIMENSIONS)
    if arena_bytes > MAX_ARENA:
        raise UserError(f"the pipeline's tensors take {arena_bytes:,} bytes; at most {MAX_ARENA:,} can be addressed")


def _at_most(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise UserError(f"the pipeline has {count} {what}; the runtime has room for {limit}")
