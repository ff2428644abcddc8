"""The line decoder: any cut of the bytes gives the same records, and damage stays in its line."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runeflash.device.lines import MAX_LINE_BYTES, LineDecoder, Output, Status, Undecodable, decode_line

LABEL = b'{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}'
NUMBERS = (
    b'[{"channel":2,"dimensions":[2],"elements":[1,2],"type_name":"u8"},'
    b'{"channel":2,"dimensions":[1],"elements":[null],"type_name":"f32"}]'
)
BOOT = b'{"runeflash":"boot","rune":"gesture","board":"nano33ble"}'
WAITING = b'{"runeflash":"log","level":"info","message":"waiting for ACCEL from the host"}'
ESCAPED = rb'{"channel":2,"dimensions":[1],"elements":["{\"runeflash\":\"boot\"}\u00e9"],"type_name":"utf8"}'
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
        b'{"channel":2,"dimensions":[1],"elements":[256],"type_name":"u8"}',
        b'{"channel":2,"dimensions":[1],"elements":[-129],"type_name":"i8"}',
        b'{"channel":2,"dimensions":[1],"elements":["\\ud800"],"type_name":"utf8"}',
        b'{"channel":2,"dimensions":[1],"elements":[1' + b"0" * 400 + b'],"type_name":"f32"}',
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


STREAM = [LABEL, BOOT, NUMBERS, WAITING, LABEL, ESCAPED]


@given(
    st.lists(st.sampled_from(STREAM), min_size=1, max_size=7),
    st.data(),
    st.sampled_from(["cut", "double", "flip", "insert"]),
)
def test_damage_of_a_byte_stays_in_the_line_it_touches(lines: list[bytes], data: st.DataObject, kind: str) -> None:
    """Also where the byte is a line's end: two lines become one, or one becomes two, and no third is touched."""
    stream = b"".join(line + b"\n" for line in lines)
    place = data.draw(st.integers(0, len(stream) - 2))  # without the end of the last line, that is not yet at its end
    byte = data.draw(st.sampled_from([0x0A, 0x0D, 0x22, 0x5C, 0x7B, 0x00]) | st.integers(0, 255))
    damaged = bytearray(stream)
    if kind == "cut":
        del damaged[place]
    elif kind == "double":
        damaged.insert(place, damaged[place])
    elif kind == "flip":
        damaged[place] ^= byte or 1
    else:
        damaged.insert(place, byte)
    decoder = LineDecoder()
    found = decoder.feed(bytes(damaged))

    # The touched line, and the one that it is joined to where its end is what was touched.
    first = stream[:place].count(b"\n")
    last = first + 1 if stream[place : place + 1] == b"\n" else first
    whole = [decode_line(line) for line in lines]
    before, touched, after = whole[:first], whole[first : last + 1], whole[last + 1 :]
    assert found[: len(before)] == before
    assert found[len(found) - len(after) :] == after
    middle = found[len(before) : len(found) - len(after)]
    undecodable = [record for record in middle if isinstance(record, Undecodable)]
    assert decoder.undecodable == len(undecodable) <= 2  # an inserted line end makes two of one
    # Nothing is lost without a word: what was touched is still there, reads as something else, or is counted.
    missing = sum(record not in middle for record in touched)
    assert missing == 0 or undecodable or len([record for record in middle if record not in touched]) >= missing


@given(st.lists(st.sampled_from(STREAM), min_size=1, max_size=6), st.data(), st.binary(max_size=40))
def test_damage_of_any_length_leaves_the_lines_beside_it(lines: list[bytes], data: st.DataObject, noise: bytes) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    begin = data.draw(st.integers(0, len(stream)))
    end = data.draw(st.integers(begin, min(begin + 200, len(stream))))
    decoder = LineDecoder()
    found = decoder.feed(stream[:begin] + noise + stream[end:])
    whole = [decode_line(line) for line in lines]
    before = whole[: stream[:begin].count(b"\n")]
    rest = stream[end:].partition(b"\n")[2].count(b"\n")  # lines whose beginning was not touched either
    assert found[: len(before)] == before
    assert found[len(found) - rest :] == whole[len(whole) - rest :]
    assert decoder.undecodable == sum(isinstance(record, Undecodable) for record in found)


@given(st.sampled_from(STREAM), st.data())
def test_a_board_that_is_reset_in_the_middle_of_a_line(line: bytes, data: st.DataObject) -> None:
    """The boot line that follows half a line at once is decoded; what stands before it is counted."""
    begun = line[: data.draw(st.integers(1, len(line) - 1))]
    decoder = LineDecoder()
    found = decoder.feed(begun + BOOT + b"\n" + LABEL + b"\n")
    assert isinstance(found[0], Undecodable)
    assert found[1:] == [decode_line(BOOT), decode_line(LABEL)]
    assert decoder.undecodable == 1


def test_what_stands_of_a_line_when_the_port_vanishes() -> None:
    decoder = LineDecoder()
    assert decoder.flush() is None
    decoder.feed(LABEL[:20])
    assert decoder.flush() == Undecodable(LABEL[:20].decode())
    assert decoder.undecodable == 1
    assert decoder.feed(LABEL + b"\n") == [decode_line(LABEL)]


@given(st.binary(max_size=300))
def test_noise_never_fails(noise: bytes) -> None:
    decoder = LineDecoder()
    decoder.feed(noise)
    found = decoder.feed(b"\n" + LABEL + b"\n")
    assert found[-1] == Output(json.loads(LABEL))
