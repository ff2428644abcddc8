"""The capabilities: which arguments each takes, and what its output is by them.

The table :data:`CAPABILITIES` is what other parts (schema, documentation) read.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from runeflash.pipeline.graph import CapabilityKind
from runeflash.records import record
from runeflash.tensors import ElementType, TensorType

Parameters = Mapping[str, int | float]

DEFAULT_SAMPLE_RATE = 16_000


class ParameterType(enum.Enum):
    """What a parameter's value is."""

    INTEGER = "a whole number"
    NUMBER = "a number"
    PIXEL_FORMAT = "a pixel format"


class PixelFormat(enum.Enum):
    """Pixel formats by the name of the reference; the value is the one of the binary interface."""

    RGB = 0
    BGR = 1
    GrayScale = 2

    @property
    def channels(self) -> int:
        """Bytes of a pixel."""
        return 1 if self is PixelFormat.GrayScale else 3


@record
class Parameter:
    """An argument of a capability.

    Attributes:
        name: in snake_case; what the binary interface calls it.
        type: what its value is.
        minimum: the least value.
        maximum: the greatest value.
        description: one sentence, with the unit.
        aliases: other names for it, each with what its value is to be multiplied by.
    """

    name: str
    type: ParameterType
    minimum: int
    maximum: int
    description: str
    aliases: tuple[tuple[str, int], ...] = ()


@record
class Capability:
    """A kind of capability.

    Attributes:
        kind: which.
        element: the element type of its output, or None for any that is a number.
        parameters: its arguments; ``source`` is everybody's.
        summary: one sentence.
    """

    kind: CapabilityKind
    element: ElementType | None
    parameters: tuple[Parameter, ...]
    summary: str

    def parameter(self, name: str) -> tuple[Parameter, int] | None:
        """Return the parameter of a name or alias and what its value is to be multiplied by."""
        for parameter in self.parameters:
            for known, factor in ((parameter.name, 1), *parameter.aliases):
                if known == name:
                    return parameter, factor
        return None


_I32_MAXIMUM = (1 << 31) - 1
_SOURCE = Parameter("source", ParameterType.INTEGER, 0, _I32_MAXIMUM, "which of several sources of this kind")

CAPABILITIES: Mapping[str, Capability] = {
    capability.kind.name: capability
    for capability in (
        Capability(CapabilityKind.RAND, None, (_SOURCE,), "Random bytes."),
        Capability(
            CapabilityKind.SOUND,
            ElementType.I16,
            (
                Parameter(
                    "hz",
                    ParameterType.INTEGER,
                    1,
                    10_000_000,
                    "samples per second; 16,000 if omitted",
                    (("frequency", 1),),
                ),
                Parameter(
                    "sample_duration_ms",
                    ParameterType.NUMBER,
                    0,
                    86_400_000,
                    "length of the recording in milliseconds (`sample_duration`: in seconds)",
                    (("sample_duration", 1000),),
                ),
                Parameter(
                    "hop_ms",
                    ParameterType.INTEGER,
                    1,
                    86_400_000,
                    "milliseconds from the start of a window to that of the next; shorter than a window, they overlap",
                ),
                _SOURCE,
            ),
            "16-bit samples of sound, one channel.",
        ),
        Capability(
            CapabilityKind.ACCEL,
            ElementType.F32,
            (
                Parameter(
                    "n",
                    ParameterType.INTEGER,
                    1,
                    _I32_MAXIMUM,
                    "number of samples, each of x, y and z",
                    (("samples", 1),),
                ),
                Parameter("hz", ParameterType.INTEGER, 1, 100_000, "samples per second; the board's own if omitted"),
                _SOURCE,
            ),
            "Acceleration in m/s²: x, y and z of each sample.",
        ),
        Capability(
            CapabilityKind.IMAGE,
            ElementType.U8,
            (
                Parameter("width", ParameterType.INTEGER, 1, 65_535, "width in pixels"),
                Parameter("height", ParameterType.INTEGER, 1, 65_535, "height in pixels"),
                Parameter(
                    "pixel_format",
                    ParameterType.PIXEL_FORMAT,
                    0,
                    2,
                    "@PixelFormat::RGB, @PixelFormat::BGR or @PixelFormat::GrayScale",
                ),
                _SOURCE,
            ),
            "An image, row by row, each pixel's channels together.",
        ),
        Capability(
            CapabilityKind.RAW,
            None,
            (
                Parameter("length", ParameterType.INTEGER, 0, _I32_MAXIMUM, "number of bytes; follows from the type"),
                _SOURCE,
            ),
            "Bytes from wherever the user has them.",
        ),
    )
}

RESERVED = ("FLOAT_IMAGE",)


def infer_output(kind: CapabilityKind, parameters: Parameters) -> TensorType | None:
    """Return the output that the arguments of a capability imply, or None where they do not say enough."""
    if kind is CapabilityKind.SOUND and "sample_duration_ms" in parameters:
        count = parameters.get("hz", DEFAULT_SAMPLE_RATE) * parameters["sample_duration_ms"] / 1000
        return TensorType(ElementType.I16, (round(count),)) if count >= 1 else None
    if kind is CapabilityKind.ACCEL and "n" in parameters:
        return TensorType(ElementType.F32, (int(parameters["n"]), 3))
    if kind is CapabilityKind.IMAGE and {"width", "height"} <= parameters.keys():
        pixel_format = PixelFormat(parameters.get("pixel_format", PixelFormat.RGB.value))
        dimensions = (int(parameters["height"]), int(parameters["width"]), pixel_format.channels)
        return TensorType(ElementType.U8, dimensions)
    return None


def image_dimensions(dimensions: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return height, width and channels of an image tensor, or None where its shape does not say.

    ``[h, w]``, ``[h, w, c]`` and either with a 1 before; ``[1, h, w]`` is told from ``[h, w, c]`` by c being 1 or 3.
    """
    if len(dimensions) == 4 and dimensions[0] == 1:
        dimensions = dimensions[1:]
    if len(dimensions) == 3 and dimensions[2] not in {1, 3} and dimensions[0] == 1:
        dimensions = (*dimensions[1:], 1)
    if len(dimensions) == 2:
        dimensions = (*dimensions, 1)
    if len(dimensions) != 3 or dimensions[2] not in {1, 3}:
        return None
    return dimensions[0], dimensions[1], dimensions[2]
