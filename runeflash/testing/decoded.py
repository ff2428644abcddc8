"""An output as a test looks at it: the numbers that ``runeflash run`` would print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from runeflash.device.canonical import canonical_line
from runeflash.device.lines import Output


@dataclass(frozen=True)
class Tensor:
    """A tensor of an output.

    Attributes:
        channel: which output of the rune it belongs to.
        dimensions: its shape.
        elements: its elements in row-major order; None for NaN and infinity; f32 as the f64 of the same value.
        type_name: the type of an element (``f32``, ``utf8``).
    """

    channel: int
    dimensions: list[int]
    elements: list[Any]
    type_name: str


@dataclass(frozen=True)
class DecodedOutput:
    """One output of a rune.

    Attributes:
        line: the canonical line of JSON, as ``runeflash run`` prints it.
        tensors: one for each input of the output stage.
    """

    line: str
    tensors: tuple[Tensor, ...]

    @property
    def elements(self) -> list[Any]:
        """The elements of the only tensor."""
        return self._only.elements

    @property
    def dimensions(self) -> list[int]:
        """The dimensions of the only tensor."""
        return self._only.dimensions

    @property
    def channel(self) -> int:
        """Which output of the rune it is."""
        return self._only.channel

    @property
    def type_name(self) -> str:
        """The type of the elements of the only tensor."""
        return self._only.type_name

    @property
    def _only(self) -> Tensor:
        if len(self.tensors) != 1:
            raise ValueError(f"the output has {len(self.tensors)} tensors: look at .tensors")
        return self.tensors[0]


def decode_output(output: Output) -> DecodedOutput:
    """Return an output for a test."""
    line = canonical_line(output)
    value = json.loads(line)
    return DecodedOutput(line, tuple(Tensor(**tensor) for tensor in (value if isinstance(value, list) else [value])))
