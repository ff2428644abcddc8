"""``vectors.yaml``: inputs of a proc block and the outputs that they must give.

Entry point: :func:`load_vectors`. One test runner applies them to every block natively, in the interpreter and ahead of
time; a case with an ``error`` passes when :func:`runeflash.blocks.signature.bind` or the run fails with that text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from runeflash.blocks.manifest import ArgumentValue, Block
from runeflash.blocks.reader import FieldReader, argument_value, read_source
from runeflash.errors import UserError
from runeflash.records import record
from runeflash.tensors import ElementType, TensorType
from runeflash.yaml_nodes import Node, Scalar, Sequence, YamlError, read_nodes


@record
class Vector:
    """A tensor with its elements, row-major; utf8 elements are texts, all others numbers.

    An f32 element is the nearest f32 of what the file says.
    """

    type: TensorType
    elements: tuple[int | float | str, ...]


@record
class Call:
    """One call: its inputs, and either its outputs or the text that its failure contains."""

    inputs: tuple[Vector, ...]
    outputs: tuple[Vector, ...]
    error: str | None


@record
class Case:
    """A fresh block and calls of it, in sequence: state that it keeps goes from one to the next."""

    name: str
    arguments: Mapping[str, ArgumentValue]
    calls: tuple[Call, ...]


def load_vectors(block: Block) -> tuple[Case, ...]:
    """Read a block's test vectors.

    Raises:
        UserError: the file is missing or wrong; the message has every finding with its place.
    """
    source = read_source(block.vectors)
    reader = _VectorReader(source)
    cases: tuple[Case, ...] = ()
    try:
        root = read_nodes(source.text)
        cases = reader.cases(root, block)
    except YamlError as error:
        reader.error(error.message, error.span)
    reader.finish()
    if not cases:
        raise UserError(f"{block.vectors} has no cases")
    return cases


class _VectorReader(FieldReader):
    def cases(self, root: Node | None, block: Block) -> tuple[Case, ...]:
        cases: list[Case] = []
        for item in self.items(root, "the file"):
            fields = self.fields(item, ("name", "arguments", "calls", "inputs", "outputs", "error"), "a case")
            name = self.text(fields.get("name"), "name")
            if not name:
                self.error("a case has a name", item.span)
                continue
            if any(case.name == name for case in cases):
                self.error(f'two cases are called "{name}"', item.span)
            arguments = self.arguments(fields.get("arguments"), block, item)
            if ("calls" in fields) == ("inputs" in fields):
                self.error("a case has either `calls` or `inputs`", item.span)
                continue
            if "calls" in fields:
                calls = [
                    self.call(self.fields(each, ("inputs", "outputs", "error"), "a call"), each)
                    for each in self.items(fields["calls"], "calls")
                ]
            else:
                calls = [self.call(fields, item)]
            cases.append(Case(name, arguments, tuple(calls)))
        return tuple(cases)

    def arguments(self, node: Node | None, block: Block, case: Node) -> dict[str, ArgumentValue]:
        values: dict[str, ArgumentValue] = {}
        for name, value_node in self.fields(node, None, "arguments").items():
            argument = block.argument(name)
            if argument is None:
                self.error(f'{block.name} has no argument "{name}"', value_node.span)
                continue
            value = argument_value(self, argument, value_node, name)
            if value is not None:
                values[argument.name] = value
        for argument in block.arguments:
            if argument.name in values:
                continue
            if argument.default is None:
                self.error(f"{block.name} needs the argument {argument.name}", case.span)
            else:
                values[argument.name] = argument.default
        return values

    def call(self, fields: dict[str, Node], node: Node) -> Call:
        if ("outputs" in fields) == ("error" in fields):
            self.error("a call has either `outputs` or `error`", node.span)
        inputs = [self.vector(item) for item in self.items(fields.get("inputs"), "inputs")]
        outputs = [self.vector(item) for item in self.items(fields.get("outputs"), "outputs")]
        return Call(
            tuple(vector for vector in inputs if vector is not None),
            tuple(vector for vector in outputs if vector is not None),
            self.text(fields.get("error"), "error"),
        )

    def vector(self, node: Node) -> Vector | None:
        fields = self.fields(node, ("type", "dimensions", "elements"), "a tensor")
        by_name = {element.value: element for element in ElementType}
        element = by_name.get(self.text(fields.get("type"), "type") or "")
        if element is None:
            self.error(f"a tensor's type is one of {', '.join(by_name)}", node.span)
            return None
        sizes = [self.integer(item, "a dimension") for item in self.items(fields.get("dimensions"), "dimensions")]
        dimensions = tuple(size for size in sizes if size is not None)
        elements = [self.element(item, element) for item in self.items(fields.get("elements"), "elements")]
        found = tuple(each for each in elements if each is not None)
        if len(found) != len(elements) or len(dimensions) != len(sizes):
            return None
        if math.prod(dimensions) != len(found):
            self.error(f"{len(found)} elements do not fill the shape {list(dimensions)}", node.span)
            return None
        return Vector(TensorType(element, dimensions), found)

    def element(self, node: Node, element: ElementType) -> int | float | str | None:
        value = node.value if isinstance(node, Scalar) else None
        if element is ElementType.UTF8:
            if isinstance(node, Sequence) or not isinstance(value, str):
                self.error("an element of a utf8 tensor is a text", node.span)
                return None
            assert isinstance(node, Scalar)
            return node.text
        number = self.number(node, "an element")
        if number is None:
            return None
        if element.is_float:
            return _nearest(float(number), element)
        signed = element.value.startswith("i")
        bits = element.size * 8
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        if isinstance(number, float) or not low <= number <= high:
            self.error(f"an element of type {element.value} is a whole number from {low} to {high}", node.span)
            return None
        return number


def _nearest(value: float, element: ElementType) -> float:
    if element is ElementType.F64 or not math.isfinite(value):
        return value
    import struct  # only a reader of vectors needs it

    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
