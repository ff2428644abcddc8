"""A proc block's manifest in words, for ``runeflash blocks`` and whatever else lists blocks."""

from __future__ import annotations

from typing import Any

from runeflash.blocks.manifest import Block, BlockArgument, BlockInput, BlockOutput
from runeflash.tensors import ElementType

_NUMERIC = frozenset(element for element in ElementType if element.is_numeric)
_GROUPS = {
    frozenset(ElementType): "any type",
    _NUMERIC: "any number",
    frozenset(element for element in _NUMERIC if not element.is_float): "any integer",
    frozenset(element for element in _NUMERIC if element.is_float): "f32 or f64",
}


def block_as_data(block: Block) -> dict[str, Any]:
    """Return a manifest as JSON-able data."""
    return {
        "name": block.name,
        "summary": block.summary,
        "description": block.description,
        "state": block.has_state,
        "memory": {use: expression.text for use, expression in block.memory.parts} if block.memory else None,
        "inputs": [
            {
                "name": port.name,
                "types": [element.value for element in port.elements],
                "same_type_as": port.same_type_as,
                "shape": str(port.shape),
                "variadic": port.is_variadic,
                "dynamic": port.takes_dynamic,
                "description": port.description,
            }
            for port in block.inputs
        ],
        "outputs": [
            {
                "name": port.name,
                "types": [element.value for element in port.elements],
                "same_type_as": port.same_type_as,
                "shape": _output_shape(port),
                "variadic": port.is_variadic,
                "dynamic": port.dynamic,
                "description": port.description,
            }
            for port in block.outputs
        ],
        "arguments": [
            {
                "name": argument.name,
                "type": argument.type.value,
                "required": argument.is_required,
                "default": list(argument.default) if isinstance(argument.default, tuple) else argument.default,
                "minimum": argument.minimum,
                "maximum": argument.maximum,
                "aliases": list(argument.aliases),
                "description": argument.description,
            }
            for argument in block.arguments
        ],
    }


def describe_block(block: Block) -> list[str]:
    """Return a manifest as lines of text."""
    lines = [f"{block.name}: {block.summary}"]
    if block.description:
        lines.append(f"  {' '.join(block.description.split())}")
    lines.append("  inputs:")
    lines.extend(f"    {_input(port)}" for port in block.inputs)
    lines.append("  outputs:")
    lines.extend(f"    {_output(port)}" for port in block.outputs)
    lines.append("  arguments:" if block.arguments else "  arguments: none")
    lines.extend(f"    {_argument(argument)}" for argument in block.arguments)
    lines.append(f"  state: {'kept from one call to the next' if block.has_state else 'none'}")
    lines.append(f"  memory besides tensors: {_memory(block)}")
    return lines


def _memory(block: Block) -> str:
    if block.memory is None:
        return "not declared"
    parts = [f"{use} {expression.text}" for use, expression in block.memory.parts if expression.text != "0"]
    return f"at most {'; '.join(parts)} (bytes)" if parts else "none"


def _input(port: BlockInput) -> str:
    parts = [_types(port.elements, port.same_type_as), f"shape {port.shape}"]
    if port.is_variadic:
        parts.append("one or more")
    if port.takes_dynamic:
        parts.append("may have fewer elements at run time")
    return _line(port.name, parts, port.description)


def _output(port: BlockOutput) -> str:
    parts = [_types(port.elements, port.same_type_as), f"shape {_output_shape(port)}"]
    if port.is_variadic:
        parts.append("one for each such input")
    if port.dynamic is not None:
        parts.append(f"dimension {port.dynamic} may be smaller at run time")
    return _line(port.name, parts, port.description)


def _argument(argument: BlockArgument) -> str:
    parts = [argument.type.value]
    if argument.default is None:
        parts.append("required")
    else:
        default = "/".join(argument.default) if isinstance(argument.default, tuple) else argument.default
        parts.append(f"default {default}")
    if argument.minimum is not None:
        parts.append(f"at least {argument.minimum}")
    if argument.maximum is not None:
        parts.append(f"at most {argument.maximum}")
    if argument.aliases:
        parts.append(f"also called {', '.join(argument.aliases)}")
    return _line(argument.name, parts, argument.description)


def _line(name: str, parts: list[str], description: str) -> str:
    return f"{name}: {', '.join(parts)}" + (f". {' '.join(description.split())}" if description else "")


def _types(elements: tuple[ElementType, ...], same_as: str | None) -> str:
    if same_as is not None:
        return f"type of {same_as}"
    group = _GROUPS.get(frozenset(elements))
    return group if group is not None else " or ".join(element.value for element in elements)


def _output_shape(port: BlockOutput) -> str:
    if port.dimensions is None:
        return f"of {port.same_shape_as}"
    return f"[{', '.join(dimension.text for dimension in port.dimensions)}]"
