"""The line decoder: any cut of the bytes gives the same records, and damage stays in its line."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runeflash.device.lines import MAX_LINE_BYTES, LineDecoder, Output, Status, Undecodable

LABEL = b'{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}'
NUMBERS = (
    b'[{"channel":2,"dimensions":[2],"elements":[1,2],"type_name":"u8"},'
    b'{"channel":2,"dimensions":[1],"elements":[null],"type_name":"f32"}]'
)
BOOT = b'{"runeflash":"boot","rune":"gesture","board":"nano33ble"}'
GOOD = [LABEL, NUMBERS, BOOT]


def records(data: bytes) -> list[object]:
    return list(LineDecoder().feed(data))


def test_an_output_an_array_of_outputs_and_a_status() -> None:
    found = records(b"\n".join([LABEL, NUMBERS, BOOT, b""]))
    assert found == [
        Output(json.loads(LABEL)),
        Output(json.loads(NUMBERS)),
        Status("boot", {"rune": "gesture", "board": "nano33ble"}),
    ]


def test_an_incomplete_line_is_kept_for_later() -> None:
    decoder = LineDecoder()
    assert decoder.feed(LABEL[:10]) == []
    assert decoder.feed(LABEL[10:] + b"\r\n") == [Output(json.loads(LABEL))]


def test_lines_that_look_like_outputs_but_are_not() -> None:
    for line in (
        b'{"channel":2,"dimensions":[2],"elements":["Ring"],"type_name":"utf8"}',
        b'{"channel":2,"dimensions":[1],"elements":[1],"type_name":"utf8"}',
        b'{"channel":2,"dimensions":[1],"elements":[1.5],"type_name":"u8"}',
        b'{"channel":2,"dimensions":[1],"elements":[true],"type_name":"u8"}',
        b'{"channel":2,"dimensions":[1],"elements":[1],"type_name":"u7"}',
        b'{"channel":2,"dimensions":[-1],"elements":[],"type_name":"u8"}',
        b'{"channel":"2","dimensions":[1],"elements":[1],"type_name":"u8"}',
        b'{"channel":2,"dimensions":[1],"elements":[NaN],"type_name":"f32"}',
        b'{"runeflash":1}',
        b"[]",
        b"Hello",
        b"\xff\xfe",
        b"[" * 100_000,
    ):
        assert isinstance(records(line + b"\n")[0], Undecodable), line


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    decoder = LineDecoder()
    for _ in range(5):
        decoder.feed(b"x" * MAX_LINE_BYTES)
    assert len(decoder._pending) <= MAX_LINE_BYTES
    found = decoder.feed(b"\n" + LABEL + b"\n")
    assert isinstance(found[0], Undecodable)
    assert found[1] == Output(json.loads(LABEL))
    assert decoder.undecodable == 1


@given(st.lists(st.sampled_from(GOOD), min_size=1, max_size=6), st.data())
def test_cuts_do_not_matter(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = LineDecoder()
    found = [
        record for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for record in decoder.feed(stream[a:b])
    ]
    assert found == records(stream)
    assert decoder.undecodable == 0


@given(
    st.integers(0, 2),
    st.integers(0, 10_000),
    st.sampled_from(["flip", "drop", "double", "insert"]),
    st.integers(0, 255),
)
def test_damage_stays_in_its_line(which: int, place: int, kind: str, byte: int) -> None:
    damaged = bytearray(GOOD[which])
    place %= len(damaged)
    if kind == "flip":
        damaged[place] ^= byte or 1
    elif kind == "drop":
        del damaged[place]
    elif kind == "double":
        damaged.insert(place, damaged[place])
    else:
        damaged.insert(place, byte)
    stream = LABEL + b"\n" + bytes(damaged) + b"\n" + BOOT + b"\n"
    found = records(stream)
    assert found[0] == Output(json.loads(LABEL))
    assert found[-1] == Status("boot", {"rune": "gesture", "board": "nano33ble"})
    assert sum(isinstance(record, Undecodable) for record in found) <= 2  # an inserted line end makes two of one


@given(st.binary(max_size=300))
def test_noise_never_fails(noise: bytes) -> None:
    decoder = LineDecoder()
    decoder.feed(noise)
    found = decoder.feed(b"\n" + LABEL + b"\n")
    assert found[-1] == Output(json.loads(LABEL))
