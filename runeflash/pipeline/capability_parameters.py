"""Capability parameters: arguments and output type of each capability, made to agree and completed.

The declared type determines the size of the buffer; the arguments describe the same data in other words. What one of
them does not say follows from the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Span
from runeflash.pipeline.arguments import StageArguments
from runeflash.pipeline.capabilities import CAPABILITIES, Capability, PixelFormat, image_dimensions
from runeflash.pipeline.context import Context
from runeflash.pipeline.graph import CapabilityKind
from runeflash.pipeline.inference import Knowledge, Types
from runeflash.pipeline.rates import complete_sound
from runeflash.runefile.tree import Stage, StageKind
from runeflash.tensors import ElementType, TensorType

Parameters = dict[str, int | float]


def complete_parameters(knowledge: Knowledge, types: Types, context: Context) -> Mapping[str, Parameters]:
    """Return the parameters of every capability whose kind and type are known, in the order of its table."""
    completed: dict[str, Parameters] = {}
    for name, stage in knowledge.names.stages.items():
        if stage.kind is not StageKind.CAPABILITY:
            continue
        capability = CAPABILITIES.get(getattr(stage.subject, "text", "").upper())
        if capability is None:
            continue
        arguments = knowledge.arguments[name]
        values: Parameters = {k: v for k, v in arguments.values.items() if isinstance(v, int | float)}
        tensor = types[name][0] if types[name] else None
        span = stage.outputs[0].span if stage.outputs else stage.span
        if (
            tensor is not None
            and name not in context.failed
            and _check_element(stage, capability, tensor, span, context)
        ):
            if capability.kind is CapabilityKind.SOUND:
                complete_sound(stage, tensor, values, arguments.spans, context)
            elif capability.kind is CapabilityKind.ACCEL:
                _complete_accelerometer(tensor, values, arguments, span, context)
            elif capability.kind is CapabilityKind.IMAGE:
                _complete_image(stage, tensor, values, span, context)
            elif capability.kind is CapabilityKind.RAW:
                _complete_raw(tensor, values, arguments, context)
        order = [parameter.name for parameter in capability.parameters]
        completed[name] = {parameter: values[parameter] for parameter in order if parameter in values}
    return completed


def _check_element(stage: Stage, capability: Capability, tensor: TensorType, span: Span, context: Context) -> bool:
    wanted = capability.element
    if tensor.element is wanted or (wanted is None and tensor.element is not ElementType.UTF8):
        return True
    given = wanted.value if wanted is not None else "numbers"
    context.error(
        codes.TYPE_MISMATCH,
        f"The {capability.kind.name} capability gives {given}, not {tensor.element.value}",
        span,
        stage=stage.name.text,
    )
    return False


def _complete_accelerometer(
    tensor: TensorType, values: Parameters, arguments: StageArguments, span: Span, context: Context
) -> None:
    if tensor.count % 3:
        message = f"{tensor} is not filled by whole samples of x, y and z"
        context.warning(codes.RATE_MISMATCH, message, span)
    if "n" not in values:
        values["n"] = max(tensor.count // 3, 1)
    elif values["n"] * 3 != tensor.count:
        context.warning(
            codes.RATE_MISMATCH,
            f"{values['n']} samples of x, y and z are {values['n'] * 3} numbers, but {tensor} has {tensor.count}",
            arguments.spans["n"],
        )


def _complete_raw(tensor: TensorType, values: Parameters, arguments: StageArguments, context: Context) -> None:
    length = values.pop("length", None)
    if length is not None and length != tensor.size:
        context.warning(
            codes.RATE_MISMATCH, f"{tensor} has {tensor.size} bytes, not {length}", arguments.spans["length"]
        )


def _complete_image(stage: Stage, tensor: TensorType, values: Parameters, span: Span, context: Context) -> None:
    """Take height, width and pixel format from the shape, or see that they agree with it."""
    name = stage.name.text
    shape = image_dimensions(tensor.dimensions)
    if shape is not None:
        height, width, channels = shape
        pixel_format = PixelFormat.GrayScale if channels == 1 else PixelFormat.RGB
        values.setdefault("height", height)
        values.setdefault("width", width)
        values.setdefault("pixel_format", pixel_format.value)
    missing = [each for each in ("width", "height", "pixel_format") if each not in values]
    if missing:
        context.error(
            codes.CAPABILITY_CONFLICT,
            f"The shape of {tensor} does not say the image's {' and '.join(missing)}",
            span,
            stage=name,
            hint="an image has the shape [height, width, channels] with 1 or 3 channels; or give the arguments "
            "width, height and pixel_format",
        )
        return
    pixel_format = PixelFormat(values["pixel_format"])
    said = (values["height"], values["width"], pixel_format.channels)
    count = said[0] * said[1] * said[2]
    if (shape is not None and shape != said) or count != tensor.count:
        context.tolerate(
            codes.CAPABILITY_CONFLICT,
            f"An image of width {said[1]} and height {said[0]} in {pixel_format.name} is u8[{said[0]}, {said[1]}, "
            f"{said[2]}], not {tensor}",
            span,
            stage=name,
        )
