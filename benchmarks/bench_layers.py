"""Single int8 layers on a bare virtual Cortex-M4F: instructions per multiply-accumulate, by kind and shape.

The layers are generated, with noise for weights and input, so that they say what a kernel costs by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure
from runeflash.firmware.model_profile import profile_model
from runeflash.model.schema import Padding
from runeflash.toolchain import gcc

_PROJECT = Path(__file__).resolve().parent.parent


def _measure(toolchain: str) -> list[Figure]:
    # The generated models are the tests' own.
    sys.path.insert(0, str(_PROJECT / "tests" / "support"))
    from model_cases_i8 import CaseI8, Weighted, convolution, fully_connected

    def pointwise(size: int, inputs: int, outputs: int) -> CaseI8:
        return convolution("", (1, size, size, inputs), (1, 1), Weighted(1, outputs, 0))

    def square(size: int, inputs: int, outputs: int, stride: int = 1) -> CaseI8:
        return convolution("", (1, size, size, inputs), (3, 3), Weighted(2, outputs, 0), stride=(stride, stride))

    def depthwise(
        size: tuple[int, int], channels: int, stride: int, filter_size: tuple[int, int] = (3, 3), multiplier: int = 1
    ) -> CaseI8:
        return convolution(
            "",
            (1, *size, channels),
            filter_size,
            Weighted(3, multiplier * channels, 3),
            stride=(stride, stride),
            padding=Padding.SAME,
            depthwise=True,
        )

    #: Label, layer, and the most hundredths of instructions per multiply-accumulate with gcc, or None.
    layers: list[tuple[str, CaseI8, int | None]] = [
        ("1x1 convolution, 12x12, 8 to 16", pointwise(12, 8, 16), None),
        ("1x1 convolution, 12x12, 16 to 32", pointwise(12, 16, 32), None),
        ("1x1 convolution, 12x12, 32 to 64", pointwise(12, 32, 64), None),
        ("1x1 convolution, 6x6, 64 to 64", pointwise(6, 64, 64), 140),
        ("1x1 convolution, 6x6, 128 to 128", pointwise(6, 128, 128), 128),
        ("1x1 convolution, 3x3, 256 to 256", pointwise(3, 256, 256), None),
        ("3x3 convolution, 16x16, 16 to 16", square(16, 16, 16), 150),
        ("3x3 convolution, 8x8, 32 to 32", square(8, 32, 32), 150),
        ("3x3 convolution, 8x8, 64 to 64", square(8, 64, 64), 150),
        ("3x3 convolution, 16x16, 16 to 32, stride 2", square(16, 16, 32, 2), 150),
        ("3x3 convolution, 32x32, 3 to 16", square(32, 3, 16), None),
        ("3x3 depthwise, 24x24, 16, stride 1", depthwise((24, 24), 16, 1), 290),
        ("3x3 depthwise, 12x12, 64, stride 1", depthwise((12, 12), 64, 1), 290),
        ("3x3 depthwise, 6x6, 128, stride 1", depthwise((6, 6), 128, 1), 290),
        ("3x3 depthwise, 24x24, 16, stride 2", depthwise((24, 24), 16, 2), 400),
        ("3x3 depthwise, 12x12, 64, stride 2", depthwise((12, 12), 64, 2), 400),
        ("5x5 depthwise, 12x12, 64, stride 1", depthwise((12, 12), 64, 1, (5, 5)), 230),
        ("5x5 depthwise, 6x6, 96, stride 1", depthwise((6, 6), 96, 1, (5, 5)), 280),
        ("5x5 depthwise, 24x24, 16, stride 2", depthwise((24, 24), 16, 2, (5, 5)), 300),
        ("5x5 depthwise, 12x12, 16 to 32, stride 1", depthwise((12, 12), 16, 1, (5, 5), 2), 230),
        ("1x3 depthwise, 24x24, 16, stride 1", depthwise((24, 24), 16, 1, (1, 3)), None),
        ("1x3 depthwise, 12x12, 16 to 32, stride 1", depthwise((12, 12), 16, 1, (1, 3), 2), 500),
        ("3x1 depthwise, 12x12, 16 to 32, stride 1", depthwise((12, 12), 16, 1, (3, 1), 2), 500),
        ("8x10 depthwise, 24x20, 4 to 8, stride 1", depthwise((24, 20), 4, 1, (8, 10), 2), 200),
        ("10x8 depthwise, 49x40, 1 to 8, stride 2", depthwise((49, 40), 1, 2, (10, 8), 8), 180),
        ("10x4 depthwise, 25x5, 64, stride 1", depthwise((25, 5), 64, 1, (10, 4)), 240),
        ("fully connected, 64 to 12", fully_connected("", 1, 64, Weighted(4, 12, 0)), None),
        ("fully connected, 256 to 256", fully_connected("", 1, 256, Weighted(4, 256, 0)), 150),
        ("fully connected, 640 to 128", fully_connected("", 1, 640, Weighted(4, 128, 0)), 150),
    ]
    figures = []
    for label, case, limit in layers:
        found = profile_model(case.data, name="layer", toolchain=toolchain, cpu="cortex-m4", fpu="fpv4-sp-d16")
        figures.append(
            Figure(
                f"{label}, {toolchain}: per 100 multiply-accumulates",
                round(100 * found.instructions / found.given_macs),
                "instructions",
                limit if toolchain == "gcc" else None,
            )
        )
    return figures


def with_zig() -> list[Figure]:
    """Built by zig."""
    return _measure("zig")


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    return _measure("gcc") if gcc.version() is not None else []


FIGURES = (with_zig, with_gcc)
