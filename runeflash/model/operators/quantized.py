"""Quantised arithmetic at compile time: multipliers, limits, and what the kernels know of each output channel.

Source: TensorFlow Lite's quantisation specification (int8; uint8 has the same arithmetic with zero points in the
weights too), and the rounding that TensorFlow Lite Micro was measured to have: twice, half up and then half away from
zero.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from runeflash.model.graph import Constant, Tensor
from runeflash.model.operators.context import OperatorContext
from runeflash.model.schema import Activation, DataType
from runeflash.tensors import ElementType

#: The least and greatest integer of each type that can stand for reals.
STORED_RANGES = {
    DataType.INT8: (-128, 127),
    DataType.UINT8: (0, 255),
    DataType.INT16: (-32768, 32767),
    DataType.INT32: (-(1 << 31), (1 << 31) - 1),
}
#: The sums for which the quick form of requantisation is exact, and the shifts for which its offset fits 32 bits.
_QUICK_SUM = 1 << 30
_QUICK_SHIFTS = range(1, 22)


@dataclass(frozen=True)
class Scaling:
    """real = scale * (stored - zero_point), for a whole tensor."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Multiplier:
    """A positive real number as ``fraction / 2^31 * 2^-shift``; a negative shift goes to the left.

    Attributes:
        fraction: 2^30 to 2^31 - 1, or 0.
        shift: -30 to 31.
    """

    fraction: int
    shift: int


@dataclass(frozen=True)
class LongMultiplier:
    """A positive real number, with all bits of a double, as ``(high * 2^31 + low) / 2^(31 + shift)``.

    Attributes:
        high, low: 31 bits each; the highest of ``high`` is set, or both are 0.
        shift: 1 to 62.
    """

    high: int
    low: int
    shift: int


@dataclass(frozen=True)
class Limits:
    """The least and greatest stored value of an output."""

    least: int
    greatest: int

    @property
    def c_value(self) -> str:
        """The initialiser of a ``rune_limits_i8``."""
        return f"{{{self.least}, {self.greatest}}}"


@dataclass(frozen=True)
class Channels:
    """The output channels of a layer: what ``rune_channel_i8`` holds.

    Attributes:
        biases: with the input's zero point in them where the kernel wants it so.
        multipliers: one per channel.
        zero_point: of the output.
        is_general: whether a channel needs the general form of requantisation.
    """

    biases: tuple[int, ...]
    multipliers: tuple[Multiplier, ...]
    zero_point: int
    is_general: bool

    @property
    def offsets(self) -> list[int]:
        """What is added before the shift, or the zero point in the general form."""
        if self.is_general:
            return [self.zero_point] * len(self.multipliers)
        return [(1 << (m.shift - 1)) + (self.zero_point << m.shift) for m in self.multipliers]

    def constant(self) -> Constant:
        """Return the array of ``rune_channel_i8``."""
        values: list[int] = []
        for bias, multiplier, offset in zip(self.biases, self.multipliers, self.offsets, strict=True):
            fraction = multiplier.fraction if self.is_general else 2 * multiplier.fraction - (1 << 32)
            values += (bias, fraction, multiplier.shift, offset)
        return Constant("channels", ElementType.I32, struct.pack(f"<{len(values)}i", *values))


def per_tensor(context: OperatorContext, tensor: Tensor, role: str) -> Scaling:
    """Return how a whole tensor of integers, of a type in ``STORED_RANGES``, is quantised.

    Raises:
        UserError: it is not quantised, per channel, or with numbers that make no sense.
    """
    found = tensor.quantization
    if found is None:
        raise context.unsupported(f"its {role}, {tensor}, has no scale")
    if len(found.scales) != 1 or len(found.zero_points) > 1:
        raise context.unsupported(f"its {role}, {tensor}, has {len(found.scales)} scales; supported is 1")
    zero_point = found.zero_points[0] if found.zero_points else 0
    _check_scale(context, tensor, role, found.scales[0])
    least, greatest = STORED_RANGES[tensor.type]
    if not least <= zero_point <= greatest:
        raise context.wrong(f"its {role}, {tensor}, has the zero point {zero_point}")
    return Scaling(found.scales[0], zero_point)


def symmetric_scales(
    context: OperatorContext, tensor: Tensor, role: str, channels: int, dimension: int
) -> tuple[float, ...]:
    """Return the scales of weights: one, or one per output channel, which is their given dimension.

    Raises:
        UserError: they are not quantised so, or a zero point is not 0.
    """
    found = tensor.quantization
    if found is None:
        raise context.unsupported(f"its {role}, {tensor}, have no scale")
    if len(found.scales) not in (1, channels):
        raise context.wrong(f"its {role}, {tensor}, have {len(found.scales)} scales for {channels} channels")
    if len(found.scales) > 1 and found.dimension != dimension:
        raise context.unsupported(f"its {role}, {tensor}, have scales along dimension {found.dimension}")
    if any(found.zero_points):
        raise context.unsupported(f"its {role}, {tensor}, have a zero point other than 0")
    for scale in found.scales:
        _check_scale(context, tensor, role, scale)
    return found.scales


def _check_scale(context: OperatorContext, tensor: Tensor, role: str, scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise context.wrong(f"its {role}, {tensor}, has the scale {scale}")


def to_float32(value: float) -> float:
    """Return a number rounded to float32; infinite where it is too large."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def round_away(value: float) -> int:
    """Return the nearest integer; halves away from zero."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)


def multiplier(context: OperatorContext, real: float) -> Multiplier:
    """Return a positive real number as the kernels have it.

    Raises:
        UserError: it is too large for 32 bits.
    """
    if not math.isfinite(real) or real >= 2.0**30:
        raise context.wrong(f"its scales give the factor {real}")
    fraction, exponent = math.frexp(real)
    # The product is exact: a fraction has 53 bits.
    fixed = round_away(fraction * (1 << 31))
    if fixed == 1 << 31:
        fixed, exponent = fixed >> 1, exponent + 1
    return Multiplier(0, 0) if exponent < -31 else Multiplier(fixed, -exponent)


def long_multiplier(context: OperatorContext, real: float) -> LongMultiplier:
    """Return a positive real number with all of its bits.

    Raises:
        UserError: it is too large for 32 bits.
    """
    if not math.isfinite(real) or real >= 2.0**30:
        raise context.wrong(f"its scales give the factor {real}")
    fraction, exponent = math.frexp(real)
    if exponent < -31:
        return LongMultiplier(0, 0, 1)  # less than a half of any sum
    fixed = int(fraction * (1 << 62))  # exact
    return LongMultiplier(fixed >> 31, fixed & ((1 << 31) - 1), 31 - exponent)


def limits(activation: Activation, scaling: Scaling, data_type: DataType = DataType.INT8) -> Limits:
    """Return the limits of an output of integers that ends with an activation."""

    def stored(real: float) -> int:
        ratio = to_float32(real / scaling.scale)
        return scaling.zero_point + (round_away(ratio) if math.isfinite(ratio) else 1 << 31)

    least, greatest = STORED_RANGES[data_type]
    if activation in (Activation.RELU, Activation.RELU6):
        least = max(least, stored(0.0))
    if activation is Activation.RELU_N1_TO_1:
        least = max(least, stored(-1.0))
        greatest = min(greatest, stored(1.0))
    if activation is Activation.RELU6:
        greatest = min(greatest, stored(6.0))
    return Limits(least, greatest)


def make_channels(
    multipliers: Sequence[Multiplier],
    biases: Sequence[int],
    rows: Sequence[memoryview],
    input_zero_point: int,
    output_zero_point: int,
    *,
    folded: bool,
    weight_offset: int = 0,
) -> Channels:
    """Return the output channels of a weighted sum.

    Args:
        multipliers: one per channel, or one for all.
        biases: one per channel.
        rows: the weights of each channel, int8.
        input_zero_point: of what they multiply.
        output_zero_point: of the result.
        folded: whether the kernel multiplies inputs as they are stored, so that sum((x - z) * w) + bias is computed as
            sum(x * w) + (bias - z * sum(w)); these are equal, in integers modulo 2^32 too.
        weight_offset: what the kernel adds to every weight of the rows.
    """
    if len(multipliers) == 1:
        multipliers = tuple(multipliers) * len(biases)
    sums = [sum(row) + len(row) * weight_offset for row in rows]
    folded_biases = [bias - input_zero_point * total for bias, total in zip(biases, sums, strict=True)]
    # Beyond any partial sum: 256 also bounds an input without its zero point.
    largest = max(
        max(abs(bias), abs(plain)) + 256 * (sum(map(abs, row)) + len(row) * abs(weight_offset))
        for bias, plain, row in zip(folded_biases, biases, rows, strict=True)
    )
    is_general = largest >= _QUICK_SUM or any(m.shift not in _QUICK_SHIFTS for m in multipliers)
    wrapped = tuple(map(wrap, folded_biases if folded else biases))
    return Channels(wrapped, tuple(multipliers), output_zero_point, is_general)


def wrap(value: int) -> int:
    """Return the int32 that equals a number modulo 2^32."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def pack_rows(rows: Sequence[memoryview], sizes: Sequence[int]) -> bytes:
    """Return rows of int8 weights with several interleaved in words of four.

    Args:
        rows: all of one length; filled up with zeros to whole words.
        sizes: how many rows to interleave, as often as that many are left; the last is 1.
    """
    words = (len(rows[0]) + 3) // 4
    packed = bytearray()
    first = 0
    for size in sizes:
        while len(rows) - first >= size:
            block = bytearray(4 * words * size)
            for i in range(size):
                row = bytes(rows[first + i]).ljust(4 * words, b"\0")
                for position in range(4):
                    block[4 * i + position :: 4 * size] = row[position::4]
            packed += block
            first += size
    return bytes(packed)


def stored_weights(context: OperatorContext, weights: Tensor) -> tuple[memoryview, int]:
    """Return weights of int8 or uint8 without their zero point: int8 and what has to be added to each of them.

    Raises:
        UserError: they are computed, or uint8 and not quantised as a whole tensor.
    """
    if weights.type is DataType.INT8:
        return context.constant(weights, "weights").cast("b"), 0
    zero_point = per_tensor(context, weights, "weights").zero_point
    data = bytes(context.constant(weights, "weights"))
    least, greatest = STORED_RANGES[DataType.INT8]
    fits = least <= min(data) - zero_point and max(data) - zero_point <= greatest
    offset = 0 if fits else 128 - zero_point
    moved = bytes((value - zero_point - offset) & 0xFF for value in range(256))
    return memoryview(data.translate(moved)).cast("b"), offset


def split_rows(data: memoryview, count: int) -> tuple[memoryview, ...]:
    """Return weights, given output by output, as those of each one."""
    depth = len(data) // count
    return tuple(data[i * depth : (i + 1) * depth] for i in range(count))


def biases(context: OperatorContext, bias: Tensor | None, channels: int) -> tuple[int, ...]:
    """Return the biases of a weighted sum of int8, 0 where there are none."""
    if bias is None:
        return (0,) * channels
    if bias.count != channels:
        raise context.wrong(f"its bias, {bias}, of shape {list(bias.shape)} has not {channels} elements")
    return context.int32_constant(bias, "bias")


def convolution_multipliers(
    context: OperatorContext, source: Scaling, weights: Tensor, channels: int, dimension: int, output: Scaling
) -> tuple[Multiplier, ...]:
    """Return the factors from a convolution's sums to its output: one, or one per channel."""
    if weights.type is DataType.UINT8:
        # Here the product of the scales is a float32.
        product = to_float32(source.scale * per_tensor(context, weights, "weights").scale)
        return (multiplier(context, product / output.scale),)
    scales = symmetric_scales(context, weights, "weights", channels, dimension)
    # In doubles and in this order, as TensorFlow Lite Micro has it.
    return tuple(multiplier(context, source.scale * scale / output.scale) for scale in scales)
