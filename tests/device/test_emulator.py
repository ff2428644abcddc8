"""Virtual boards in the background, asked directly: real processes, ptys and sockets."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from watching import PATIENCE

from runeflash.boards import find_board
from runeflash.device import emulator
from runeflash.device.connection import open_port
from runeflash.device.lines import LineDecoder, Output, Status, Undecodable
from runeflash.device.port import SerialPort
from runeflash.device.ports import find_port
from runeflash.device.recordings import Recordings
from runeflash.device.stream import StreamFeeder
from runeflash.device.virtual_boards import BoardFolder, board_folder
from runeflash.errors import DeviceError, UserError

NANO = find_board("nano33ble")


@pytest.fixture
def image(gesture_builds: Callable[[str], Path]) -> bytes:
    return (gesture_builds("nano33ble") / "firmware.bin").read_bytes()


@pytest.fixture
def board(virtual_boards: Path) -> emulator.RunningBoard:
    return emulator.start(NANO)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read_line(port: SerialPort) -> bytes:
    data = b""
    deadline = time.monotonic() + PATIENCE
    while not data.endswith(b"\n"):
        assert time.monotonic() < deadline, data
        data += port.read(1)
    return data


def test_flashing_starts_the_board_anew(board: emulator.RunningBoard, image: bytes) -> None:
    assert emulator.status(board) == emulator.BoardStatus(True, None, None, 0)
    for _ in range(2):
        with SerialPort(board.port, NANO.baud) as port:
            emulator.flash(board, image)
            assert read_line(port).startswith(b'{"runeflash":"boot","rune":"gesture",')
    assert emulator.status(board).image_sha256 == hashlib.sha256(image).hexdigest()


def test_the_reset_button(board: emulator.RunningBoard, image: bytes) -> None:
    emulator.reset(board)  # an erased board has one too
    with SerialPort(board.port, NANO.baud) as port:
        emulator.flash(board, image)
        read_line(port)
        emulator.reset(board)
        decoder = LineDecoder()
        seen: list[object] = []
        while not any(isinstance(record, Status) and record.kind == "boot" for record in seen):
            seen += decoder.feed(port.read(1))
    assert 'reset": "pin' in json.dumps([record.fields for record in seen if isinstance(record, Status)])


def test_flash_survives_being_unplugged_and_can_be_erased(board: emulator.RunningBoard, image: bytes) -> None:
    emulator.flash(board, image)
    emulator.stop(board)
    assert emulator.running_boards() == ()
    again = emulator.start(NANO)
    assert (again.id, again.port) == (board.id, board.port)
    assert emulator.status(again).image_sha256 == hashlib.sha256(image).hexdigest()
    emulator.stop(again)
    assert emulator.status(emulator.start(NANO, erase=True)).erased


def test_a_program_that_waits_for_the_port_sees_the_boot_line(board: emulator.RunningBoard, image: bytes) -> None:
    emulator.flash(board, image)
    emulator.stop(board)
    again = emulator.start(NANO)
    with SerialPort(again.port, NANO.baud) as port:
        assert read_line(port).startswith(b'{"runeflash":"boot","rune":"gesture",')


def test_recordings_that_end_are_told(
    virtual_boards: Path, image: bytes, gesture_builds: Callable[[str], Path], tmp_path: Path
) -> None:
    for name, files, advance, reason in (
        ("walks", {"ACCEL": ["ring.csv"]}, True, "the recording has come to its end"),
        ("lacks", {"RAW": ["ring.csv"]}, False, 'Unable to create the "ACCEL" capability: no recording was given'),
    ):
        project = gesture_builds("nano33ble").parent.parent
        paths = {kind: [project / path for path in names] for kind, names in files.items()}
        running = emulator.start(NANO, name=name, files=paths, advance=advance)
        emulator.flash(running, image)
        wait_until(lambda: emulator.status(running).recordings_ended is not None)  # noqa: B023 - called here and now
        assert emulator.status(running).recordings_ended == reason


def test_images_that_are_none(board: emulator.RunningBoard, image: bytes) -> None:
    for wrong, text in (
        (b"", "it has 0 bytes"),
        (image[:7], "it has 7 bytes"),
        (bytes(1000), "its stack at 0x00000000 does not lie in the board's RAM"),
        (image[:4] + bytes([image[4] ^ 1]) + image[5:], "its reset vector"),
        (image + bytes(NANO.flash.length), "and the board has room for 983,040"),
    ):
        with pytest.raises(DeviceError, match=text):
            emulator.flash(board, wrong)
    assert emulator.status(board).erased


def test_an_image_that_does_not_arrive_whole(board: emulator.RunningBoard, image: bytes) -> None:
    """As a program would that breaks off, or whose bytes are changed on the way."""
    sha256 = hashlib.sha256(image).hexdigest()
    changed = image[:-1] + bytes([image[-1] ^ 1])
    for request in (
        b'{"command":"flash","length":%d,"sha256":"%s"}\n' % (len(image), sha256.encode()) + image[:-1],
        b'{"command":"flash","length":%d,"sha256":"%s"}\n' % (len(image), sha256.encode()) + changed,
        b'{"command":"dance"}\n',
        b'{"command":"flash"}\n',
        b"[]\n",
        b"\xff\xfe\n",
        b"",
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(board.control)
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            assert b'"ok": false' in connection.makefile("rb").read()
    assert emulator.status(board).erased


def test_a_fault_stops_the_board_until_it_is_flashed_again(board: emulator.RunningBoard, image: bytes) -> None:
    broken = bytearray(image)
    entry = int.from_bytes(image[4:8], "little") & ~1
    place = entry - NANO.flash.origin
    broken[place : place + 2] = b"\xff\xde"  # an instruction that is permanently undefined
    emulator.flash(board, bytes(broken))
    wait_until(lambda: emulator.status(board).fault is not None)
    assert "executes an undefined instruction" in str(emulator.status(board).fault)
    with SerialPort(board.port, NANO.baud) as port:
        emulator.flash(board, image)
        assert b'"boot"' in read_line(port)
    assert emulator.status(board).fault is None


def test_programs_come_and_go(board: emulator.RunningBoard, image: bytes) -> None:
    """Nobody finds what the board sent while nobody was there, nor what the one before has left unread."""
    emulator.flash(board, image)
    for _ in range(3):
        with SerialPort(board.port, NANO.baud) as port:
            emulator.reset(board)
            while b'"reset":"pin' not in read_line(port):  # it may just have started from being flashed
                continue
    emulator.reset(board)
    time.sleep(0.2)
    with SerialPort(board.port, NANO.baud) as port:
        assert port.read(0.2) == b""
    assert emulator.status(board).lost_bytes == 0


def test_tcp_and_pty_are_the_same_port(
    virtual_boards: Path, image: bytes, gesture_builds: Callable[[str], Path]
) -> None:
    board = emulator.start(NANO, tcp=0)
    recordings = Recordings({"ACCEL": [gesture_builds("nano33ble").parent.parent / "slope.csv"]})
    for _ in range(2):  # the second program finds the port free again
        wait_until(lambda: can_connect(board))
        with SerialPort(f"socket://localhost:{board.tcp}", NANO.baud) as port:
            feeder, decoder = StreamFeeder(recordings.provide), LineDecoder()
            emulator.flash(board, image)
            records: list[object] = []
            deadline = time.monotonic() + PATIENCE
            while not any(isinstance(record, Output) for record in records):
                assert time.monotonic() < deadline, records
                for record in decoder.feed(port.read(0.1)):
                    records.append(record)
                    if isinstance(record, Status):
                        port.write(feeder.on_status(record, time.monotonic()))
        assert not any(isinstance(record, Undecodable) for record in records)
    with pytest.raises(DeviceError, match=f"the TCP port {board.tcp} cannot be had"):
        emulator.start(NANO, name="second", tcp=board.tcp)


def can_connect(board: emulator.RunningBoard) -> bool:
    """Whether the port is free; looking at it is a visit, after which it is free again in a moment."""
    try:
        SerialPort(f"socket://localhost:{board.tcp}", NANO.baud).close()
    except DeviceError:
        return False
    time.sleep(0.1)
    return True


def test_a_killed_board_is_noticed_and_leaves_nothing(board: emulator.RunningBoard) -> None:
    folder = board_folder(board.id)
    os.kill(board.pid, 9)
    wait_until(lambda: emulator.running_boards() == ())
    assert not folder.state.exists() and not folder.port.is_symlink()
    with pytest.raises(DeviceError, match="does not answer"):
        emulator.status(board)
    emulator.stop(board)


def test_the_pty_of_a_dying_board_may_be_somebody_elses(board: emulator.RunningBoard) -> None:
    """A process that is being killed gives up its pty before its lock; the pty's number is taken by another program."""
    folder = board_folder(board.id)
    os.kill(board.pid, 9)
    wait_until(lambda: emulator.running_boards() == ())
    master, slave = os.openpty()
    with folder.lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.write_state(board)
        folder.port.symlink_to(os.ttyname(slave))
        port = find_port(board.id)
        with pytest.raises(DeviceError, match="does not answer"):
            open_port(port, NANO.baud)
    SerialPort(os.ttyname(slave), NANO.baud).close()  # it was let go of
    os.close(master)
    os.close(slave)


def test_a_board_whose_folder_is_deleted_ends(board: emulator.RunningBoard, virtual_boards: Path) -> None:
    shutil.rmtree(virtual_boards)
    wait_until(lambda: not Path(f"/proc/{board.pid}").exists() or is_zombie(board.pid))


def is_zombie(process: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()


def test_damaged_states_are_no_boards(virtual_boards: Path) -> None:
    for name, text in (("a", ""), ("b", "{}"), ("c", "[1"), ("d", '{"id": "d"}')):
        folder = BoardFolder(virtual_boards / name)
        folder.path.mkdir(parents=True)
        folder.state.write_text(text)
    assert emulator.running_boards() == ()


def test_names(virtual_boards: Path) -> None:
    for name in ("", ".", "..", "a/b", "-x y", "\n"):
        with pytest.raises(UserError, match="cannot be called"):
            emulator.start(NANO, name=name)
    with pytest.raises(DeviceError, match="QEMU has no nano33ble"):
        emulator.start(NANO, emulator="qemu")
