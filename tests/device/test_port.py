"""The open serial port, on a pty that the test holds the other end of."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runeflash.device.port import SerialPort
from runeflash.errors import DeviceError, PortLostError


class Board:
    """The other end of a pty."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave)
        self._slave: int | None = slave

    def unplug(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            os.close(self.master)
            self._slave = None


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.unplug()


@pytest.mark.parametrize("baud", [115_200, 230_400, 1_000_000])
def test_bytes_go_both_ways_unchanged(board: Board, baud: int) -> None:
    every_byte = bytes(range(256))
    with SerialPort(board.name, baud) as port:
        assert port.read(0) == b""
        os.write(board.master, every_byte)
        received = b""
        while len(received) < 256:
            received += port.read(5)
        assert received == every_byte
        port.write(every_byte)
        sent = b""
        while len(sent) < 256:
            sent += os.read(board.master, 256)
        assert sent == every_byte


def test_what_had_come_before_is_thrown_away(board: Board) -> None:
    os.write(board.master, b"old\n")
    with SerialPort(board.name, 115_200) as port:
        os.write(board.master, b"new\n")
        assert port.read(5) == b"new\n"


def test_a_port_is_one_programs_alone(board: Board) -> None:
    with SerialPort(board.name, 115_200), pytest.raises(DeviceError, match="is busy: another program has it open"):
        SerialPort(board.name, 115_200)
    SerialPort(board.name, 115_200).close()


def test_a_port_that_vanishes(board: Board) -> None:
    with SerialPort(board.name, 115_200) as port:
        board.unplug()
        with pytest.raises(PortLostError, match="has vanished"):
            port.read(5)
        with pytest.raises(PortLostError, match="has vanished"):
            port.write(b"x")
    with pytest.raises(DeviceError, match=f"there is no port {board.name}"):
        SerialPort(board.name, 115_200)


def test_a_port_that_vanishes_while_it_is_waited_for(board: Board) -> None:
    with SerialPort(board.name, 115_200) as port:
        timer = threading.Timer(0.1, board.unplug)
        timer.start()
        with pytest.raises(PortLostError):
            port.read(60)
        timer.join()


def test_a_board_that_takes_no_bytes(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runeflash.device.port._WRITE_SECONDS", 0.2)
    with SerialPort(board.name, 115_200) as port, pytest.raises(DeviceError, match="has taken no bytes for"):
        port.write(bytes(1_000_000))


def test_names_that_are_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, text in (
        (str(tmp_path / "nothing"), "there is no port"),
        (str(tmp_path / "file" / "below"), "there is no port"),
        (str(tmp_path / "file"), "is no serial port"),
        (str(tmp_path), "is no serial port"),
        ("socket://nowhere", "nobody answers at socket://nowhere"),
        ("gopher://x", "cannot be opened"),
    ):
        with pytest.raises(DeviceError, match=text):
            SerialPort(name, 115_200)


def test_a_socket_is_a_port_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with SerialPort(url, 115_200) as port:
            client, _ = server.accept()
            client.sendall(bytes(range(256)))
            assert port.read(5) == bytes(range(256))
            port.write(b"hello")
            assert client.recv(10) == b"hello"
            client.close()
            with pytest.raises(PortLostError):
                port.read(5)
    with pytest.raises(DeviceError, match=f"nobody answers at {url}"):
        SerialPort(url, 115_200)
