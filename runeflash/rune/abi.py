"""Numbers and names of the rune's binary interface (docs/rune-format.md)."""

from __future__ import annotations

from runeflash.tensors import ElementType

#: Parameter value types.
VALUE_I32, VALUE_F32 = 1, 2

#: Outputs of generated runes hand over tensors; the host writes the JSON.
OUTPUT_TENSOR = 5

EXPORTS = ("memory", "_manifest", "_call")

#: The imports, with how many parameters each has; all of them are i32, and so is the result.
IMPORTS = {
    "_debug": 2,
    "request_capability": 1,
    "request_capability_set_param": 6,
    "request_provider_response": 3,
    "request_output": 1,
    "consume_output": 3,
    "rune_model_load": 8,
    "rune_model_infer": 3,
    "rune_resource_open": 2,
    "rune_resource_read": 3,
    "rune_resource_close": 1,
}

C_TYPES = {
    ElementType.U8: "uint8_t",
    ElementType.I8: "int8_t",
    ElementType.U16: "uint16_t",
    ElementType.I16: "int16_t",
    ElementType.U32: "uint32_t",
    ElementType.I32: "int32_t",
    ElementType.U64: "uint64_t",
    ElementType.I64: "int64_t",
    ElementType.F32: "float",
    ElementType.F64: "double",
    ElementType.UTF8: "rune_string",
}


def type_constant(element: ElementType) -> str:
    """Return the C constant of an element type."""
    return f"RUNE_TYPE_{element.name}"
