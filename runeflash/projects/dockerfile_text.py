"""A pipeline as text of the Dockerfile-like dialect, with the comments that its YAML had.

Only for pipelines in which every stage takes one tensor and gives one: what the templates are. Statements and
arguments are those of the dialect's last grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runeflash.diagnostics import SourceFile
from runeflash.errors import InternalError
from runeflash.pipeline.graph import CapabilityStage, ModelStage, Pipeline, ProcBlockStage, Stage
from runeflash.tensors import TensorType

# A value that needs no quotes, in a list too.
_BARE = re.compile(r'[^\s",#\\]+')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_dockerfile_text(pipeline: Pipeline, source: SourceFile) -> str:
    """Return the text of a Runefile.

    Args:
        pipeline: what it shall mean.
        source: the YAML that it was read from: the comments above each stage are kept.

    Raises:
        InternalError: the pipeline is not a chain, or uses resources.
    """
    if pipeline.resources or any(len(stage.outputs) > 1 for stage in pipeline.stages):
        raise InternalError(f"{pipeline.path} is no simple chain")
    lines = [*_first_comment(source.text), "", f"FROM {pipeline.image}"]
    chain: list[str] = []
    for stage in pipeline.stages:
        inputs = () if isinstance(stage, CapabilityStage) else stage.inputs
        if [reference.stage for reference in inputs] != chain[-1:]:
            raise InternalError(f"{pipeline.path} is no simple chain")
        chain.append(stage.name)
        span = pipeline.spans.get(stage.name)
        comments = _comments_above(source.text, span.start) if span is not None else []
        lines.extend(["", *comments, _statement(pipeline, stage)])
    return "\n".join([*lines, "", f"RUN {' '.join(chain)}"]) + "\n"


def _statement(pipeline: Pipeline, stage: Stage) -> str:
    if isinstance(stage, CapabilityStage):
        arguments = _arguments(stage.parameters)
        return f"CAPABILITY<{_type(stage.output)}> {stage.name} {stage.kind.name}{arguments}"
    types = ""
    if stage.outputs:
        types = f"<{_type(pipeline.tensor(stage.inputs[0]))}, {_type(stage.outputs[0])}>"
    if isinstance(stage, ProcBlockStage):
        return f"PROC_BLOCK{types} {stage.name} {stage.block.name}{_arguments(stage.arguments)}"
    if isinstance(stage, ModelStage):
        return f"MODEL{types} {stage.name} {stage.file}"
    if stage.name != stage.kind.name.lower():
        raise InternalError(f"an output stage is called {stage.kind.name.lower()}, not {stage.name}")
    return f"OUT {stage.name}"


def _type(tensor: TensorType) -> str:
    dimensions = f"[{', '.join(map(str, tensor.dimensions))}]" if tensor.dimensions else ""
    return f"{tensor.element.value.upper()}{dimensions}"


def _arguments(values: Mapping[str, int | float | str | tuple[str, ...]]) -> str:
    return "".join(f" --{name.replace('_', '-')}={_value(value)}" for name, value in values.items())


def _value(value: int | float | str | tuple[str, ...]) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    items = (value,) if isinstance(value, str) else value
    if all(_BARE.fullmatch(item) for item in items):
        return ",".join(items)
    return '"' + "".join(_ESCAPES.get(c, c) for c in "\n".join(items)) + '"'


def _first_comment(text: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line)
    return lines


def _comments_above(text: str, position: int) -> list[str]:
    """Return the lines of comment directly above the line of a position, without their indentation."""
    lines: list[str] = []
    for line in reversed(text[:position].splitlines()[:-1]):
        if not line.strip().startswith("#"):
            break
        lines.insert(0, line.strip())
    return lines
