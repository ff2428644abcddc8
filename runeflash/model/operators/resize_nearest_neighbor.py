"""RESIZE_NEAREST_NEIGHBOR: an image of another size, of pixels of the first. Input and output NHWC."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Layer
from runeflash.model.operators import constants as constant_operands
from runeflash.model.operators import movement
from runeflash.model.operators.c_code import shape_struct
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.movement import Copy
from runeflash.model.operators.quantized import round_away, to_float32
from runeflash.model.schema import OptionsType
from runeflash.tensors import ElementType

_NEWEST_VERSION = 4
#: Tables hold indices of 16 bits.
_MAX_SIDE = 1 << 16


@dataclass(frozen=True)
class ResizeNearestNeighbor(Layer):
    """RESIZE_NEAREST_NEIGHBOR by tables: which row and column of the input is each of the output's."""

    batches: int
    height: int
    width: int
    pixel_bytes: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    operator = "RESIZE_NEAREST_NEIGHBOR"
    headers = ("kernels/resize_nearest_neighbor.h",)

    def _make_constants(self) -> tuple[Constant, ...]:
        return tuple(
            Constant(role, ElementType.U16, struct.pack(f"<{len(indices)}H", *indices))
            for role, indices in (("rows", self.rows), ("columns", self.columns))
        )

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [
            *shape_struct(
                "rune_resize_shape",
                {
                    "batches": self.batches,
                    "input_height": self.height,
                    "input_width": self.width,
                    "output_height": len(self.rows),
                    "output_width": len(self.columns),
                    "pixel": self.pixel_bytes,
                },
            ),
            f"rune_resize_nearest_neighbor(shape, {constants['rows']}, {constants['columns']}, input, output);",
        ]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer: plain copies where the factors are whole, else with tables.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 2), 1)
    source, output = context.input(0, "input"), context.output(0)
    movement.check_types(context, source, output)
    context.check_rank(source, "input", 4)
    sizes = constant_operands.integers(context, context.input(1, "size"), "size")
    if len(sizes) != 2 or not all(1 <= size <= _MAX_SIDE for size in (*sizes, *source.shape[1:3])):
        raise context.unsupported(f"it resizes {list(source.shape[1:3])} to {list(sizes)}")
    batches, height, width, channels = source.shape
    context.check_shape(output, "output", (batches, *sizes, channels))
    options = context.optional_options(OptionsType.RESIZE_NEAREST_NEIGHBOR)
    align_corners = options is not None and options.boolean(0)
    half_pixel_centers = options is not None and options.boolean(1)
    rows = _indices(height, sizes[0], align_corners, half_pixel_centers)
    columns = _indices(width, sizes[1], align_corners, half_pixel_centers)
    row_steps, column_steps = _steps(rows), _steps(columns)
    size = movement.element_size(source)
    if row_steps is None or column_steps is None:
        return ResizeNearestNeighbor(
            *context.layer_fields(source, output),
            batches=batches,
            height=height,
            width=width,
            pixel_bytes=channels * size,
            rows=rows,
            columns=columns,
        )
    shape = (batches, *(count for count, _ in row_steps), *(count for count, _ in column_steps), channels)
    line = width * channels
    strides = (
        height * line,
        *(stride * line for _, stride in row_steps),
        *(stride * channels for _, stride in column_steps),
        1,
    )
    loops, run = movement.loops_of(shape, strides, movement.row_major(shape), size)
    start = rows[0] * line + columns[0] * channels
    return movement.layer(context, [source], [output], [Copy(0, 0, start, 0, loops, run)])


def _indices(size: int, count: int, align_corners: bool, half_pixel_centers: bool) -> tuple[int, ...]:
    """Return which of ``size`` indices each of ``count`` repeats, in float32 as the reference computes it."""
    scale = to_float32((size - 1) / (count - 1) if align_corners and count > 1 else size / count)
    places = (to_float32((i + 0.5 * half_pixel_centers) * scale) for i in range(count))
    return tuple(min(round_away(place) if align_corners else math.floor(place), size - 1) for place in places)


def _steps(indices: Sequence[int]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return two loops (steps, stride) that give these indices from the first on, or None: each repeats as often."""
    repeats = next((i for i, index in enumerate(indices) if index != indices[0]), len(indices))
    count, rest = divmod(len(indices), repeats)
    stride = indices[repeats] - indices[0] if count > 1 else 0
    regular = all(index == indices[0] + i // repeats * stride for i, index in enumerate(indices))
    return ((count, stride), (repeats, 0)) if regular and rest == 0 else None
