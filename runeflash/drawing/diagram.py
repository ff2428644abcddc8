"""What a picture shows: boxes for stages and resources, arrows for tensors, and the words on them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.pipeline.graph import (
    CapabilityStage,
    ModelStage,
    Pipeline,
    ProcBlockStage,
    Resource,
    Stage,
)
from runeflash.tensors import ElementType, TensorType

_LONGEST_NAME = 40
_LONGEST_LINE = 44


class NodeKind(enum.Enum):
    """What a box stands for, in the words of a legend."""

    CAPABILITY = "capability"
    PROC_BLOCK = "proc block"
    MODEL = "model"
    OUT = "output"
    RESOURCE = "resource"


@dataclass(frozen=True)
class Node:
    """A box.

    Attributes:
        kind: what it stands for.
        name: of the stage or resource, in full.
        qualifier: what exactly it is: the capability's kind, the model's file, the proc block's name.
        details: arguments and sizes, or empty.
        inputs: number of tensors that it takes.
        outputs: number of tensors that it gives.
    """

    kind: NodeKind
    name: str
    qualifier: str
    details: str
    inputs: int
    outputs: int

    @property
    def lines(self) -> tuple[str, ...]:
        """The text in the box, shortened to what fits a picture: first its name."""
        kind = f"{self.kind.value} {self.qualifier}"
        lines = [shorten(self.name, _LONGEST_NAME), shorten(kind, _LONGEST_LINE)]
        if self.details:
            lines.append(shorten(self.details, _LONGEST_LINE))
        return tuple(lines)


@dataclass(frozen=True)
class Edge:
    """An arrow: a tensor, or a resource that a stage uses.

    Attributes:
        source: the number of the box that it leaves.
        output: which of that stage's outputs; 0 for a resource.
        target: the number of the box that it enters.
        port: where: the number of the input, those of resources after the real ones.
        type: of the tensor, or empty for a resource.
        size: of the tensor in words, or empty where it is not known.
    """

    source: int
    output: int
    target: int
    port: int
    type: str = ""
    size: str = ""

    @property
    def is_resource(self) -> bool:
        """Whether a resource is used here, and no tensor passed."""
        return not self.type


@dataclass(frozen=True)
class Diagram:
    """A picture's content; every edge leads to a box of a higher number, unless it comes from a resource."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def label(self, edge: Edge) -> str:
        """Return the words on an arrow: which output where there are several, type and size."""
        if edge.is_resource:
            return ""
        number = f".{edge.output}  " if self.nodes[edge.source].outputs > 1 else ""
        size = f"  {edge.size}" if edge.size else ""
        return f"{number}{edge.type}{size}"


def diagram_of(pipeline: Pipeline) -> Diagram:
    """Return the picture of a pipeline: its stages in execution order, then the resources."""
    nodes = [_node(stage) for stage in pipeline.stages]
    numbers = {stage.name: number for number, stage in enumerate(pipeline.stages)}
    by_name = {stage.name: stage for stage in pipeline.stages}
    edges = []
    for stage in pipeline.stages:
        if isinstance(stage, CapabilityStage):
            continue
        for port, reference in enumerate(stage.inputs):
            producer = by_name[reference.stage]
            size = _size(producer, reference.output)
            kind = str(producer.outputs[reference.output])
            edges.append(Edge(numbers[producer.name], reference.output, numbers[stage.name], port, kind, size))
    used = {stage.name: _resources(stage) for stage in pipeline.stages}
    for resource in pipeline.resources:
        users = [stage for stage in pipeline.stages if resource.name in used[stage.name]]
        for stage in users:
            position = used[stage.name].index(resource.name)
            edges.append(Edge(len(nodes), 0, numbers[stage.name], nodes[numbers[stage.name]].inputs + position))
        nodes.append(Node(NodeKind.RESOURCE, resource.name, resource.kind.value, _resource_details(resource), 0, 1))
    return Diagram(pipeline.name, tuple(nodes), tuple(edges))


def shorten(text: str, length: int) -> str:
    """Return a text of at most ``length`` characters on one line, its middle left out where it is longer."""
    text = "".join(c if c.isprintable() else " " for c in text)
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def byte_count(count: int) -> str:
    """Return a number of bytes in words."""
    return "1 byte" if count == 1 else f"{count:,} bytes"


def _node(stage: Stage) -> Node:
    if isinstance(stage, CapabilityStage):
        return Node(NodeKind.CAPABILITY, stage.name, stage.kind.name, _arguments(stage.parameters), 0, 1)
    inputs, outputs = len(stage.inputs), len(stage.outputs)
    if isinstance(stage, ProcBlockStage):
        return Node(NodeKind.PROC_BLOCK, stage.name, stage.block.name, _arguments(stage.arguments), inputs, outputs)
    if isinstance(stage, ModelStage):
        qualifier = stage.file if stage.file is not None else f"${stage.resource}"
        details = byte_count(len(stage.data)) if stage.data else ""
        return Node(NodeKind.MODEL, stage.name, qualifier, details, inputs, outputs)
    return Node(NodeKind.OUT, stage.name, stage.kind.name, "", inputs, outputs)


def _resources(stage: Stage) -> tuple[str, ...]:
    """Return the names of the resources that a stage uses, each once."""
    if isinstance(stage, ProcBlockStage):
        return tuple(dict.fromkeys(stage.resources))
    return (stage.resource,) if isinstance(stage, ModelStage) and stage.resource is not None else ()


def _resource_details(resource: Resource) -> str:
    origin = resource.path or ("inline" if resource.inline is not None else "")
    size = byte_count(len(resource.data)) if resource.data is not None else "given when it runs"
    return ", ".join(part for part in (origin, size) if part)


def _arguments(values: Mapping[str, int | float | str | tuple[str, ...]]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: int | float | str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return "/".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(stage: Stage, output: int) -> str:
    """Return a tensor's size in words; the text that utf8 elements point to counts, as far as it is bounded."""
    tensor: TensorType = stage.outputs[output]
    size, at_most = tensor.size, False
    if isinstance(stage, ProcBlockStage):
        at_most = output < len(stage.dynamic) and stage.dynamic[output] is not None
        if tensor.element is ElementType.UTF8:
            if output >= len(stage.text_bytes) or not stage.text_bytes[output]:
                return ""
            size += tensor.count * stage.text_bytes[output]
            at_most = True
    elif tensor.element is ElementType.UTF8:
        return ""
    return f"up to {byte_count(size)}" if at_most else byte_count(size)
