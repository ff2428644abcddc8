"""The ports of a virtual board: what a real UART would lose is lost here, and nothing else."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runeflash.device.emulator_serial import QUEUE_BYTES, PtyPort, TcpPort


@pytest.fixture
def pty(tmp_path: Path) -> Iterator[PtyPort]:
    port = PtyPort(tmp_path / "port")
    yield port
    port.close()


def numbered(length: int) -> bytes:
    return b"".join(b"%07d\n" % number for number in range(length // 8))


def open_port(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def read_from(port: PtyPort, length: int) -> bytes:
    """Read what a program has sent; the system passes it on when it finds the time."""
    data = b""
    deadline = time.monotonic() + 30
    while len(data) < length:
        assert time.monotonic() < deadline
        data += port.read()
    return data


def read_all(port: PtyPort, program: int) -> bytes:
    data = b""
    while True:
        port.write(b"")  # what has waited goes on its way
        if not select.select([program], [], [], 1.0)[0]:  # the system passes bytes on when it finds the time
            return data
        data += os.read(program, 65536)


def test_what_nobody_reads_is_gone(pty: PtyPort, tmp_path: Path) -> None:
    for _ in range(2):
        pty.write(b"nobody is there\n")
        assert pty.descriptors() == []
        program = open_port(tmp_path / "port")
        assert len(pty.descriptors()) == 1
        pty.write(b"hello\n")
        select.select([program], [], [], 5)
        assert os.read(program, 100) == b"hello\n"
        pty.write(b"not read any more\n")
        os.close(program)
    assert pty.lost == 0


def test_no_byte_is_changed_before_a_program_has_set_the_line_up(pty: PtyPort, tmp_path: Path) -> None:
    program = open_port(tmp_path / "port")
    try:
        every = bytes(range(256))
        pty.write(every)
        assert read_all(pty, program) == every
        os.write(program, every)
        assert read_from(pty, len(every)) == every
        assert read_all(pty, program) == b""  # no echo
    finally:
        os.close(program)


def test_input_of_a_program_that_has_gone_arrives(pty: PtyPort, tmp_path: Path) -> None:
    program = open_port(tmp_path / "port")
    os.write(program, b"last words")
    os.close(program)
    assert read_from(pty, 10) == b"last words"
    assert pty.read() == b""


def test_a_program_that_is_slow_gets_the_oldest_bytes_and_the_others_are_counted(pty: PtyPort, tmp_path: Path) -> None:
    data = numbered(2 * QUEUE_BYTES)
    program = open_port(tmp_path / "port")
    try:
        for begin in range(0, len(data), 1000):
            pty.write(data[begin : begin + 1000])
        received = read_all(pty, program)
        assert QUEUE_BYTES <= len(received) < len(data)
        assert received == data[: len(received)]
        assert pty.lost == len(data) - len(received)
        pty.write(b"and on\n")
        assert read_all(pty, program) == b"and on\n"
    finally:
        os.close(program)


def test_the_link_moves_to_the_new_pty(tmp_path: Path) -> None:
    first = PtyPort(tmp_path / "port")
    second = PtyPort(tmp_path / "port")
    assert (tmp_path / "port").readlink() == Path(second.device) != Path(first.device)
    first.close()
    second.close()


def test_a_tcp_port_takes_one_program_at_a_time() -> None:
    port = TcpPort(0)
    try:
        for _ in range(2):
            port.write(b"nobody is there\n")
            client = socket.create_connection(("127.0.0.1", port.number), timeout=5)
            select.select(port.descriptors(), [], [], 5)
            assert port.read() == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port.number), timeout=5)
            client.sendall(b"hello")
            select.select(port.descriptors(), [], [], 5)
            assert port.read() == b"hello"
            port.write(bytes(range(256)))
            assert client.recv(1000) == bytes(range(256))
            client.close()
            select.select(port.descriptors(), [], [], 5)
            assert port.read() == b""
    finally:
        port.close()


def test_tcp_loses_what_is_not_read_beyond_its_queue() -> None:
    port = TcpPort(0)
    try:
        with socket.create_connection(("127.0.0.1", port.number), timeout=5):
            select.select(port.descriptors(), [], [], 5)
            port.read()
            for _ in range(1000):
                port.write(bytes(65536))
                if port.lost:
                    break
            assert port.lost
        while port.descriptors() and not port.read() and port._client is not None:
            select.select(port.descriptors(), [], [], 5)
        port.write(b"x")
    finally:
        port.close()
