"""The host's side of a request, against a device that loses and damages what it gets."""

from __future__ import annotations

import random
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.device.frames import DATA, FRAME, NO_DATA, PAYLOAD, data_frame, encode_frame, frame_count
from runeflash.device.lines import Status
from runeflash.device.stream import RESEND_AFTER, StreamFeeder


def need(**changes: Any) -> Status:
    fields = {"request": 1, "kind": "RAW", "source": 0, "bytes": 1000, "next": 0, "window": 2, "parameters": {}}
    return Status("need", {**fields, **changes})


def ack(following: int, request: int = 1) -> Status:
    return Status("ack", {"request": request, "next": following})


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Kind, request, sequence and payload of each frame; every CRC is checked."""
    found = []
    while data:
        kind, length, request, sequence = struct.unpack_from("<BBHH", data, 2)
        assert data[:2] == b"RF"
        assert zlib.crc32(data[2 : 8 + length]) == struct.unpack_from("<I", data, 8 + length)[0]
        found.append((kind, request, sequence, data[8 : 8 + length]))
        data = data[12 + length :]
    return found


def feeder(data: bytes | None) -> StreamFeeder:
    return StreamFeeder(lambda kind, source, length, parameters: data)


CONTENT = bytes(i % 251 for i in range(1000))


def test_a_full_frame_has_256_bytes() -> None:
    assert len(data_frame(1, 0, bytes(PAYLOAD))) == FRAME
    assert frame_count(0) == 0
    assert frame_count(PAYLOAD + 1) == 2


def test_no_more_than_the_window_is_under_way() -> None:
    stream = feeder(CONTENT)
    assert [f[2] for f in frames(stream.on_status(need(), 0))] == [0, 1]
    assert [f[2] for f in frames(stream.on_status(ack(1), 0))] == [2]
    assert [f[2] for f in frames(stream.on_status(ack(3), 0))] == [3, 4]
    assert frames(stream.on_status(ack(5), 0)) == []


def test_the_payloads_are_the_data() -> None:
    stream = feeder(CONTENT)
    sent = frames(stream.on_status(need(window=9), 0))
    assert b"".join(f[3] for f in sent) == CONTENT
    assert {f[:2] for f in sent} == {(DATA, 1)}


def test_a_repeated_acknowledgement_sends_again_once() -> None:
    stream = feeder(CONTENT)
    stream.on_status(need(window=3), 0)
    assert [f[2] for f in frames(stream.on_status(ack(0), 0))] == [0, 1, 2]
    assert frames(stream.on_status(ack(0), 0)) == []


def test_silence_sends_again() -> None:
    stream = feeder(CONTENT)
    stream.on_status(need(), 0)
    assert stream.tick(RESEND_AFTER / 2) == b""
    assert [f[2] for f in frames(stream.tick(RESEND_AFTER))] == [0, 1]
    assert stream.tick(RESEND_AFTER * 1.5) == b""


def test_nothing_is_sent_again_when_all_has_arrived() -> None:
    stream = feeder(b"abc")
    stream.on_status(need(bytes=3), 0)
    stream.on_status(ack(1), 0)
    assert stream.tick(1000) == b""


def test_no_data_is_said() -> None:
    assert frames(feeder(None).on_status(need(request=7), 0)) == [(NO_DATA, 7, 0, b"")]


def test_a_boot_line_ends_the_request() -> None:
    stream = feeder(CONTENT)
    stream.on_status(need(), 0)
    stream.on_status(Status("boot", {}), 0)
    assert stream.tick(1000) == b""
    assert stream.on_status(ack(1), 0) == b""


def test_a_repeated_need_goes_on_where_the_device_stands() -> None:
    asked = []

    def provide(kind: str, source: int, length: int, parameters: object) -> bytes:
        asked.append(kind)
        return CONTENT

    stream = StreamFeeder(provide)
    stream.on_status(need(), 0)
    assert [f[2] for f in frames(stream.on_status(need(next=3), 5))] == [3, 4]
    assert asked == ["RAW"]


@pytest.mark.parametrize(
    "changes", [{"request": "1"}, {"bytes": -1}, {"kind": 3}, {"parameters": []}, {"window": None}]
)
def test_a_malformed_need_is_ignored(changes: dict[str, Any]) -> None:
    assert feeder(CONTENT).on_status(need(**changes), 0) == b""


class LossyDevice:
    """The device of docs/wire.md behind a line that drops frames and acknowledgements."""

    def __init__(self, length: int, window: int, loss: random.Random, rate: float) -> None:
        self.received = bytearray()
        self.following = 0
        self.length = length
        self.window = window
        self._loss = loss
        self._rate = rate

    def need(self) -> Status:
        return need(bytes=self.length, next=self.following, window=self.window)

    def take(self, data: bytes) -> list[Status]:
        answers = []
        for _, _, sequence, payload in frames(data):
            if self._loss.random() < self._rate:
                continue
            if sequence == self.following:
                self.received += payload
                self.following += 1
            answers.append(ack(self.following))
        return [answer for answer in answers if self._loss.random() >= self._rate]


@given(st.integers(0, 5000), st.integers(1, 8), st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.4]))
def test_everything_arrives_over_a_lossy_line(length: int, window: int, seed: int, rate: float) -> None:
    content = random.Random(seed).randbytes(length)
    device = LossyDevice(length, window, random.Random(seed), rate)
    stream = feeder(content)
    now = 0.0
    waiting = stream.on_status(device.need(), now)
    while len(device.received) < length:
        assert now < 1000
        answers = device.take(waiting)
        waiting = b"".join(stream.on_status(answer, now) for answer in answers)
        now += 0.25
        waiting += stream.tick(now)
    assert bytes(device.received) == content
    assert encode_frame(DATA, 1, 0, b"") != b""
