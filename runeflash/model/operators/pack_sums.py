"""The order of float weights in flash that ``kernels/sums_f32.h`` reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def blocks(outputs: int) -> Iterator[tuple[int, int]]:
    """Yield the first output and the size of each block: as many of 8 as fit, then 4, 2 and 1."""
    first = 0
    for size in (8, 4, 2, 1):
        while outputs - first >= size:
            yield first, size
            first += size


def pack_f32(data: memoryview, outputs: int, groups: int = 1) -> bytes:
    """Return weights, given output by output, in blocks of outputs with those of one input together.

    Args:
        data: little-endian float32, as many for each output, in the order of the sum.
        outputs: how many outputs there are.
        groups: no block spans two groups of outputs.
    """
    depth = len(data) // 4 // outputs
    values = struct.unpack(f"<{outputs * depth}I", data)  # as bits: a copy that changes no NaN
    packed: list[int] = []
    for group in range(0, outputs, outputs // groups):
        for first, size in blocks(outputs // groups):
            rows = [values[(group + first + i) * depth : (group + first + i + 1) * depth] for i in range(size)]
            for column in zip(*rows, strict=True):
                packed.extend(column)
    return struct.pack(f"<{len(packed)}I", *packed)
