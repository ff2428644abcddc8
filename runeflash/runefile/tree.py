"""The tree of a Runefile: what the text says, each part with its place, before anything is resolved.

Both dialects give this tree. What only one of them can say has a neutral value in the other:
``Stage.input_types`` and ``Runefile.name`` are the Dockerfile-like dialect's.
"""

from __future__ import annotations

import enum

from runeflash.diagnostics import Span
from runeflash.records import record
from runeflash.tensors import TensorType

# The reference allows about 31 inputs of an output stage; nothing real comes near it.
MAXIMUM_PORTS = 32

# Of stages, and of resources. Each takes thousands of instructions of a microcontroller that has a few hundred KB.
MAXIMUM_DECLARATIONS = 12_000


@record
class Text:
    """A piece of text and its place.

    Attributes:
        text: the text, without surrounding white space.
        span: where it stands.
        is_boolean: it was written as a boolean and not as a text (``true``, without quotes).
    """

    text: str
    span: Span
    is_boolean: bool = False


@record
class TextList:
    """A list of texts, as an argument's value."""

    items: tuple[Text, ...]
    span: Span

    @property
    def text(self) -> str:
        """The items joined with newlines: the one text that means the same."""
        return "\n".join(item.text for item in self.items)


@record
class ResourceReference:
    """``$NAME``; ``name`` is without the dollar sign."""

    name: str
    span: Span


@record
class Verbatim:
    """``@EXPRESSION``; ``text`` is without the at sign."""

    text: str
    span: Span


@record
class InvalidValue:
    """A value that was wrong and has been reported; nothing more is to be said about it."""

    span: Span


ArgumentValue = Text | TextList | ResourceReference | Verbatim | InvalidValue


@record
class Argument:
    """An argument of a stage; its name is in snake_case, however it was written."""

    name: str
    name_span: Span
    value: ArgumentValue


@record
class TypeExpression:
    """A tensor type as written.

    Attributes:
        type: the type, or None where it is to be inferred (``_``).
        span: where it stands.
        invalid: it was wrong and has been reported; nothing more is to be said about it.
    """

    type: TensorType | None
    span: Span
    invalid: bool = False


@record
class InputReference:
    """Output number ``output`` of the stage called ``stage``; ``text`` is how it was written."""

    stage: str
    output: int
    text: str
    span: Span


class StageKind(enum.Enum):
    """What a stage is, by its key in YAML."""

    MODEL = "model"
    PROC_BLOCK = "proc-block"
    CAPABILITY = "capability"
    OUT = "out"


@record
class Stage:
    """A stage.

    Attributes:
        kind: what it is.
        name: its name.
        subject: the model's file or resource, the proc block's path, the capability's or output's kind.
        inputs: in order.
        input_types: the declared types of the inputs; empty where the dialect cannot say them.
        outputs: the declared outputs, or None where they are omitted.
        arguments: in the order of the file; no two have the same name.
        span: the place to blame for the stage as a whole.
    """

    kind: StageKind
    name: Text
    subject: Text | ResourceReference
    inputs: tuple[InputReference, ...]
    input_types: tuple[TypeExpression, ...]
    outputs: tuple[TypeExpression, ...] | None
    arguments: tuple[Argument, ...]

    @property
    def span(self) -> Span:
        """The place to blame for the stage as a whole: its name."""
        return self.name.span

    def argument(self, *names: str) -> Argument | None:
        """Return the first argument that has one of these names, or None."""
        return next((argument for argument in self.arguments if argument.name in names), None)


@record
class ResourceDeclaration:
    """A resource; with neither ``path`` nor ``inline`` its data come from the command line."""

    name: Text
    is_binary: bool
    path: Text | None
    inline: Text | None


@record
class Runefile:
    """A whole file.

    Attributes:
        image: the base image's path.
        name: the pipeline's name, where the text gives one.
        stages: in the order of the file.
        resources: in the order of the file.
        unreadable: names of stages and resources that are declared, but so that nothing could be made of them.
    """

    image: Text
    name: Text | None
    stages: tuple[Stage, ...]
    resources: tuple[ResourceDeclaration, ...]
    unreadable: frozenset[str]
