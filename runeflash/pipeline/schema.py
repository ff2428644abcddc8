"""The JSON schema (draft 2020-12) of the YAML dialect, made from the tables that ``check`` goes by.

It accepts whatever ``check`` passes, with or without warnings, and refuses what a schema can see to be wrong without
following a name: element types, dimensions, arguments of capabilities and built-in blocks, forms of values. Keys
without effect carry ``deprecationMessage``, which editors show as a warning.

``runeflash/runefile/runefile.schema.json`` is its result; ``runeflash schema`` prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from runeflash.blocks import library
from runeflash.blocks.arguments import INTEGER_RANGES
from runeflash.blocks.manifest import ArgumentType, Block, BlockArgument
from runeflash.pipeline.capabilities import CAPABILITIES, Capability, Parameter, ParameterType, PixelFormat
from runeflash.pipeline.graph import OutKind
from runeflash.pipeline.models import FORMATS
from runeflash.runefile.names import MAXIMUM_NAME_LENGTH
from runeflash.runefile.tree import StageKind
from runeflash.runefile.types import ELEMENT_TYPE_NAMES, MAXIMUM_ELEMENTS, MAXIMUM_RANK

Schema = dict[str, Any]

#: As the parser has it: more inputs or outputs than any real stage.
_MAXIMUM_PORTS = 32
_NAME = r"^[a-zA-Z_][^\s./$@#:,]*$"
_INPUT = r"^\s*[a-zA-Z_][^\s./$@#:,]*(\.[0-9]{1,9})?\s*$"
_REFERENCE = r"^\s*[$@]"
_NUMBER = r"^\s*([-+]?[0-9.]|[$@])"
_NO_EFFECT: Schema = {"deprecationMessage": "this key has no effect"}


def runefile_schema() -> Schema:
    """Return the schema; the same version gives the same one, key by key."""
    blocks = [library.load(name) for name in library.names()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:runeflash:runefile",
        "title": "Runefile",
        "description": "A pipeline (sensor, signal processing, TensorFlow Lite model, output) for a microcontroller.",
        "type": "object",
        "required": ["image", "pipeline"],
        "properties": {
            "version": {"description": "The version of this format.", "enum": [1, "1"], "default": 1},
            "image": {"description": "The base image.", "type": "string", "default": "runicos/base"},
            "pipeline": {
                "description": "The stages, by name, in the order in which they run.",
                "type": "object",
                "propertyNames": {"pattern": _NAME, "maxLength": MAXIMUM_NAME_LENGTH},
                "additionalProperties": {"$ref": "#/$defs/stage"},
            },
            "resources": {
                "description": "Data by name: text or files that stages refer to as $NAME.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": "^[_a-zA-Z][_a-zA-Z0-9]*$", "maxLength": MAXIMUM_NAME_LENGTH},
                "additionalProperties": {"$ref": "#/$defs/resource"},
            },
        },
        "additionalProperties": _NO_EFFECT,
        "$defs": {
            **_shared(),
            "capability": _capability_stage(),
            "model": _model_stage(),
            "proc-block": _proc_block_stage(blocks),
            "out": _out_stage(),
            **{f"capability-{name}": _capability_arguments(item) for name, item in CAPABILITIES.items()},
            **{f"block-{block.name}": _block_arguments(block) for block in blocks},
        },
    }


def block_path_pattern(name: str) -> str:
    """Return the regular expression of the paths that mean a built-in block, whatever version they ask for."""
    words = re.escape(name).replace("_", "[-_]")
    segment = rf"({words}|rune[-_]{words}[-_]proc[-_]block)"
    version = r"(@[\w./-]+)?"
    reference = r"hotg-ai/[\w:/_.-]+"
    return rf"^\s*(hotg-ai/)?{segment}{version}\s*$|^\s*{reference}{version}#([\w._/-]+/)?{segment}\s*$"


def _shared() -> Schema:
    """Return the definitions that several kinds of stage use."""
    kinds = [kind.value for kind in StageKind]
    return {
        "stage": {
            "type": "object",
            "anyOf": [{"required": [key]} for key in (*kinds, "output")],
            "allOf": [{"if": {"required": [kind]}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in kinds],
        },
        "inputs": {
            "description": "What the stage takes: names of stages; STAGE.2 is the output of that number, from 0.",
            "type": ["array", "null"],
            "maxItems": _MAXIMUM_PORTS,
            "items": {"type": "string", "pattern": _INPUT},
        },
        "outputs": {
            "description": "The types of what the stage gives; left out, or _, they are inferred.",
            "anyOf": [
                {"enum": [None, "_"]},
                {"type": "array", "maxItems": _MAXIMUM_PORTS, "items": {"$ref": "#/$defs/type"}},
            ],
        },
        "type": {
            "description": "A tensor's type, or _ to infer it.",
            "if": {"type": "string"},
            "then": {"const": "_"},
            "else": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {
                        "description": "The type of an element.",
                        **_any_case((*ELEMENT_TYPE_NAMES, "_")),
                    },
                    "dimensions": {
                        "description": "The dimensions; none at all is a scalar.",
                        "type": ["array", "null"],
                        "maxItems": MAXIMUM_RANK,
                        "items": {"type": "integer", "minimum": 1, "maximum": MAXIMUM_ELEMENTS},
                    },
                },
                "additionalProperties": _NO_EFFECT,
            },
        },
        "resource": {
            "description": "Text in the file, a file, or neither: then --resource gives the data.",
            "type": ["object", "null"],
            "properties": {
                "type": {"enum": ["string", "binary"], "default": "string"},
                "path": {"description": "A file, relative to the Runefile.", "type": "string"},
                "inline": {"description": "The text itself.", "type": "string"},
            },
            "not": {"type": "object", "required": ["path", "inline"]},
            "additionalProperties": False,
        },
        "value": {
            "description": "A value, a list of them, $RESOURCE, or @EXPRESSION.",
            "type": ["string", "number", "boolean", "array"],
            "items": {"type": ["string", "number", "boolean"]},
        },
        "arguments": {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/value"}},
    }


# --- stages


def _stage(kind: StageKind, description: str, subject: Schema, **properties: Schema) -> Schema:
    others = {other.value: False for other in StageKind if other is not kind}
    return {
        "description": description,
        "properties": {kind.value: subject, **properties, **others},
        "additionalProperties": _NO_EFFECT,
    }


def _capability_stage() -> Schema:
    summaries = " ".join(f"{name}: {item.summary}" for name, item in CAPABILITIES.items())
    stage = _stage(
        StageKind.CAPABILITY,
        "A source of data.",
        {"description": summaries, **_any_case(CAPABILITIES)},
        outputs={"$ref": "#/$defs/outputs"},
        args={"description": "What is wanted of the source."},
    )
    stage["allOf"] = [
        {
            "if": {"properties": {"capability": {"type": "string", "pattern": _case_pattern([name])}}},
            "then": {"properties": {"args": {"$ref": f"#/$defs/capability-{name}"}}},
        }
        for name in CAPABILITIES
    ]
    return stage


def _model_stage() -> Schema:
    return _stage(
        StageKind.MODEL,
        "A TensorFlow Lite model.",
        {"description": "A .tflite file, relative to the Runefile, or $RESOURCE.", "type": "string", "pattern": r"\S"},
        inputs={"$ref": "#/$defs/inputs"},
        outputs={"$ref": "#/$defs/outputs"},
        args={
            "type": ["object", "null"],
            "properties": {"format": {"description": "The format of the file.", "enum": list(FORMATS)}},
            "additionalProperties": {"$ref": "#/$defs/value", **_NO_EFFECT},
        },
    )


def _proc_block_stage(blocks: Iterable[Block]) -> Schema:
    names = [block.name for block in blocks]
    stage = _stage(
        StageKind.PROC_BLOCK,
        "A proc block: a step of signal processing.",
        {
            "description": "A built-in proc block, or ./FOLDER of one beside the Runefile.",
            "type": "string",
            "anyOf": [{"enum": names}, {"pattern": r"\S"}],
        },
        inputs={"$ref": "#/$defs/inputs"},
        outputs={"$ref": "#/$defs/outputs"},
        args={"$ref": "#/$defs/arguments"},
    )
    stage["allOf"] = [
        {
            "if": {"properties": {"proc-block": {"type": "string", "pattern": block_path_pattern(name)}}},
            "then": {"$ref": f"#/$defs/block-{name}"},
        }
        for name in names
    ]
    return stage


def _out_stage() -> Schema:
    return _stage(
        StageKind.OUT,
        "What is printed: one line for all its inputs.",
        {"description": "The kind of output.", **_any_case(kind.name for kind in OutKind)},
        inputs={"$ref": "#/$defs/inputs"},
        args={"$ref": "#/$defs/arguments", **_NO_EFFECT},
    )


# --- arguments


def _capability_arguments(capability: Capability) -> Schema:
    properties: Schema = {}
    patterns: Schema = {}
    for parameter in capability.parameters:
        properties[parameter.name] = _parameter(parameter, 1)
        for name, factor in ((parameter.name, 1), *parameter.aliases):
            patterns[_argument_pattern(name)] = _parameter(parameter, factor)
    return _arguments(f"Arguments of {capability.kind.name}: {capability.summary}", properties, patterns)


def _parameter(parameter: Parameter, factor: int) -> Schema:
    description = {"description": parameter.description}
    if parameter.type is ParameterType.PIXEL_FORMAT:
        names = [each.name for each in PixelFormat]
        numbers = [each.value for each in PixelFormat]
        return {
            **description,
            "anyOf": [
                {"enum": [*(f"@PixelFormat::{name}" for name in names), *numbers]},
                {"type": "string", "pattern": rf"{_REFERENCE}|{_case_pattern(names, anchored=False)}\s*$|^\s*[0-9]"},
            ],
        }
    number = "integer" if parameter.type is ParameterType.INTEGER and factor == 1 else "number"
    bounds = {"minimum": parameter.minimum / factor, "maximum": parameter.maximum / factor}
    if factor == 1:
        bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    return {**description, "anyOf": [{"type": number, **bounds}, {"type": "string", "pattern": _NUMBER}]}


def _block_arguments(block: Block) -> Schema:
    """Return the schema of a stage that uses a built-in block: its arguments and how many inputs it has."""
    properties: Schema = {}
    patterns: Schema = {}
    for argument in block.arguments:
        properties[argument.name] = _argument(argument)
        for name in (argument.name, *argument.aliases):
            patterns[_argument_pattern(name)] = _argument(argument)
    arguments = _arguments(f"Arguments of {block.name}.", properties, patterns)
    required = [argument for argument in block.arguments if argument.is_required]
    if required:
        arguments["allOf"] = [{"anyOf": [{"required": [n]} for n in _spellings(argument)]} for argument in required]
        arguments["type"] = "object"
    variadic = bool(block.inputs) and block.inputs[-1].is_variadic
    inputs: Schema = {"minItems": len(block.inputs), "maxItems": _MAXIMUM_PORTS if variadic else len(block.inputs)}
    stage: Schema = {
        "description": block.summary,
        "properties": {"args": arguments, "inputs": {"$ref": "#/$defs/inputs", **inputs}},
    }
    needed = [*(["inputs"] if block.inputs else []), *(["args"] if required else [])]
    return {**stage, "required": needed} if needed else stage


def _argument(argument: BlockArgument) -> Schema:
    schema: Schema = {"description": argument.description}
    if argument.default is not None:
        default = argument.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    if argument.type is ArgumentType.LINES:
        return {**schema, "type": ["string", "number", "array"], "items": {"type": ["string", "number", "boolean"]}}
    if argument.type is ArgumentType.STRING:
        return {**schema, "type": ["string", "number"]}
    if argument.type is ArgumentType.BOOL:
        pattern = rf"{_REFERENCE}|{_case_pattern(['true', 'false'])}"
        return {**schema, "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": pattern}]}
    low, high = INTEGER_RANGES.get(argument.type, (None, None))
    number: Schema = {"type": "number" if argument.type is ArgumentType.F32 else "integer"}
    minimum = argument.minimum if argument.minimum is not None else low
    maximum = argument.maximum if argument.maximum is not None else high
    if minimum is not None:
        number["minimum"] = minimum
    if maximum is not None:
        number["maximum"] = maximum
    return {**schema, "anyOf": [number, {"type": "string", "pattern": _NUMBER}]}


def _arguments(description: str, properties: Schema, patterns: Schema) -> Schema:
    return {
        "description": description,
        "type": ["object", "null"],
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def _argument_pattern(name: str) -> str:
    return f"^{re.escape(name).replace('_', '[-_]')}$"


def _spellings(argument: BlockArgument) -> list[str]:
    """Return the names that an argument may have: its own and its aliases, with _ and with -."""
    names = (argument.name, *argument.aliases)
    return list(dict.fromkeys([*names, *(name.replace("_", "-") for name in names)]))


# --- texts in any case


def _any_case(names: Iterable[str]) -> Schema:
    """Return the schema of a text that is one of some names: those for completion, any spelling for validation."""
    listed = list(names)
    return {"type": "string", "anyOf": [{"enum": listed}, {"pattern": _case_pattern(listed)}]}


def _case_pattern(names: Iterable[str], *, anchored: bool = True) -> str:
    """Return the regular expression of some names in any case; JSON schemas know no flags."""
    words = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else re.escape(c) for c in name) for name in names)
    pattern = f"({'|'.join(words)})"
    return rf"^\s*{pattern}\s*$" if anchored else pattern
