"""Models: their files, formats and signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runeflash import diagnostic_codes as codes
from runeflash.errors import UserError
from runeflash.pipeline.context import Context
from runeflash.pipeline.files import FileContent, path_hint, read_file
from runeflash.pipeline.graph import ResourceKind
from runeflash.pipeline.names import Names
from runeflash.pipeline.resources import Resources
from runeflash.records import record
from runeflash.runefile.tree import InvalidValue, ResourceReference, Stage, StageKind, Text

if TYPE_CHECKING:
    from runeflash.model import ModelSignature

TENSORFLOW_LITE = "tensorflow-lite"
FORMATS = ("onnx", "tensorflow", "tensorflow-js", TENSORFLOW_LITE)


@record
class LoadedModel:
    """A model's file.

    Attributes:
        data: the bytes; empty where there are none, which only ``check`` sees.
        file: the path relative to the Runefile, or None.
        resource: the name of the resource it comes from, or None.
        signature: its inputs and outputs, or None where they are not known.
    """

    data: bytes
    file: str | None
    resource: str | None
    signature: ModelSignature | None


def load_models(names: Names, resources: Resources, context: Context) -> Mapping[str, LoadedModel]:
    """Read the model of each model stage."""
    # Several stages may share a file, which is then read once.
    files: dict[str, FileContent] = {}
    signatures: dict[bytes, ModelSignature | str] = {}
    models = {}
    for name, stage in names.stages.items():
        if stage.kind is not StageKind.MODEL:
            continue
        is_supported = _check_format(stage, context)
        file, resource = None, None
        if isinstance(stage.subject, ResourceReference):
            resource = stage.subject.name
            data = _from_resource(name, stage.subject, resources, context)
        else:
            file = stage.subject.text
            data = _from_file(name, stage.subject, files, context)
        signature = _signature(stage, data, signatures, context) if data is not None and is_supported else None
        models[name] = LoadedModel(data or b"", file, resource, signature)
    return models


def _check_format(stage: Stage, context: Context) -> bool:
    """Return whether the model is, as far as is said, one that can be compiled."""
    argument = stage.argument("format")
    if argument is None or isinstance(argument.value, InvalidValue):
        return argument is None
    text = argument.value.text if isinstance(argument.value, Text) else ""
    if text not in FORMATS:
        context.error(
            codes.UNKNOWN_MODEL_FORMAT,
            f'Expected the format to be one of {", ".join(FORMATS)}, but found "{text}"',
            argument.value.span,
            stage=stage.name.text,
        )
        return False
    if text != TENSORFLOW_LITE:
        context.refuse(
            codes.UNSUPPORTED_MODEL_FORMAT,
            f"A model in the {text} format cannot be compiled for a microcontroller",
            argument.value.span,
            stage=stage.name.text,
            hint="convert it to TensorFlow Lite",
        )
        return False
    return True


def _from_resource(name: str, reference: ResourceReference, resources: Resources, context: Context) -> bytes | None:
    resource = resources.look_up(reference, name)
    if resource is None:
        return None
    if resource.kind is not ResourceKind.BINARY:
        context.error(
            codes.WRONG_RESOURCE_KIND,
            f'"${reference.name}" should be a binary resource',
            reference.span,
            stage=name,
            hint=f"add `type: binary` to the declaration of {reference.name}",
        )
        return None
    if resource.data is None:
        resources.report_missing_data(resource, reference.span, name)
    return resource.data


def _from_file(name: str, path: Text, files: dict[str, FileContent], context: Context) -> bytes | None:
    if path.text not in files:
        files[path.text] = read_file(context.folder, path.text)
    content = files[path.text]
    if content.error is not None:
        message = f'Unable to read "{path.text}" for "{name}": {content.error}'
        context.error(codes.UNREADABLE_FILE, message, path.span, stage=name, hint=path_hint(path.text))
    elif content.is_folder:
        message = f'"{path.text}" is a folder, and a TensorFlow Lite model is one file'
        context.refuse(codes.DIRECTORY, message, path.span, stage=name)
    return content.data


def _signature(
    stage: Stage, data: bytes, known: dict[bytes, ModelSignature | str], context: Context
) -> ModelSignature | None:
    from runeflash.model import read_signature

    if data not in known:
        try:
            known[data] = read_signature(data)
        except UserError as error:
            known[data] = error.message
    signature = known[data]
    if not isinstance(signature, str):
        return signature
    path = stage.subject.text if isinstance(stage.subject, Text) else f"${stage.subject.name}"
    context.error(
        codes.DAMAGED_MODEL,
        f'The model "{path}" cannot be read: {signature}',
        stage.subject.span,
        stage=stage.name.text,
    )
    return None
