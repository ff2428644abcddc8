"""What a proc block declares in its ``block.yaml``: :class:`Block` and its parts.

The format is described in ``docs/proc-blocks.md``; :mod:`runeflash.blocks.reader` reads it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from runeflash.expressions import Expression, ExpressionError
from runeflash.records import record
from runeflash.tensors import ElementType


class ArgumentType(enum.Enum):
    """The type of an argument; the C side has a member of this type (``lines``: an array of texts)."""

    F32 = "f32"
    I32 = "i32"
    U32 = "u32"
    BOOL = "bool"
    STRING = "string"
    LINES = "lines"


ArgumentValue = int | float | str | tuple[str, ...]


@record
class BlockArgument:
    """An argument.

    Attributes:
        name: in snake_case, a C identifier.
        type: its type.
        default: its value where a Runefile gives none; None when it is required.
        minimum: the least value of a number, or None.
        maximum: the greatest value of a number, or None.
        aliases: other names for it.
        description: one sentence.
    """

    name: str
    type: ArgumentType
    default: ArgumentValue | None
    minimum: int | float | None
    maximum: int | float | None
    aliases: tuple[str, ...]
    description: str

    @property
    def is_required(self) -> bool:
        """Whether a Runefile must give it."""
        return self.default is None


class Wildcard(enum.Enum):
    """The parts of a shape pattern that are neither a number nor a name."""

    ONES = "1*"
    ANY = "_"
    REST = "..."


@record
class ShapePattern:
    """Which shapes an input may have.

    Attributes:
        items: numbers, names of dimensions and wildcards; None allows any shape.
    """

    items: tuple[int | str | Wildcard, ...] | None

    def __str__(self) -> str:
        if self.items is None:
            return "any"
        return f"[{', '.join(i.value if isinstance(i, Wildcard) else str(i) for i in self.items)}]"


@record
class BlockInput:
    """An input.

    Attributes:
        name: its name in this file.
        elements: the element types it may have.
        same_type_as: the input whose element type it must have too, or None.
        shape: the shapes it may have.
        shape_error: the message for another shape, with ``{shape}`` for what was found, or None.
        is_variadic: it stands for any number of inputs, at least one; only the last can be.
        takes_dynamic: it copes with fewer elements than declared (``count`` at run time).
        description: one sentence.
    """

    name: str
    elements: tuple[ElementType, ...]
    same_type_as: str | None
    shape: ShapePattern
    shape_error: str | None
    is_variadic: bool
    takes_dynamic: bool
    description: str


@record
class TextBytes:
    """How long an element of a utf8 output can be, in bytes; exactly one attribute is not None.

    Attributes:
        expression: over dimensions and integer arguments.
        longest_line_of: arguments of type lines or string, one or more; the longest of all their lines.
        same_as: an input.
    """

    expression: Expression | None
    longest_line_of: tuple[str, ...] | None
    same_as: str | None


@record
class BlockOutput:
    """An output.

    Attributes:
        name: its name in this file.
        elements: the element types it may have; the first where a Runefile says nothing.
        same_type_as: the input whose element type it has, or None.
        dimensions: expressions over the inputs' dimensions and integer arguments; None with ``same_shape_as``.
        same_shape_as: the input whose shape it has, or None.
        dynamic: the dimension that the block may shrink at run time, or None.
        text_bytes: for utf8 outputs.
        is_variadic: there is one for each of the variadic inputs.
        description: one sentence.
    """

    name: str
    elements: tuple[ElementType, ...]
    same_type_as: str | None
    dimensions: tuple[Expression, ...] | None
    same_shape_as: str | None
    dynamic: int | None
    text_bytes: TextBytes | None
    is_variadic: bool
    description: str


@record
class BlockMemory:
    """The most bytes of linear memory that a stage of the block takes besides its tensors, by use.

    The expressions are over dimensions, integer arguments and the sizes of tensors, ``NAME_bytes``.

    Attributes:
        state: static variables that are kept from one call to the next.
        working: static variables that a call uses and the next one fills anew.
        tables: constants, those of ``tables.c`` included; the arguments' own texts are not.
    """

    state: Expression
    working: Expression
    tables: Expression

    @property
    def parts(self) -> tuple[tuple[str, Expression], ...]:
        """Name and expression of each use."""
        return (("state", self.state), ("working", self.working), ("tables", self.tables))

    @property
    def is_none(self) -> bool:
        """Whether the block declares that it takes none."""
        return all(expression.text == "0" for _, expression in self.parts)


@record
class Check:
    """A condition on dimensions and arguments, and the message where it does not hold.

    In the message ``{NAME}`` stands for a value.
    """

    condition: Expression
    message: str


@record
class Block:
    """A proc block.

    Attributes:
        name: the name of its folder, in snake_case.
        folder: where its files are.
        is_built_in: it came with the program.
        is_known: False for the stand-in of a block that does not exist, which only ``check`` sees.
        summary: one sentence.
        description: the rest, may be empty.
        inputs: in order.
        outputs: in order.
        arguments: in order.
        checks: in order.
        has_state: it keeps something from one call to the next.
        memory: its fixed memory, or None where the manifest does not say.
        forms: other forms of the block, each complete, for other outputs: see :meth:`form`.
    """

    name: str
    folder: Path
    is_built_in: bool
    is_known: bool
    summary: str
    description: str
    inputs: tuple[BlockInput, ...]
    outputs: tuple[BlockOutput, ...]
    arguments: tuple[BlockArgument, ...]
    checks: tuple[Check, ...]
    has_state: bool
    memory: BlockMemory | None = None
    forms: tuple[Block, ...] = ()

    @property
    def source(self) -> Path:
        """The C file."""
        return self.folder / f"{self.name}.c"

    @property
    def tables(self) -> Path:
        """The C file whose results become constant data, which may not exist."""
        return self.folder / "tables.c"

    @property
    def vectors(self) -> Path:
        """The file of test vectors, which may not exist."""
        return self.folder / "vectors.yaml"

    def form(self, declared: Sequence[ElementType | None]) -> Block:
        """Return the form that gives outputs of these element types (None: of any), or else the block itself."""
        for form in (self, *self.forms):
            ports = [form.output(index) for index in range(len(declared))]
            is_variadic = bool(form.outputs) and form.outputs[-1].is_variadic
            if (len(declared) == len(form.outputs) or is_variadic) and all(
                port is not None and (element is None or element in port.elements)
                for port, element in zip(ports, declared, strict=True)
            ):
                return form
        return self

    def input(self, index: int) -> BlockInput | None:
        """Return what is declared for an input, or None when there are not so many."""
        if index < len(self.inputs):
            return self.inputs[index]
        return self.inputs[-1] if self.inputs and self.inputs[-1].is_variadic else None

    def output(self, index: int) -> BlockOutput | None:
        """Return what is declared for an output, or None when there are not so many."""
        if index < len(self.outputs):
            return self.outputs[index]
        return self.outputs[-1] if self.outputs and self.outputs[-1].is_variadic else None

    def output_count(self, input_count: int) -> int:
        """Return how many outputs the block has with this many inputs."""
        if self.outputs and self.outputs[-1].is_variadic:
            return len(self.outputs) - 1 + max(input_count - (len(self.inputs) - 1), 0)
        return len(self.outputs)

    @cached_property
    def _input_positions(self) -> Mapping[str, int]:
        return {port.name: position for position, port in enumerate(self.inputs)}

    def input_index(self, name: str, output_index: int) -> int:
        """Return the number of the input that ``same as NAME`` means for an output; variadic ones go in pairs."""
        position = self._input_positions[name]
        if self.inputs[position].is_variadic:
            return position + max(output_index - (len(self.outputs) - 1), 0)
        return position

    def argument(self, name: str) -> BlockArgument | None:
        """Return the argument of that name or alias, or None."""
        return next((a for a in self.arguments if name == a.name or name in a.aliases), None)

    def text_bytes(
        self,
        output: int,
        arguments: Mapping[str, ArgumentValue],
        dimensions: Mapping[str, int] | None = None,
        input_text_bytes: Sequence[int] = (),
    ) -> int | None:
        """Return the bytes that an element of a utf8 output can have at most.

        Args:
            output: the number of the output.
            arguments: the values of the arguments.
            dimensions: the values of the dimensions' names.
            input_text_bytes: the same number for each input, 0 for those that are not utf8.

        Returns:
            None where it is that of an input whose number was not given, or depends on a name without a value.
        """
        port = self.output(output)
        declared = port.text_bytes if port is not None else None
        if declared is None:
            return 0
        if declared.same_as is not None:
            index = self.input_index(declared.same_as, output)
            return input_text_bytes[index] if index < len(input_text_bytes) else None
        if declared.longest_line_of is not None:
            return max((_longest(arguments.get(name, "")) for name in declared.longest_line_of), default=0)
        assert declared.expression is not None
        values: dict[str, int | float] = {k: v for k, v in arguments.items() if isinstance(v, int | float)}
        values.update(dimensions or {})
        if not declared.expression.names <= values.keys():
            return None
        try:
            return max(int(declared.expression.evaluate(values)), 0)
        except ExpressionError:
            return None


def _longest(value: ArgumentValue) -> int:
    """Return the bytes of the longest line of an argument's value, or of a text."""
    lines = value if isinstance(value, tuple) else (str(value),)
    return max((len(line.encode()) for line in lines), default=0)


def unknown_block(name: str, folder: Path) -> Block:
    """Return the stand-in for a block that does not exist, so that the rest of a file can be checked."""
    return Block(name, folder, False, False, "", "", (), (), (), (), False)
