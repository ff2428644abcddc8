"""The windows of image operators: how far they reach, and how many fit, along one axis.

Source: TensorFlow, "Neural network" API guide, section on padding. The odd element of SAME goes to
the end (the bottom, the right).
"""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.model.graph import Tensor
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import Padding

#: Beyond any image; the kernels compute positions in 32 bits.
_MAX_EXTENT = 1 << 24


@dataclass(frozen=True)
class Window:
    """A window along one axis of an image; all in elements of that axis.

    Attributes:
        size: the image's extent.
        taps: elements that the window takes.
        stride: from one window to the next.
        dilation: from one tap to the next.
        padding: how the border is treated.
        added: elements before and after the image that count as part of it, and as zero.
    """

    size: int
    taps: int
    stride: int
    dilation: int
    padding: Padding
    added: tuple[int, int] = (0, 0)

    @property
    def extent(self) -> int:
        """What a window spans, from its first to its last tap."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def count(self) -> int:
        """How many windows there are; less than 1 when not even one fits."""
        size = self.size + sum(self.added)
        if self.padding is Padding.SAME:
            return -(-size // self.stride)
        return (size - self.extent + self.stride) // self.stride

    @property
    def before(self) -> int:
        """How far the first window reaches beyond the image's beginning."""
        size = self.size + sum(self.added)
        return self.added[0] + max(0, (self.count - 1) * self.stride + self.extent - size) // 2

    @property
    def after(self) -> int:
        """How far the last window reaches beyond the image's end."""
        return max(0, (self.count - 1) * self.stride + self.extent - self.before - self.size)

    @property
    def is_clipped(self) -> bool:
        """Whether any window reaches beyond the image."""
        return self.before > 0 or self.after > 0


def check_windows(context: OperatorContext, image: Tensor, *windows: Window) -> None:
    """Refuse windows of which not one fits into the image, or of absurd size."""
    for window in windows:
        if window.count < 1:
            raise context.wrong(f"its filter is larger than its input, {image}, of shape {list(image.shape)}")
        if max(window.extent, window.stride) > _MAX_EXTENT:
            raise context.wrong(f"its filter spans {window.extent} pixels with a stride of {window.stride}")


def window_fields(rows: Window, columns: Window) -> dict[str, int | str]:
    """Return the fields of a kernel's shape that say where windows lie."""
    return {
        "filter_height": rows.taps,
        "filter_width": columns.taps,
        "stride_height": rows.stride,
        "stride_width": columns.stride,
        "dilation_height": rows.dilation,
        "dilation_width": columns.dilation,
        "padding_top": rows.before,
        "padding_left": columns.before,
    }
