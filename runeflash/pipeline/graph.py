"""The typed pipeline: what a correct Runefile means, in the order in which it runs.

:class:`Pipeline` is the one thing that lowering (``runeflash.rune``) knows about a
Runefile. Every name is resolved, every edge is typed, every argument has a value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from runeflash.blocks.manifest import Block
from runeflash.diagnostics import Span
from runeflash.tensors import TensorType


class CapabilityKind(enum.Enum):
    """A source of data, with its number in the rune's binary interface."""

    RAND = 1
    SOUND = 2
    ACCEL = 3
    IMAGE = 4
    RAW = 5


class OutKind(enum.Enum):
    """An output, with its number in the rune's binary interface."""

    SERIAL = 1
    TENSOR = 5


# A tuple, as it is looked up a hundred thousand times in a hostile file.
class TensorReference(NamedTuple):
    """Output number ``output`` of the stage called ``stage``."""

    stage: str
    output: int


@dataclass(frozen=True)
class CapabilityStage:
    """A capability: one output, parameters by snake_case name (i32 or f32, as the interface has it)."""

    name: str
    kind: CapabilityKind
    output: TensorType
    parameters: Mapping[str, int | float]

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """The output as a tuple, as other stages have it."""
        return (self.output,)


@dataclass(frozen=True)
class ProcBlockStage:
    """A proc block with its arguments: every argument of the manifest has a value here, defaults included.

    An argument's value is what the manifest's argument type says: int, float, str, or a list of str.
    ``resources`` names, in the order of the arguments, the resources that gave a value.
    ``text_bytes`` has, for each output, the most bytes that an element of it can have if it is utf8, otherwise 0;
    ``dynamic`` the dimension that the block may shrink at run time, or None.
    """

    name: str
    block: Block
    inputs: tuple[TensorReference, ...]
    outputs: tuple[TensorType, ...]
    arguments: Mapping[str, int | float | str | tuple[str, ...]]
    resources: tuple[str, ...] = ()
    text_bytes: tuple[int, ...] = ()
    dynamic: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class ModelStage:
    """A model: its bytes, where they came from (``file`` relative to the Runefile, or a resource's name)."""

    name: str
    data: bytes
    file: str | None
    resource: str | None
    inputs: tuple[TensorReference, ...]
    outputs: tuple[TensorType, ...]


@dataclass(frozen=True)
class OutStage:
    """An output: the tensors that one line prints."""

    name: str
    kind: OutKind
    inputs: tuple[TensorReference, ...]

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """Always empty."""
        return ()


Stage = CapabilityStage | ProcBlockStage | ModelStage | OutStage
S = TypeVar("S", CapabilityStage, ProcBlockStage, ModelStage, OutStage)


class ResourceKind(enum.Enum):
    """What a resource holds."""

    STRING = "string"
    BINARY = "binary"


@dataclass(frozen=True)
class Resource:
    """A named piece of constant data. ``data`` is None where only ``--resource`` can give it."""

    name: str
    kind: ResourceKind
    data: bytes | None
    path: str | None
    inline: str | None


@dataclass(frozen=True)
class Pipeline:
    """A whole Runefile.

    Attributes:
        name: the name of the rune, from the file's folder.
        path: the Runefile.
        image: the image path as written.
        stages: in execution order (depth-first topological, in the order of the file).
        declared: the names of all stages in the order of the file.
        resources: in the order of the file.
        spans: for messages, where each stage stands in the file, as far as is known.
    """

    name: str
    path: Path
    image: str
    stages: tuple[Stage, ...]
    declared: tuple[str, ...]
    resources: tuple[Resource, ...]
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    def stage(self, name: str) -> Stage:
        """Return the stage of that name; KeyError when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def tensor(self, reference: TensorReference) -> TensorType:
        """Return the type of a stage's output."""
        return self.stage(reference.stage).outputs[reference.output]

    @property
    def capabilities(self) -> tuple[CapabilityStage, ...]:
        """The capabilities in the order of the file."""
        return self._declared(CapabilityStage)

    @property
    def proc_blocks(self) -> tuple[ProcBlockStage, ...]:
        """The proc blocks in the order of the file."""
        return self._declared(ProcBlockStage)

    @property
    def models(self) -> tuple[ModelStage, ...]:
        """The models in the order of the file."""
        return self._declared(ModelStage)

    @property
    def outs(self) -> tuple[OutStage, ...]:
        """The outputs in the order of the file."""
        return self._declared(OutStage)

    def _declared(self, kind: type[S]) -> tuple[S, ...]:
        by_name = {stage.name: stage for stage in self.stages}
        found = (by_name[name] for name in self.declared)
        return tuple(stage for stage in found if isinstance(stage, kind))
