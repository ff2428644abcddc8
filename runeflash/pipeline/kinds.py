"""Kinds: the image, the capabilities and the outputs that a Runefile names are ones that exist."""

from __future__ import annotations

from runeflash import diagnostic_codes as codes
from runeflash.blocks import is_path
from runeflash.pipeline.capabilities import CAPABILITIES, RESERVED
from runeflash.pipeline.context import Context
from runeflash.pipeline.graph import OutKind
from runeflash.pipeline.names import Names
from runeflash.runefile.tree import Stage, StageKind, Text

_IMAGE = "runicos/base"
_RESERVED_OUTS = ("BLE", "PIN", "WIFI")


def check_kinds(image: Text, names: Names, context: Context) -> None:
    """Report what does not exist, or is reserved."""
    _check_image(image, context)
    for stage in names.stages.values():
        kind = getattr(stage.subject, "text", "")
        if stage.kind is StageKind.CAPABILITY and kind.upper() not in CAPABILITIES:
            _unknown_capability(stage, kind, context)
        elif stage.kind is StageKind.OUT and kind.upper() not in OutKind.__members__:
            _unknown_out(stage, kind, context)


def _check_image(image: Text, context: Context) -> None:
    if not is_path(image.text):
        context.error(codes.BAD_BLOCK_PATH, "Unable to parse the path", image.span, hint=f"write {_IMAGE}")
    elif image.text.partition("@")[0] != _IMAGE:
        message = f'The image "{image.text[:60]}" does not exist; {_IMAGE} is the only one'
        context.refuse(codes.UNKNOWN_IMAGE, message, image.span)


def _unknown_capability(stage: Stage, kind: str, context: Context) -> None:
    if kind.upper() in RESERVED:
        message = f"The {kind.upper()} capability is reserved and does not exist yet"
        hint = "use IMAGE and the image_normalization proc block"
    else:
        message = f'This isn\'t one of the builtin capabilities: "{kind[:60]}"'
        hint = _among("the capabilities are", kind, list(CAPABILITIES), context)
    context.error(codes.UNKNOWN_CAPABILITY, message, stage.subject.span, stage=stage.name.text, hint=hint)


def _unknown_out(stage: Stage, kind: str, context: Context) -> None:
    hint = _among("the output kinds are", kind, [each.name for each in OutKind], context)
    if kind.upper() in _RESERVED_OUTS:
        message = f"The output kind {kind.upper()} is reserved and does not exist yet"
    else:
        message = f'Unknown OUT type: "{kind[:60]}"'
    context.error(codes.UNKNOWN_OUT, message, stage.subject.span, stage=stage.name.text, hint=hint)


def _among(introduction: str, kind: str, known: list[str], context: Context) -> str:
    likely = context.suggest(kind.upper(), known)
    listed = f"{introduction} {', '.join(known)}"
    return f"{likely} {listed}" if likely is not None else listed
