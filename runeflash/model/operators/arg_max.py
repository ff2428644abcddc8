"""ARG_MAX: the position of the greatest element along one dimension, the first of equals. That dimension is dropped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators import constants as constant_operands
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import DataType, OptionsType

_NEWEST_VERSION = 3
_SUFFIXES = {
    DataType.FLOAT32: "f32",
    DataType.INT8: "i8",
    DataType.UINT8: "u8",
    DataType.INT32: "i32",
    DataType.BOOL: "u8",
}
_OUTPUTS = {DataType.INT32: "i32", DataType.INT64: "i64"}


@dataclass(frozen=True)
class ArgMax(Layer):
    """ARG_MAX of an input of shape [outer, depth, inner] along depth; ``types`` are the suffixes of its kernel."""

    outer: int
    depth: int
    inner: int
    types: str

    operator = "ARG_MAX"
    headers = ("kernels/arg_max.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the call of the kernel."""
        return [f"rune_arg_max_{self.types}({self.outer}, {self.depth}, {self.inner}, input, output);"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((2, 2), 1)
    source, output = context.input(0, "input"), context.output(0)
    context.check_type(source, "input", *_SUFFIXES)
    context.check_type(output, "output", *_OUTPUTS)
    value = constant_operands.integer(context, context.input(1, "axis"), "axis")
    axis = constant_operands.axis(context, value, len(source.shape))
    options = context.optional_options(OptionsType.ARG_MAX)
    if options is not None and options.i8(0) not in (output.type.value, 0):
        raise context.wrong(f"its output, {output}, is of type {output.type.name}, which its options contradict")
    context.check_shape(output, "output", source.shape[:axis] + source.shape[axis + 1 :])
    return ArgMax(
        *context.layer_fields(source, output),
        outer=math.prod(source.shape[:axis]),
        depth=source.shape[axis],
        inner=math.prod(source.shape[axis + 1 :]),
        types=f"{_SUFFIXES[source.type]}_{_OUTPUTS[output.type]}",
    )
