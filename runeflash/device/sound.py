"""Sound of any rate and number of channels to 16-bit mono of the wanted rate, the same on every computer.

Resampling is polyphase: every output sample is a sum of input samples, weighted with a sinc that is windowed
(Blackman) to 24 zero crossings on either side. Up to 80 % of the lower of the two Nyquist frequencies sound passes
unchanged; from 110 % on it is damped by more than 65 dB. Weights are integers, and each phase's add up to exactly 1, so
that constant sound stays as it is. All sums are of integers.
"""

from __future__ import annotations

import array
import math
import operator
import struct
import sys

_CROSSINGS = 24
_PASS = 0.96  # the middle of the transition band, as a part of the lower Nyquist frequency
_BITS = 22
_PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")


def plain_wav(data: bytes) -> bytes:
    """Return a WAV file of the extensible format as one of the plain format, where its samples are PCM.

    Recorders write the extensible one (tag 0xFFFE) for more than 16 bits or two channels; its first bytes are those of
    the plain one, and a GUID further on has the real tag. Source: Microsoft, WAVEFORMATEXTENSIBLE. Older versions of
    Python's ``wave`` do not read it.
    """
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if name == b"fmt ":
            if size >= 40 and data[body : body + 2] == b"\xfe\xff" and data[body + 24 : body + 40] == _PCM_GUID:
                return data[:body] + b"\x01\0" + data[body + 2 :]
            break
        position = body + size + size % 2
    return data


def mono_samples(data: bytes, channels: int, width: int) -> array.array[int]:
    """Return PCM frames as 16-bit samples, the channels' average (rounded to the nearest).

    Args:
        data: interleaved little-endian samples, unsigned if they have one byte.
        channels: how many samples make a frame.
        width: bytes of a sample, 1 to 4. Of wider samples the upper 16 bits count.
    """
    usable = len(data) // (channels * width) * channels * width
    samples = array.array("h")
    if width == 1:
        samples.extend((byte - 128) * 256 for byte in data[:usable])
    else:
        upper = bytearray(usable // width * 2)
        upper[0::2] = data[width - 2 : usable : width]
        upper[1::2] = data[width - 1 : usable : width]
        samples.frombytes(bytes(upper))
        if sys.byteorder == "big":
            samples.byteswap()
    if channels == 1:
        return samples
    sums = map(sum, zip(*(samples[channel::channels] for channel in range(channels)), strict=True))
    return array.array("h", ((2 * total + channels) // (2 * channels) for total in sums))


class ResampledSound:
    """Samples at another rate, calculated where they are asked for.

    Attributes:
        samples: 16-bit mono.
        rate: their rate in hertz.
        wanted: the rate of the result.
    """

    def __init__(self, samples: array.array[int], rate: int, wanted: int) -> None:
        self.samples = samples
        self.rate = rate
        self.wanted = wanted
        common = math.gcd(rate, wanted)
        self._up, self._down = wanted // common, rate // common
        self._phases: dict[int, list[int]] = {}
        self._cutoff = _PASS * min(1.0, wanted / rate)
        self._reach = math.ceil(_CROSSINGS / self._cutoff)

    def __len__(self) -> int:
        """Return the bytes of the whole result."""
        return 2 * -(-len(self.samples) * self._up // self._down)

    def window(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from byte ``start`` on, fewer at the end; both are rounded to whole samples."""
        first, last = start // 2, min((start + length + 1) // 2, len(self) // 2)
        if self.rate == self.wanted:
            result = self.samples[first:last]
        else:
            result = array.array("h", map(self._sample, range(first, last)))
        if sys.byteorder == "big":
            result = result[:]
            result.byteswap()
        return result.tobytes()[:length]

    def _sample(self, number: int) -> int:
        """Return sample ``number`` of the result; sound is silent before its beginning and after its end."""
        position, phase = divmod(number * self._down, self._up)
        weights = self._phases.get(phase)
        if weights is None:
            weights = self._phases[phase] = self._weights(phase / self._up)
        first = position - self._reach + 1
        last = position + self._reach + 1
        if first < 0:
            weights = weights[-first:]
        total: int = sum(map(operator.mul, weights, self.samples[max(first, 0) : last]))
        return max(-32768, min(32767, (total + (1 << (_BITS - 1))) >> _BITS))

    def _weights(self, fraction: float) -> list[int]:
        """Return the weights of the input samples from ``reach - 1`` before to ``reach`` after a position."""
        weights = []
        for tap in range(1 - self._reach, self._reach + 1):
            distance = (tap - fraction) * self._cutoff
            angle = math.pi * distance
            sinc = math.sin(angle) / angle if angle else 1.0
            place = math.pi * min(abs(distance) / _CROSSINGS, 1.0)
            weights.append(sinc * (0.42 + 0.5 * math.cos(place) + 0.08 * math.cos(2 * place)))
        scale = (1 << _BITS) / sum(weights)
        rounded = [round(weight * scale) for weight in weights]
        rounded[self._reach - 1] += (1 << _BITS) - sum(rounded)
        return rounded
