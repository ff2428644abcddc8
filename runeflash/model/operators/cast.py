"""CAST: each element in another type. Input and output have one shape; scales are not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.reshape import Reshape
from runeflash.model.schema import DataType

_NEWEST_VERSION = 7
_C_TYPES = {
    DataType.FLOAT32: "float",
    DataType.INT8: "int8_t",
    DataType.UINT8: "uint8_t",
    DataType.INT16: "int16_t",
    DataType.UINT16: "uint16_t",
    DataType.INT32: "int32_t",
    DataType.UINT32: "uint32_t",
    DataType.INT64: "int64_t",
    DataType.BOOL: "uint8_t",
}
#: The helper that cuts a fraction off, and its limits: integers narrower than its own are among its results.
_WHOLE = {
    DataType.INT8: "rune_whole_f32_i32(input[i], -128, 127)",
    DataType.UINT8: "rune_whole_f32_i32(input[i], 0, 255)",
    DataType.INT16: "rune_whole_f32_i32(input[i], -32768, 32767)",
    DataType.UINT16: "rune_whole_f32_i32(input[i], 0, 65535)",
    DataType.INT32: "rune_whole_f32_i32(input[i], INT32_MIN, INT32_MAX)",
    DataType.UINT32: "rune_whole_f32_i64(input[i], 0, UINT32_MAX)",
    DataType.INT64: "rune_whole_f32_i64(input[i], INT64_MIN, INT64_MAX)",
}


@dataclass(frozen=True)
class Cast(Layer):
    """CAST between two types that are not the same."""

    count: int
    source: DataType
    target: DataType

    operator = "CAST"
    headers = ("kernels/cast.h",)

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the loop, or a copy where the bits stay the same."""
        if not {self.source, self.target} & {DataType.FLOAT32, DataType.BOOL} and self.source.size == self.target.size:
            return [f"__builtin_memcpy(output, input, {self.count * (self.source.size or 0)});"]
        if self.target is DataType.BOOL:
            value = "input[i] != 0"
        elif self.source is DataType.FLOAT32:
            value = f"({_C_TYPES[self.target]}){_WHOLE[self.target]}"
        else:
            value = f"({_C_TYPES[self.target]})input[i]"
        return [f"for (int32_t i = 0; i < {self.count}; i++) {{", f"    output[i] = {value};", "}"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 1), 1)
    source, output = context.input(0, "input"), context.output(0)
    context.check_type(source, "input", *_C_TYPES)
    context.check_type(output, "output", *_C_TYPES)
    context.check_shape(output, "output", source.shape)
    index, inputs, outputs = context.operator.index, (source.index,), (output.index,)
    if source.type is output.type or (source.type, output.type) == (DataType.BOOL, DataType.UINT8):
        return Reshape(index, output.name, inputs, outputs, size=source.size, kind="CAST")
    return Cast(index, output.name, inputs, outputs, count=source.count, source=source.type, target=output.type)
