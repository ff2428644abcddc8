"""How far the output of an image operator must lie before its input so that it overwrites only what has been read."""

from __future__ import annotations

from runeflash.model.operators.window import Window

#: Pixels of one output: beyond this the answer would take long, and no microcontroller has the memory.
_MAX_PIXELS = 1 << 16


def window_lead(rows: Window, columns: Window, input_channels: int, output_channels: int) -> int | None:
    """Return the least distance in elements, or None where it is not worth finding out.

    It holds for kernels that make the output's pixels in order, in groups, and read all that a group needs before
    they write its first element; one image only. When the first ``n`` pixels are written, the pixels from ``n`` on
    still need the input from the first tap of pixel ``n`` on, or of the next row's first pixel, whichever is earlier.
    """
    if rows.count * columns.count > _MAX_PIXELS:
        return None
    end = rows.size * columns.size * input_channels
    distance = 0
    for y in range(rows.count):
        top = max(y * rows.stride - rows.before, 0) * columns.size
        below = max((y + 1) * rows.stride - rows.before, 0) * columns.size if y + 1 < rows.count else end
        for x in range(columns.count):
            needed = min(top + max(x * columns.stride - columns.before, 0), below) * input_channels
            distance = max(distance, (y * columns.count + x) * output_channels - min(needed, end))
    # After the last pixel nothing is needed.
    return distance
