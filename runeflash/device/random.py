"""The random bytes of ``--random SEED``: the same on this computer and on virtual boards.

xoshiro128++ 1.0 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021), its
state filled by two outputs of splitmix64 from the seed; each 32-bit output gives four bytes,
least significant first.
"""

from __future__ import annotations

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF


class Xoshiro128PlusPlus:
    """The generator. ``bytes(n)`` takes whole outputs: what is left of the last one is thrown away."""

    def __init__(self, seed: int) -> None:
        """Start from an unsigned 64-bit seed."""
        words = []
        state = seed & _MASK64
        for _ in range(2):
            state = (state + 0x9E3779B97F4A7C15) & _MASK64
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK64
            z ^= z >> 31
            words += [z & _MASK32, z >> 32]
        self._state = words

    def next(self) -> int:
        """Return the next 32-bit output."""
        s = self._state
        result = (_rotate(s[0] + s[3] & _MASK32, 7) + s[0]) & _MASK32
        t = s[1] << 9 & _MASK32
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = _rotate(s[3], 11)
        return result

    def bytes(self, length: int) -> bytes:
        """Return the next ``length`` bytes."""
        words = -(-length // 4)
        return b"".join(self.next().to_bytes(4, "little") for _ in range(words))[:length]


def _rotate(value: int, count: int) -> int:
    return (value << count | value >> (32 - count)) & _MASK32
