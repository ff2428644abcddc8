"""RESHAPE: the same elements under another shape. A pass removes it wherever no copy is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.model.graph import Layer
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import OptionsType

_NEWEST_VERSION = 1


@dataclass(frozen=True)
class Reshape(Layer):
    """The same ``size`` bytes as another tensor; ``kind`` is the operator, since not only RESHAPE may do no more."""

    size: int
    kind: str = "RESHAPE"

    @property
    def operator(self) -> str:  # type: ignore[override]
        """The operator's name in the file."""
        return self.kind

    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the copy."""
        return [f"__builtin_memcpy(output, input, {self.size});"]


def read(context: OperatorContext) -> Layer:
    """Return the checked layer.

    The new shape is a constant second input or an option; one of its dimensions may be -1, for what is left.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    context.check_version(_NEWEST_VERSION)
    context.check_arity((1, 2), 1)
    source = context.input(0, "input")
    wanted = context.optional_input(1, "shape")
    output = context.output(0)
    if source.type is not output.type:
        raise context.wrong(f"its input is of type {source.type.name}, its output of type {output.type.name}")
    if source.type.size is None or source.type.element is None:
        raise context.unsupported(f"its input, {source}, is of type {source.type.name}")
    options = context.optional_options(OptionsType.RESHAPE)
    shape: tuple[int, ...] | None = None
    if wanted is not None:
        shape = context.int32_constant(wanted, "shape")
    elif options is not None:
        shape = options.integers(0, f"the new shape of {context}")
    if shape is None:
        raise context.wrong("its new shape is missing")
    context.check_shape(output, "output", _complete(context, shape, source.count))
    return Reshape(
        *context.layer_fields(source, output),
        size=source.size,
    )


def _complete(context: OperatorContext, shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return the shape with its -1 replaced, checked to have ``count`` elements."""
    known = 1
    for dimension in shape:
        known *= dimension if dimension != -1 else 1
    if known >= 1 and shape.count(-1) <= 1 and count % known == 0:
        complete = tuple(count // known if dimension == -1 else dimension for dimension in shape)
        if all(dimension >= 1 for dimension in complete) and (-1 in shape or known == count):
            return complete
    raise context.wrong(f"{count} elements cannot have the shape {list(shape)}")
