"""The monitor, on a pty whose other end the test plays; the whole of it, with real boards, is tests/cli's."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from watching import PATIENCE

from runeflash.device.lines import Output, Record, Status, Undecodable
from runeflash.device.monitor import Monitor
from runeflash.device.ports import Port
from runeflash.device.record_file import RecordFile
from runeflash.device.record_text import record_text
from runeflash.device.recordings import Recordings
from runeflash.errors import DeviceError, UserError

RING = b'{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}\n'
BOOT = b'{"runeflash":"boot","rune":"gesture","build":"0123","board":"x","engine":"wasm3","reset":"pin","heap":9}\n'
NEED = b'{"runeflash":"need","request":1,"kind":"RAW","source":0,"bytes":4,"next":0,"window":8,"parameters":{}}\n'
ACK = b'{"runeflash":"ack","request":1,"next":1}\n'


class Board:
    """A board at a port whose name stays, as a link in /dev does, though every plugging in makes another device."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = -1
        self._slave = -1
        self.plug_in()

    def plug_in(self) -> None:
        self.master, self._slave = os.openpty()
        self.link.symlink_to(os.ttyname(self._slave))

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def unplug(self) -> None:
        if self.master >= 0:
            self.link.unlink()
            os.close(self._slave)
            os.close(self.master)
            self.master = -1


class Watched:
    """A monitor that runs in a thread of its own."""

    def __init__(self, board: Board, **options: object) -> None:
        self.records: list[Record] = []
        self.notices: list[str] = []
        self.error: BaseException | None = None
        self.monitor = Monitor(
            Port(str(board.link)),
            115_200,
            on_record=lambda record, when: self.records.append(record),
            on_notice=self.notices.append,
            **options,  # type: ignore[arg-type]
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def run(self, outputs: int) -> Watched:
        self._outputs = outputs
        self._thread.start()
        return self

    def _run(self) -> None:
        try:
            self.monitor.run(outputs=self._outputs)
        except Exception as error:
            self.error = error

    def finish(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), self.notices
        self.monitor.close()
        if self.error is not None:
            raise self.error


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    board = Board(tmp_path / "port")
    yield board
    board.unplug()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_records_of_every_kind_are_counted(board: Board) -> None:
    watched = Watched(board).run(2)
    board.send(
        BOOT + RING + b"garbage\n" + b'{"runeflash":"error","code":"trap","stage":null,"message":"m"}\n' + ACK + RING
    )
    watched.finish()
    kinds = [record.kind if isinstance(record, Status) else type(record).__name__ for record in watched.records]
    assert kinds == ["boot", "Output", "Undecodable", "error", "Output"]
    assert str(watched.monitor.counts) == "2 outputs, 1 boot, 1 error, 1 undecodable line"
    assert watched.notices == []


def test_joining_in_the_middle_of_a_line_is_no_damage(board: Board) -> None:
    watched = Watched(board).run(1)
    board.send(b'"],"type_name":"utf8"}\n' + RING)
    watched.finish()
    assert watched.monitor.counts.undecodable == 0
    assert watched.notices == ['joined in the middle of a line: \'"],"type_name":"utf8"}\'']


def test_unplugged_in_the_middle_of_a_line(board: Board) -> None:
    watched = Watched(board).run(2)
    board.send(RING + RING[:20])
    wait_until(lambda: watched.records)
    board.unplug()
    wait_until(lambda: watched.notices)
    board.plug_in()
    wait_until(lambda: len(watched.notices) == 2)
    board.send(BOOT + RING)
    watched.finish()
    assert [type(record) for record in watched.records] == [Output, Undecodable, Status, Output]
    assert str(watched.monitor.counts) == "2 outputs, 1 boot, 0 errors, 1 undecodable line, 1 interruption"
    assert watched.notices[0].endswith("has vanished; waiting for the board to come back")
    assert "the board is back at" in watched.notices[1] and "between is lost" in watched.notices[1]


def test_a_board_that_says_nothing(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runeflash.device.monitor.SILENCE_SECONDS", 0.2)
    watched = Watched(board, timeout=1.0).run(1)
    with pytest.raises(DeviceError, match="has sent nothing for 1 s") as caught:
        watched.finish()
    assert "is it flashed" in str(caught.value.hint)
    assert len(watched.notices) == 1  # once, not five times
    assert "nothing has come from" in watched.notices[0]


def test_a_port_that_does_not_come_back(board: Board) -> None:
    watched = Watched(board, timeout=0.5).run(1)
    board.unplug()
    with pytest.raises(DeviceError, match=r"has not come back within 0.5 s"):
        watched.finish()


def test_recordings_are_played(board: Board, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"\x01\x02\x03\x04")
    watched = Watched(board, recordings=Recordings({"RAW": [tmp_path / "data.bin"]}, advance=True)).run(1)
    board.send(NEED)
    frame = b""
    while len(frame) < 16:
        frame += os.read(board.master, 100)
    assert frame[:2] == b"RF" and frame[8:12] == b"\x01\x02\x03\x04"
    board.send(ACK + NEED.replace(b'"request":1', b'"request":2'))
    wait_until(lambda: watched.notices)
    assert "the recording has come to its end" in watched.notices[0]
    board.send(RING)
    watched.finish()


def test_a_recording_that_was_not_given(board: Board) -> None:
    watched = Watched(board, recordings=Recordings({"SOUND": [Path("x.wav")]})).run(1)
    board.send(NEED)
    with pytest.raises(UserError, match='Unable to create the "RAW" capability'):
        watched.finish()


def test_the_file_of_records(tmp_path: Path) -> None:
    when = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
    path = tmp_path / "records.jsonl"
    value = {"channel": 1, "dimensions": [1], "elements": [0.5], "type_name": "f32"}
    for _ in range(2):  # the second time, it is appended to
        with RecordFile(path) as file:
            file.record(Output(value), when)
            file.record(Status("log", {"level": "info", "message": "é", "time": "never", "kind": "fish"}), when)
            file.record(Undecodable("x\ufffd"), when)
            # Every line is there as soon as it is written.
            assert path.read_text().endswith("}\n")
            file.notice("gone")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"time": "2026-01-31T12:00:00.000005+00:00", "kind": "output", "value": value}
    assert lines[1]["time"] == lines[0]["time"] and lines[1]["kind"] == "log" and lines[1]["message"] == "é"
    assert [line["kind"] for line in lines] == ["output", "log", "undecodable", "notice"] * 2


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Output({"channel": 2, "dimensions": [1], "elements": ["Ring"], "type_name": "utf8"}), ("output", "Ring")),
        (
            Output(
                [
                    {"channel": 2, "dimensions": [2], "elements": [0.1, None], "type_name": "f32"},
                    {"channel": 2, "dimensions": [1, 2], "elements": ["a b", " \x1b[2J"], "type_name": "utf8"},
                ]
            ),
            ("output", 'f32[2] 0.1 null   utf8[1,2] a b, " \\u001b[2J"'),
        ),
        (
            Output({"channel": 2, "dimensions": [20], "elements": list(range(20)), "type_name": "u8"}),
            ("output", f"u8[20] {' '.join(map(str, range(16)))} … (20 in all)"),
        ),
        (Status("log", {"level": "warning", "message": "slow"}), ("warning", "slow")),
        (Status("log", {"level": "\x1b[31m", "message": 5}), ('"\\u001b[31m"', "5")),
        (
            Status("error", {"code": "trap", "stage": "fft", "message": "unreachable"}),
            ("error", "trap in the stage fft: unreachable"),
        ),
        (Status("error", {}), ("error", "unknown: ")),
        (Status("profile", {"ms": 3}), ("profile", '{"ms": 3}')),
        (Undecodable("\x07beep"), ("undecodable", "'\\x07beep'")),
    ],
)
def test_records_for_people_do_nothing_to_a_terminal(record: Record, expected: tuple[str, str]) -> None:
    clock, kind, text = record_text(record, datetime.now(UTC))
    assert (kind, text) == expected
    assert len(clock) == 12


def test_a_boot_line_for_people() -> None:
    _, kind, text = record_text(Status("boot", {"rune": "gesture", "build": "0123", "board": "x"}), datetime.now(UTC))
    assert (kind, text) == ("boot", "gesture (build 0123) on x: ?, ? bytes of heap, reset by ?")
