"""Broadcasting: two shapes, aligned at their last dimensions, of which one may have 1 where the other has more."""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.model.graph import Tensor
from runeflash.model.operators.context import OperatorContext

#: RUNE_BINARY_LOOPS of ``targets/common/kernels/binary.h``.
MAX_LOOPS = 6


@dataclass(frozen=True)
class Broadcast:
    """Two operands and what they make.

    Attributes:
        shape: of the result.
        loops: size and distances in elements in both operands (0 where it is repeated), outermost first; dimensions
            that lie side by side in both are one.
        whole: for each operand, whether it is as large as the result.
    """

    shape: tuple[int, ...]
    loops: tuple[tuple[int, int, int], ...]
    whole: tuple[bool, bool]

    @property
    def c_value(self) -> str:
        """The initialiser of an array of ``rune_binary_loop``; what is not listed is 0 in C."""
        return f"{{{', '.join(f'{{{size}, {first}, {second}}}' for size, first, second in self.loops or [(1, 0, 0)])}}}"


def broadcast(context: OperatorContext, first: Tensor, second: Tensor) -> Broadcast:
    """Return how two operands go together.

    Raises:
        UserError: they do not, or need more loops than a kernel has.
    """
    rank = max(len(first.shape), len(second.shape))
    padded = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in (first, second)]
    shape = []
    loops: list[tuple[int, int, int]] = []
    for size, strides in zip(zip(*padded, strict=True), zip(*map(_strides, padded), strict=True), strict=True):
        if size[0] != size[1] and 1 not in size:
            raise context.wrong(f"the shapes {list(first.shape)} and {list(second.shape)} do not fit")
        count = max(size)
        shape.append(count)
        if count == 1:
            continue
        if loops and loops[-1][1:] == (strides[0] * count, strides[1] * count):
            loops[-1] = (loops[-1][0] * count, *strides)
        else:
            loops.append((count, *strides))
    if len(loops) > MAX_LOOPS:
        raise context.unsupported(f"it repeats elements along more than {MAX_LOOPS} dimensions")
    result = tuple(shape)
    return Broadcast(result, tuple(loops), (padded[0] == result, padded[1] == result))


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides = []
    stride = 1
    for size in reversed(shape):
        strides.append(stride if size > 1 else 0)
        stride *= size
    return tuple(reversed(strides))
