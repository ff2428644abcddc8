"""A proc block applied to inputs: what its outputs are, and whether it takes those inputs at all.

Entry point: :func:`bind`. It works with partial knowledge, so that types can be inferred forwards (from the inputs to
the outputs) and backwards.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from runeflash.blocks.manifest import ArgumentValue, Block, BlockInput, BlockOutput, ShapePattern, Wildcard
from runeflash.blocks.reader import substitute
from runeflash.expressions import ExpressionError
from runeflash.records import record
from runeflash.tensors import ElementType, TensorType


class Place(enum.Enum):
    """What a problem is about."""

    INPUT = "input"
    OUTPUT = "output"
    CHECK = "check"


@record
class Problem:
    """Something that does not fit.

    Attributes:
        place: what it is about.
        index: the number of the input or output; 0 for a check.
        message: one sentence.
        is_rank_only: element type and count agree, only the ranks differ.
    """

    place: Place
    index: int
    message: str
    is_rank_only: bool = False


@record
class Binding:
    """A block with its inputs and arguments.

    Attributes:
        inputs: the types given, and those inferred where None was given.
        outputs: the types declared, and those inferred where None was declared; None where it cannot be said.
        dynamic: for each output, the dimension that may shrink at run time, or None.
        dimensions: the values of the named dimensions.
        problems: what does not fit; empty for partial knowledge that may still fit.
    """

    inputs: tuple[TensorType | None, ...]
    outputs: tuple[TensorType | None, ...]
    dynamic: tuple[int | None, ...]
    dimensions: Mapping[str, int]
    problems: tuple[Problem, ...]


def bind(
    block: Block,
    inputs: Sequence[TensorType | None],
    declared: Sequence[TensorType | None],
    arguments: Mapping[str, ArgumentValue],
) -> Binding:
    """Apply a block.

    Args:
        block: the block.
        inputs: the types of its inputs, as many as there are; None where one is not known.
        declared: the types that its outputs are declared to have; None where they are to be inferred.
        arguments: the values of its arguments; what needs a value that is not there stays unknown.
    """
    problems: list[Problem] = []
    dimensions: dict[str, int] = {}
    for index, tensor in enumerate(inputs):
        port = block.input(index)
        if port is None or tensor is None:
            continue
        message = _match_elements(block, port, tensor, inputs) or _match_shape(block, port, tensor, dimensions)
        if message is not None:
            problems.append(Problem(Place.INPUT, index, message))
    known_inputs = [
        tensor if tensor is not None else _infer_input(block, index, declared, dimensions)
        for index, tensor in enumerate(inputs)
    ]
    values: dict[str, int | float] = {k: v for k, v in arguments.items() if isinstance(v, int | float)}
    values.update(dimensions)
    outputs: list[TensorType | None] = []
    dynamic: list[int | None] = []
    for index, written in enumerate(declared):
        output_port = block.output(index)
        dynamic.append(output_port.dynamic if output_port is not None else None)
        if output_port is None:
            outputs.append(written)
            continue
        element = _output_element(block, output_port, index, known_inputs, written)
        try:
            shape = _output_shape(block, output_port, index, known_inputs, values)
        except (ExpressionError, OverflowError, ValueError) as error:
            problems.append(Problem(Place.OUTPUT, index, f"the size of {block.name}'s output is impossible: {error}"))
            outputs.append(written)
            continue
        real = TensorType(element, shape) if element is not None and shape is not None else None
        outputs.append(written if written is not None else real)
        problem = _compare_output(block, output_port, index, written, element, shape)
        if problem is not None:
            problems.append(problem)
    if not problems:
        problems += _failed_checks(block, values)
    return Binding(tuple(known_inputs), tuple(outputs), tuple(dynamic), dimensions, tuple(problems))


def match_pattern(pattern: ShapePattern, shape: Sequence[int], dimensions: dict[str, int]) -> bool:
    """Return whether a shape fits a pattern and what the names already stand for; if so, bind its new names."""
    if pattern.items is None:
        return True
    items = list(pattern.items)
    sizes = list(shape)
    strip_left = bool(items) and items[0] is Wildcard.ONES
    strip_right = bool(items) and items[-1] is Wildcard.ONES
    core = [item for item in items if item is not Wildcard.ONES]
    while strip_left and len(sizes) > len(core) and sizes[0] == 1:
        sizes.pop(0)
    while strip_right and len(sizes) > len(core) and sizes[-1] == 1:
        sizes.pop()
    if strip_left or strip_right:
        # A tensor of fewer dimensions is one whose further dimensions are 1; a scalar is [1].
        sizes = [1] * (len(core) - len(sizes)) + sizes
    if Wildcard.REST in core:
        position = core.index(Wildcard.REST)
        missing = len(sizes) - (len(core) - 1)
        if missing < 0:
            return False
        core[position : position + 1] = [Wildcard.ANY] * missing
    if len(core) != len(sizes):
        return False
    found = dict(dimensions)
    for item, size in zip(core, sizes, strict=True):
        wanted = found.setdefault(item, size) if isinstance(item, str) else item
        if wanted is not Wildcard.ANY and wanted != size:
            return False
    dimensions.update(found)
    return True


def _match_elements(
    block: Block, port: BlockInput, tensor: TensorType, inputs: Sequence[TensorType | None]
) -> str | None:
    if tensor.element not in port.elements:
        names = ", ".join(element.value for element in port.elements)
        return f"{block.name} takes {names} as its {port.name}, but found {tensor.element.value}"
    if port.same_type_as is not None:
        position = next(i for i, other in enumerate(block.inputs) if other.name == port.same_type_as)
        other = inputs[position] if position < len(inputs) else None
        if other is not None and other.element is not tensor.element:
            return (
                f"{block.name}'s {port.name} has the element type of {port.same_type_as}, {other.element.value}, "
                f"but found {tensor.element.value}"
            )
    return None


def _match_shape(block: Block, port: BlockInput, tensor: TensorType, dimensions: dict[str, int]) -> str | None:
    if match_pattern(port.shape, tensor.dimensions, dimensions):
        return None
    shape = str(list(tensor.dimensions))
    if port.shape_error is not None:
        return substitute(port.shape_error, {"shape": shape})
    known = ", ".join(
        f"{item} = {dimensions[item]}"
        for item in port.shape.items or ()
        if isinstance(item, str) and item in dimensions
    )
    wanted = f"{port.shape}{f' with {known}' if known else ''}"
    return f"{block.name}'s {port.name} has the shape {wanted}, but found {shape}"


def _infer_input(
    block: Block, index: int, declared: Sequence[TensorType | None], dimensions: Mapping[str, int]
) -> TensorType | None:
    """Return what an input must be, from the outputs that are the same or from what the block allows at all."""
    port = block.input(index)
    if port is None:
        return None
    element: ElementType | None = port.elements[0] if len(port.elements) == 1 else None
    shape: tuple[int, ...] | None = None
    items = port.shape.items
    if items is not None:
        sizes = [dimensions.get(item) if isinstance(item, str) else item for item in items]
        if all(isinstance(size, int) for size in sizes):
            shape = tuple(size for size in sizes if isinstance(size, int))
    for position, tensor in enumerate(declared):
        output = block.output(position) if tensor is not None else None
        if tensor is None or output is None:
            continue
        if output.same_type_as and block.input_index(output.same_type_as, position) == index:
            element = tensor.element
        if output.same_shape_as and block.input_index(output.same_shape_as, position) == index:
            shape = tensor.dimensions
    return TensorType(element, shape) if element is not None and shape is not None else None


def _output_element(
    block: Block,
    port: BlockOutput,
    index: int,
    inputs: Sequence[TensorType | None],
    written: TensorType | None,
) -> ElementType | None:
    if port.same_type_as is not None:
        source = block.input_index(port.same_type_as, index)
        tensor = inputs[source] if source < len(inputs) else None
        return tensor.element if tensor is not None else None
    if written is not None and written.element in port.elements:
        return written.element
    return port.elements[0]


def _output_shape(
    block: Block,
    port: BlockOutput,
    index: int,
    inputs: Sequence[TensorType | None],
    values: Mapping[str, int | float],
) -> tuple[int, ...] | None:
    if port.same_shape_as is not None:
        source = block.input_index(port.same_shape_as, index)
        tensor = inputs[source] if source < len(inputs) else None
        return tensor.dimensions if tensor is not None else None
    assert port.dimensions is not None
    shape = []
    for expression in port.dimensions:
        if not expression.names <= values.keys():
            return None
        size = expression.evaluate(values)
        if not isinstance(size, int) or size < 1:
            raise ExpressionError(f"a dimension is {size}")
        shape.append(size)
    return tuple(shape)


def _compare_output(
    block: Block,
    port: BlockOutput,
    index: int,
    written: TensorType | None,
    element: ElementType | None,
    shape: tuple[int, ...] | None,
) -> Problem | None:
    if written is None:
        return None
    if element is not None and element is not written.element:
        if port.same_type_as is not None:
            given = f"{element.value}, as its {port.same_type_as} is"
        else:
            given = " or ".join(each.value for each in port.elements)
        return Problem(
            Place.OUTPUT,
            index,
            f"{block.name} gives {given}, but the declared output is {written.element.value}",
        )
    if shape is None or written.dimensions == shape:
        return None
    real = TensorType(written.element, shape)
    if port.dynamic is not None and _is_smaller(written.dimensions, shape, port.dynamic):
        return None
    if real.count == written.count == 1 and not (shape and written.dimensions):
        return None  # a scalar is a tensor of one element
    if real.count != written.count:
        return Problem(Place.OUTPUT, index, f"{block.name} gives {real}, but the declared output is {written}")
    return Problem(
        Place.OUTPUT,
        index,
        f"{block.name} gives {real}, and the declared output is {written}: the same elements with other dimensions",
        is_rank_only=True,
    )


def _is_smaller(written: tuple[int, ...], shape: tuple[int, ...], dynamic: int) -> bool:
    """Return whether a declared shape is the block's with a smaller maximum for the dynamic dimension."""
    if len(written) != len(shape):
        return False
    return all(
        size <= real if position == dynamic else size == real
        for position, (size, real) in enumerate(zip(written, shape, strict=True))
    )


def _failed_checks(block: Block, values: Mapping[str, int | float]) -> list[Problem]:
    failed = []
    for check in block.checks:
        if not check.condition.names <= values.keys():
            continue
        try:
            holds = bool(check.condition.evaluate(values))
        except ExpressionError:
            holds = False
        if not holds:
            failed.append(Problem(Place.CHECK, 0, substitute(check.message, dict(values))))
    return failed
