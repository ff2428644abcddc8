"""Running a rune's program on this computer: the same lines and frames as a board, over pipes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

from runeflash.device.session import RunSession
from runeflash.errors import DeviceError

_READ_SIZE = 65536


def run_program(program: Path, session: RunSession, *, seed: int | None, calls: int) -> None:
    """Run a program until the session is finished.

    Args:
        program: what :func:`runeflash.firmware.host.host_program` built.
        session: gets its lines, gives it frames.
        seed: of RAND, or None for the computer's own randomness.
        calls: after how many the program ends by itself.

    Raises:
        DeviceError: the program ended before the session was finished, without saying why.
    """
    command = [str(program), "--calls", str(calls)]
    if seed is not None:
        command += ["--random", str(seed)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # Frames can be written only as fast as the program reads: never from the thread that must read its lines.
    writer = _Writer(process.stdin.fileno())
    try:
        while not session.finished:
            data = os.read(process.stdout.fileno(), _READ_SIZE)
            if not data:
                break
            now = time.monotonic()
            session.receive(data, now)
            writer.send(session.take_outgoing(now))
    finally:
        writer.close()
        process.kill() if not session.finished else process.terminate()
        status = process.wait()
        process.stdout.close()
    if not session.finished:
        raise DeviceError(f"the rune's program on this computer ended with status {status} and without a word")


class _Writer:
    """Writes to a pipe from a thread of its own, and stops quietly when nobody reads any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = bytearray()
        self._wanted = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        if data:
            with self._wanted:
                self._pending += data
                self._wanted.notify()

    def close(self) -> None:
        with self._wanted:
            self._closed = True
            self._wanted.notify()

    def _work(self) -> None:
        while True:
            with self._wanted:
                while not self._pending and not self._closed:
                    self._wanted.wait()
                if self._closed:
                    return
                data, self._pending = bytes(self._pending), bytearray()
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                return
