"""Operators that only move elements, of any type: copies and fills of runs of bytes at regular distances.

What moves where is decided here. Dimensions that lie side by side in both tensors are one, so that a copy has as few
loops and as long runs as it can have; an operator that moves nothing becomes a :class:`Reshape`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer, Tensor
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.reshape import Reshape
from runeflash.model.schema import DataType
from runeflash.tensors import ElementType

#: RUNE_COPY_LOOPS of ``targets/common/kernels/copy.h``.
MAX_LOOPS = 6
#: Types whose elements have a size and whose tensors C can have; text is none of them.
TYPES = tuple(
    data_type
    for data_type in DataType
    if data_type.size is not None and data_type.element not in (None, ElementType.UTF8)
)


@dataclass(frozen=True)
class Loop:
    """A loop over runs.

    Attributes:
        size: steps.
        source: bytes from one step to the next in the input; 0 repeats, less than 0 goes backwards. Fills do not care.
        target: likewise in the output.
    """

    size: int
    source: int
    target: int


@dataclass(frozen=True)
class Copy:
    """A copy from one tensor to another.

    Attributes:
        source: position of the tensor among the layer's inputs.
        target: likewise among its outputs.
        source_start: the first element that is read.
        target_start: the first element that is written.
        loops: outermost first.
        run: bytes side by side.
        table: role of the constant that replaces each byte, or empty.
    """

    source: int
    target: int
    source_start: int
    target_start: int
    loops: tuple[Loop, ...]
    run: int
    table: str = ""


@dataclass(frozen=True)
class Fill:
    """A region of the first output with one value; the fields are those of :class:`Copy`."""

    target_start: int
    loops: tuple[Loop, ...]
    run: int


@dataclass(frozen=True)
class Movement(Layer):
    """Fills and copies.

    Attributes:
        kind: the operator's name.
        fills: with ``value``, one element's bytes.
        copies: none of them writes where another does.
        tables: 256 bytes each, with the role that they have in the copies.
    """

    kind: str
    copies: tuple[Copy, ...]
    fills: tuple[Fill, ...] = ()
    value: bytes = b""
    tables: tuple[tuple[str, bytes], ...] = ()

    headers = ("kernels/copy.h",)

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    def _make_constants(self) -> tuple[Constant, ...]:
        return tuple(Constant(role, ElementType.U8, data) for role, data in self.tables)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the copies and fills, each a call."""
        parts = [self._fill(fill) for fill in self.fills]
        parts += [self._copy(copy, constants) for copy in self.copies]
        lines = []
        for part in parts:
            # Each shape has a block of its own where there are several.
            lines += part if len(parts) == 1 or len(part) == 1 else ["{", *(f"    {line}" for line in part), "}"]
        return lines

    def _copy(self, copy: Copy, constants: Mapping[str, str]) -> list[str]:
        source = _at(_numbered("input", copy.source), copy.source_start)
        target = _at(_numbered("output", copy.target), copy.target_start)
        if not copy.loops and not copy.table:
            return [f"__builtin_memcpy({target}, {source}, {copy.run});"]
        call = f"rune_copy_looked_up(shape, {constants[copy.table]}" if copy.table else "rune_copy(shape"
        return [*_shape(copy.loops, copy.run), f"{call}, {source}, {target});"]

    def _fill(self, fill: Fill) -> list[str]:
        target = _at("output", fill.target_start)
        # A value of equal bytes is filled in bytes: memset is quicker.
        value = self.value[:1] if self.value == self.value[:1] * len(self.value) else self.value
        bits = int.from_bytes(value, "little")
        if not fill.loops and len(value) == 1:
            return [f"__builtin_memset({target}, {bits}, {fill.run});"]
        return [
            *_shape(fill.loops, fill.run),
            f"rune_fill(shape, {bits:#x}u{'ll' * (len(value) > 4)}, {len(value)}, {target});",
        ]


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the distances in elements along each dimension."""
    strides = []
    stride = 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= size
    return tuple(reversed(strides))


def loops_of(
    sizes: Sequence[int], source_strides: Sequence[int], target_strides: Sequence[int], element_size: int
) -> tuple[tuple[Loop, ...], int]:
    """Return the loops and the run of a copy along dimensions, outermost first, whose strides are in elements."""
    loops: list[Loop] = []
    for size, source, target in zip(sizes, source_strides, target_strides, strict=True):
        if size == 1:
            continue
        loop = Loop(size, source * element_size, target * element_size)
        outer = loops[-1] if loops else None
        if outer is not None and (outer.source, outer.target) == (loop.source * size, loop.target * size):
            loops[-1] = Loop(outer.size * size, loop.source, loop.target)
        else:
            loops.append(loop)
    run = element_size
    if loops and (loops[-1].source, loops[-1].target) == (element_size, element_size):
        run *= loops.pop().size
    return tuple(loops), run


def layer(
    context: OperatorContext,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    copies: Sequence[Copy],
    fills: Sequence[Fill] = (),
    value: bytes = b"",
    tables: Mapping[str, bytes] | None = None,
) -> Layer:
    """Return the layer: a :class:`Reshape` where nothing moves.

    Args:
        context: the operator.
        inputs: the tensors that the copies count.
        outputs: likewise.
        copies: that fill what the fills leave.
        fills: regions of the first output.
        value: one element, with which they are filled.
        tables: by their role in the copies.

    Raises:
        UserError: a copy or a fill needs too many loops.
    """
    if max(len(loops) for loops in [*(copy.loops for copy in copies), *(fill.loops for fill in fills)]) > MAX_LOOPS:
        raise context.unsupported(f"it moves elements along more than {MAX_LOOPS} dimensions")
    index, name, kind = context.operator.index, outputs[0].name, context.operator.kind
    read, written = tuple(tensor.index for tensor in inputs), tuple(tensor.index for tensor in outputs)
    whole = inputs[0].size
    if len(outputs) == 1 and not fills and copies[0].run == whole == outputs[0].size and not copies[0].table:
        return Reshape(index, name, read, written, size=whole, kind=kind)
    return Movement(index, name, read, written, kind, tuple(copies), tuple(fills), value, tuple((tables or {}).items()))


def check_types(context: OperatorContext, source: Tensor, *outputs: Tensor) -> None:
    """Refuse an input of a type that cannot be moved, and outputs of another type than the input's."""
    context.check_type(source, "input", *TYPES)
    for output in outputs:
        context.check_type(output, "output", source.type)


def element_size(tensor: Tensor) -> int:
    """Return the bytes of one element."""
    return tensor.element.size


def _at(name: str, start: int) -> str:
    return f"{name} + {start}" if start else name


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _shape(loops: Sequence[Loop], run: int) -> list[str]:
    """Return the definition of the constant shape; what is not listed is 0 in C."""
    listed = ", ".join(f"{{{loop.size}, {loop.source}, {loop.target}}}" for loop in loops)
    fields: dict[str, int | str] = {"loops": f"{{{listed}}}"} if loops else {}
    return shape_struct("rune_copy_shape", {**fields, "run": run})
