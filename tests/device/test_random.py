"""xoshiro128++: known values, and whole outputs only."""

from __future__ import annotations

from runeflash.device.random import Xoshiro128PlusPlus


def test_the_algorithm_on_a_known_state() -> None:
    # The first outputs from the state 1, 2, 3, 4, worked out by hand from the published algorithm:
    # result = rotl(s0 + s3, 7) + s0.
    generator = Xoshiro128PlusPlus(0)
    generator._state = [1, 2, 3, 4]
    assert generator.next() == ((5 << 7) + 1)
    # after one step: s2 ^= s0 -> 2, s3 ^= s1 -> 6, s1 ^= s2 -> 0, s0 ^= s3 -> 7, s2 ^= 2 << 9, s3 = rotl(6, 11)
    assert generator._state == [7, 0, 2 ^ (2 << 9), 6 << 11]


def test_a_length_that_is_no_multiple_of_four_drops_the_rest_of_a_word() -> None:
    a, b = Xoshiro128PlusPlus(1), Xoshiro128PlusPlus(1)
    assert a.bytes(5) == b.bytes(8)[:5]
    assert a.bytes(4) == b.bytes(4)


def test_seeds_differ() -> None:
    assert Xoshiro128PlusPlus(1).bytes(16) != Xoshiro128PlusPlus(2).bytes(16)
    assert Xoshiro128PlusPlus(2**64 - 1).bytes(16) == Xoshiro128PlusPlus(2**64 - 1).bytes(16)
