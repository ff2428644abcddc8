"""The built-in blocks as a page of Markdown: ``python -m runeflash.blocks.pages > docs/blocks.md``."""

from __future__ import annotations

from collections.abc import Iterable

from runeflash.blocks import library
from runeflash.blocks.arguments import as_f32
from runeflash.blocks.manifest import Block, BlockArgument, BlockInput, BlockOutput
from runeflash.tensors import ElementType

_NUMERIC = tuple(element for element in ElementType if element.is_numeric)
_HEAD = """\
# The built-in proc blocks

Generated from `proc_blocks/*/block.yaml`. [proc-blocks.md](proc-blocks.md) says how to name them in a Runefile, and
what the types and shapes mean.
"""


def page() -> str:
    """Return the page: every block in the order of the alphabet, each with its forms."""
    parts = [_HEAD]
    for name in library.names():
        block = library.load(name)
        parts += [f"\n## {name}\n", *_form(block)]
        for form in block.forms:
            parts += [f"\n### {name}, form “{form.folder.name}”\n", *_form(form)]
    return "\n".join(parts)


def _form(block: Block) -> Iterable[str]:
    yield f"{block.summary}{' It keeps state from call to call.' if block.has_state else ''}\n"
    if block.description:
        yield f"{block.description}\n"
    yield "| | types | shape |\n|---|---|---|"
    for port in block.inputs:
        yield f"| input `{port.name}` | {_types(port)} | {port.shape}{', one or more' if port.is_variadic else ''} |"
    for output in block.outputs:
        yield f"| output `{output.name}` | {_types(output)} | {_output_shape(output)} |"
    if block.arguments:
        yield "\n| argument | type | default | |\n|---|---|---|---|"
        for argument in block.arguments:
            names = ", ".join(f"`{name}`" for name in (argument.name, *argument.aliases))
            kind = f"{argument.type.value}{_range(argument)}"
            yield f"| {names} | {kind} | {_default(argument)} | {argument.description} |"
    if block.memory is not None:
        uses = [f"{use} `{expression.text}`" for use, expression in block.memory.parts if expression.text != "0"]
        yield f"\nMemory besides tensors: {', '.join(uses) + ' bytes at most' if uses else 'none'}."
    if block.checks:
        yield ""
        yield from (f"- Refused unless `{check.condition.text}`." for check in block.checks)


def _types(port: BlockInput | BlockOutput) -> str:
    if port.same_type_as is not None:
        return f"as `{port.same_type_as}`"
    if port.elements == tuple(ElementType):
        return "any"
    return "numeric" if port.elements == _NUMERIC else ", ".join(element.value for element in port.elements)


def _output_shape(port: BlockOutput) -> str:
    if port.same_shape_as is not None:
        return f"as `{port.same_shape_as}`"
    shape = ", ".join(expression.text for expression in port.dimensions or ())
    limit = f", at most: dimension {port.dynamic} may be less" if port.dynamic is not None else ""
    return f"[{shape}]{limit}"


def _range(argument: BlockArgument) -> str:
    if argument.minimum is None:
        return f", at most {argument.maximum}" if argument.maximum is not None else ""
    if argument.maximum is None:
        return f", at least {argument.minimum}"
    return f", {argument.minimum} to {argument.maximum}"


def _default(argument: BlockArgument) -> str:
    if isinstance(argument.default, float):
        # the shortest text of the f32, not all the digits that it has as an f64
        texts = (f"{argument.default:.{digits}g}" for digits in range(1, 10))
        return next(f"`{text}`" for text in texts if as_f32(float(text)) == argument.default)
    return "required" if argument.is_required else f"`{argument.default}`"


if __name__ == "__main__":
    print(page(), end="")
