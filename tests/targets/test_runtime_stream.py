"""The device's end of docs/wire.md: frames in, data at their destination, acknowledgements out."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Any

import pytest
import runtime_build
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_library import ACCEL, RAW, STATUS, Capability, Driver, FakeBoard, Library

from runeflash.device.frames import encode_frame
from runeflash.device.lines import LineDecoder, Status
from runeflash.device.stream import StreamFeeder

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "stream_frames.yaml"
REMIND_US = 5_000_000


class Device:
    """The stream drivers on a board of Python."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.drivers = (Driver * 4).in_dll(library.c, "rune_stream_drivers")

    def read(self, board: FakeBoard, length: int, kind: int = ACCEL) -> tuple[str, bytes]:
        """Read `length` bytes of a capability; return the status and the bytes."""
        self._library.c.rune_line_start(ctypes.byref(board.c))
        self._library.c.rune_stream_start(ctypes.byref(board.c))
        (driver,) = (driver for driver in self.drivers if driver.kind == kind)
        capability = Capability(0, kind, 0, 0)
        buffer = (ctypes.c_uint8 * (length + 8))(*([0xA5] * (length + 8)))
        status = driver.read(ctypes.byref(capability), buffer, length)
        assert bytes(buffer[length:]) == b"\xa5" * 8, "written beyond the destination"
        return STATUS[status], bytes(buffer[:length])

    def reset(self) -> None:
        for driver in self.drivers:
            if driver.reset:
                driver.reset()

    def advance_to(self, request: int) -> None:
        """Let requests fail, from number 1 on, until the next one has this number."""
        board = FakeBoard()
        for number in range(1, request):
            frame = encode_frame(2, number, 0)
            board.receive = lambda _, frame=frame: frame
            board.sent.clear()
            assert self.read(board, 1)[0] == "no-data"


@pytest.fixture(scope="module")
def device() -> Device:
    return Device(Library(runtime_build.library(engine=False)))


@pytest.fixture
def new_device(tmp_path: Path) -> Device:
    """A device whose next request is number 1: a copy of the library is loaded with variables of its own."""
    return Device(Library(Path(shutil.copy(runtime_build.library(engine=False), tmp_path))))


@pytest.mark.parametrize("scenario", yaml.safe_load(VECTORS.read_text()), ids=lambda item: item["scenario"])
def test_vectors(new_device: Device, scenario: dict[str, Any]) -> None:
    device = new_device
    device.advance_to(scenario["request"])
    board = FakeBoard()
    frames = iter(scenario["frames"])
    answers: list[Any] = []

    def receive(_: int) -> bytes:
        if len(board.lines) > 1 + sum(isinstance(answer, dict) for answer in answers):
            raise AssertionError(f"more lines than expected: {board.lines}")
        frame = next(frames)
        answers.append(frame["answer"])
        return bytes.fromhex(frame["bytes"])

    pieces = bytearray()

    def in_pieces(capacity: int) -> bytes:
        """A frame may be longer than the room: then it comes in parts."""
        if not pieces:
            pieces.extend(receive(capacity))
        part = bytes(pieces[:capacity])
        del pieces[: len(part)]
        return part

    board.receive = in_pieces
    status, data = device.read(board, scenario["length"])
    assert next(frames, None) is None, "not all frames were wanted"
    need, *acks = board.lines
    assert need == {
        "runeflash": "need",
        "request": scenario["request"],
        "kind": "ACCEL",
        "source": 0,
        "bytes": scenario["length"],
        "next": 0,
        "window": 4,
        "parameters": {},
    }
    expected = [answer["ack"] for answer in answers if isinstance(answer, dict)]
    assert acks == [{"runeflash": "ack", "request": scenario["request"], "next": number} for number in expected]
    if scenario["data"] is None:
        assert answers[-1] == status == "no-data"
    else:
        assert (status, data) == ("ok", bytes.fromhex(scenario["data"]))


def test_vectors_are_what_the_host_encodes() -> None:
    for scenario in yaml.safe_load(VECTORS.read_text()):
        data = bytes.fromhex(scenario["data"] or "")
        for frame in scenario["frames"]:
            fields = frame.get("encoded")
            if fields and not (fields["kind"] == 1 and not data):
                begin = 244 * fields["sequence"] if fields["kind"] == 1 else len(data)
                encoded = encode_frame(**fields, payload=data[begin : begin + 244])
                assert encoded.hex() == frame["bytes"], scenario["scenario"]


def test_requests_are_numbered_from_1_to_65535(new_device: Device) -> None:
    device = new_device
    device.advance_to(65535)
    board = FakeBoard()
    board.receive = lambda _: encode_frame(2, board.of_kind("need")[-1]["request"], 0)
    for _ in range(3):
        assert device.read(board, 4)[0] == "no-data"
    assert [line["request"] for line in board.of_kind("need")] == [65535, 1, 2]


def test_waiting_is_said_every_five_seconds(device: Device) -> None:
    device.reset()
    board = FakeBoard(capacity=700)
    deadlines = []

    def idle(deadline: int) -> None:
        deadlines.append(deadline)
        board.time += 1_000_000  # an interrupt of something else wakes the board each second

    def receive(_: int) -> bytes:
        if board.time < 12_000_000:
            return b""
        return encode_frame(1, board.of_kind("need")[-1]["request"], 0, b"12345678")

    board.idle, board.receive = idle, receive
    assert device.read(board, 8, RAW) == ("ok", b"12345678")
    need, waiting, again, *rest = board.lines
    assert need["runeflash"] == "need" and need["kind"] == "RAW" and need["window"] == 2
    assert waiting == {"runeflash": "log", "level": "info", "message": "waiting for RAW from the host"}
    assert again == need
    assert [line["runeflash"] for line in rest] == ["log", "need", "ack"]
    assert all(deadline <= board.time + REMIND_US for deadline in deadlines)


def test_progress_puts_the_reminder_off(device: Device) -> None:
    device.reset()
    board = FakeBoard()
    data = bytes(244 * 4)

    def receive(_: int) -> bytes:
        board.time += 1_000_000
        sequence, rest = divmod(board.time // 1_000_000, 4)  # a frame each four seconds
        request = board.of_kind("need")[-1]["request"]
        return b"" if rest else encode_frame(1, request, sequence - 1, data[:244])

    board.receive = receive
    board.idle = lambda deadline: None
    assert device.read(board, len(data)) == ("ok", data)
    assert len(board.of_kind("need")) == 1 and not board.of_kind("log")


def test_a_reminder_says_what_is_still_missing(device: Device) -> None:
    device.reset()
    board = FakeBoard()
    sent = []

    def receive(_: int) -> bytes:
        need = board.of_kind("need")[-1]
        if (need["next"], need["request"]) in sent:
            return b""
        sent.append((need["next"], need["request"]))
        return encode_frame(1, need["request"], need["next"], bytes([need["next"]]) * (244 if need["next"] < 2 else 12))

    board.receive = receive
    assert device.read(board, 500) == ("ok", b"\0" * 244 + b"\1" * 244 + b"\2" * 12)
    assert [line["next"] for line in board.of_kind("need")] == [0, 1, 2]


def test_nothing_is_asked_for_no_bytes_and_too_many_are_refused(device: Device) -> None:
    board = FakeBoard()
    assert device.read(board, 0) == ("ok", b"")
    capability, unused = Capability(0, ACCEL, 0, 0), (ctypes.c_uint8 * 1)()
    too_many = 65536 * 244 + 1
    assert STATUS[device.drivers[0].read(ctypes.byref(capability), unused, too_many)] == "driver"
    assert not board.sent


class NoisyLine:
    """Carries frames from the host's end to the device's, and spoils some of them."""

    def __init__(self, spoil: list[tuple[str, int]]) -> None:
        self._spoil = list(spoil)
        self._waiting = bytearray()

    def send(self, data: bytes) -> None:
        """Take whole frames."""
        while data:
            frame, data = data[: 12 + data[3]], data[12 + data[3] :]
            action, where = self._spoil.pop(0) if self._spoil else ("good", 0)
            place = where % len(frame)
            if action == "flip":
                frame = frame[:place] + bytes([frame[place] ^ 1 << where % 8]) + frame[place + 1 :]
            elif action == "cut":
                frame = frame[:place]
            elif action == "garbage":
                frame = (b"RF\x01\xf4RRF" * 9)[: where % 60] + frame
            self._waiting += frame * {"drop": 0, "double": 2}.get(action, 1)

    def receive(self, capacity: int) -> bytes:
        part = bytes(self._waiting[:capacity])
        del self._waiting[:capacity]
        return part


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 2000),
    st.integers(1, 6),
    st.lists(
        st.tuples(st.sampled_from(["good", "flip", "cut", "garbage", "drop", "double"]), st.integers(0, 5000)),
        max_size=30,
    ),
)
def test_data_arrives_whole_over_a_bad_line(
    device: Device, length: int, window: int, spoil: list[tuple[str, int]]
) -> None:
    """The real host's end and the real device's end, with a line between them that loses, doubles and alters."""
    device.reset()
    content = bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))
    board = FakeBoard(capacity=256 * window)
    line = NoisyLine(spoil)
    feeder = StreamFeeder(lambda kind, source, wanted, parameters: content[:wanted])
    decoder = LineDecoder()
    seen = 0

    def receive(capacity: int) -> bytes:
        nonlocal seen
        new, seen = bytes(board.sent[seen:]), len(board.sent)
        for record in decoder.feed(new):
            assert isinstance(record, Status)
            line.send(feeder.on_status(record, board.time / 1e6))
        line.send(feeder.tick(board.time / 1e6))
        return line.receive(capacity)

    def idle(deadline: int) -> None:
        board.time = min(deadline, board.time + 250_000)
        assert board.time < 120_000_000, "the transfer makes no progress"

    board.receive, board.idle = receive, idle
    assert device.read(board, length) == ("ok", content)
