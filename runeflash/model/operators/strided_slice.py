"""STRIDED_SLICE: of each dimension every nth index between constant ones, forwards or backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runeflash.model.flatbuffer import Table
from runeflash.model.graph import Layer
from runeflash.model.operators import constants, movement
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy
from runeflash.model.schema import OptionsType

_NEWEST_VERSION = 8
#: As many as the masks have bits.
_MAX_PLACES = 32


@dataclass(frozen=True)
class _Masks:
    """Bits that change what the numbers at their place mean."""

    begin: int = 0
    end: int = 0
    ellipsis: int = 0
    new_axis: int = 0
    shrink: int = 0
    offset: bool = False


@dataclass(frozen=True)
class _Part:
    """What becomes of one dimension; ``size`` is None where it is dropped."""

    start: int
    stride: int
    size: int | None


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((4, 4), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    begin, end, strides = (
        constants.integers(context, context.input(i + 1, role), role)
        for i, role in enumerate(("beginning", "end", "stride"))
    )
    if not len(begin) == len(end) == len(strides) <= _MAX_PLACES:
        raise context.wrong(f"it has {len(begin)} beginnings, {len(end)} ends and {len(strides)} strides")
    masks = _masks(context.optional_options(OptionsType.STRIDED_SLICE))
    shape: list[int] = []
    distances: list[int] = []
    start = 0
    along = iter(zip(source.shape, movement.row_major(source.shape), strict=True))
    for place, is_new in _places(context, len(source.shape), len(begin), masks):
        if is_new:
            shape.append(1)
            distances.append(0)
            continue
        size, distance = next(along)
        part = _Part(0, 1, size) if place is None else _part(context, size, place, begin, end, strides, masks)
        start += part.start * distance
        if part.size is not None:
            shape.append(part.size)
            distances.append(part.stride * distance)
    context.check_shape(output, "output", tuple(shape))
    loops, run = movement.loops_of(shape, distances, movement.row_major(shape), movement.element_size(source))
    return movement.layer(context, [source], [output], [Copy(0, 0, start, 0, loops, run)])


def _masks(options: Table | None) -> _Masks:
    if options is None:
        return _Masks()
    return _Masks(
        begin=options.i32(0),
        end=options.i32(1),
        ellipsis=options.i32(2),
        new_axis=options.i32(3),
        shrink=options.i32(4),
        offset=options.boolean(5),
    )


def _places(context: OperatorContext, rank: int, count: int, masks: _Masks) -> Iterator[tuple[int | None, bool]]:
    """Yield for each dimension the place of its numbers, and whether it is a new one, which has none.

    The place is None for dimensions that stay whole: those of the ellipsis, and those behind the last place.
    """
    ellipses = [i for i in range(count) if masks.ellipsis >> i & 1]
    new = [i for i in range(count) if masks.new_axis >> i & 1 and i not in ellipses]
    whole = rank - (count - len(new) - len(ellipses))
    if len(ellipses) > 1 or whole < 0:
        raise context.wrong(f"it names {rank - whole} dimensions of {rank}, and {len(ellipses)} ellipses")
    for i in range(count):
        if i in ellipses:
            yield from [(None, False)] * whole
        else:
            yield i, i in new
    if not ellipses:
        yield from [(None, False)] * whole


def _part(
    context: OperatorContext,
    size: int,
    place: int,
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int],
    masks: _Masks,
) -> _Part:
    """Return what the numbers at one place take of a dimension."""
    stride = strides[place]
    if stride == 0:
        raise context.wrong("its stride is 0")
    # Backwards the end may be -1, in front of index 0.
    least, greatest = (0, size) if stride > 0 else (-1, size - 1)
    first = begin[place] + size if begin[place] < 0 else begin[place]
    if masks.begin >> place & 1:
        first = least if stride > 0 else greatest
    first = min(max(first, least), greatest)
    if masks.shrink >> place & 1:
        if stride < 0 or not 0 <= first < size:
            raise context.wrong(f"index {begin[place]}, with a stride of {stride}, is not one of a dimension of {size}")
        return _Part(first, 1, None)
    last = end[place] + first if masks.offset else end[place]
    last = last + size if last < 0 else last
    if masks.end >> place & 1:
        last = greatest if stride > 0 else least
    last = min(max(last, least), greatest)
    taken = -((first - last) // stride)
    if taken < 1:
        raise context.unsupported(
            f"nothing lies between index {begin[place]} and {end[place]} of a dimension of {size},"
            f" with a stride of {stride}"
        )
    return _Part(first, stride, taken)
