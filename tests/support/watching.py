"""A command that runs beside a test: what it prints is read as it comes, and it never outlives the test."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

#: A guard against hangs: everything that is waited for comes sooner.
PATIENCE = 60.0


class RunningCommand:
    """An installed command; a context manager that kills it at the end."""

    def __init__(self, *arguments: str | Path, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "runeflash", *map(str, arguments)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._news: queue.Queue[None] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> RunningCommand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()

    def wait_for(self, text: str, lines: list[str], *, count: int = 1, after: int = 0) -> int:
        """Wait until ``count`` lines after the first ``after`` have a text in them; return how many lines there are."""
        deadline = time.monotonic() + PATIENCE
        while sum(text in line for line in lines[after:]) < count:
            assert self.process.poll() is None or self._reading(), f"ended: {self.stdout} {self.stderr}"
            assert time.monotonic() < deadline, f"no {text!r} in {self.stdout} {self.stderr}"
            try:
                self._news.get(timeout=0.2)
            except queue.Empty:
                continue
        return len(lines)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; return the exit status."""
        status = self.process.wait(timeout=PATIENCE)
        for reader in self._readers:
            reader.join()
        assert not any("Traceback" in line for line in self.stderr), self.stderr
        return status

    def _reading(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def _read(self, stream: IO[str] | None, lines: list[str]) -> None:
        assert stream is not None
        for line in stream:
            lines.append(line.rstrip("\n"))
            self._news.put(None)
        stream.close()
