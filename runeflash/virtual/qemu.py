"""A board of QEMU's: the second, independent virtual board, where ``qemu-system-arm`` is installed.

It runs in real time, counts nothing and faults in silence, but nobody here has written it. QEMU 7.2's STM32F405 has
USARTs and counting timers; RCC, GPIO, DMA and the RNG read as 0 and ignore writes.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from runeflash.errors import DeviceError, ToolError

PROGRAM = "qemu-system-arm"
_CHUNK = 65536
_STOP_SECONDS = 5

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """End QEMU, which runs on for ever by itself, with a parent that is killed (Linux; prctl(2))."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class QemuBoard:
    """A board that has been switched on; a context manager that switches it off.

    Args:
        machine: QEMU's name of the board.
        image: the bytes that are flashed, the vector table first.
        flash_address: where they are flashed to.
        serial_port: which of the machine's serial ports, from 0, the board's is.

    Raises:
        ToolError: QEMU is not installed or cannot be started.
    """

    def __init__(self, machine: str, image: bytes, flash_address: int, *, serial_port: int) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise ToolError(
                f"{PROGRAM} is not on the PATH",
                hint="install it (Debian: apt-get install qemu-system-arm), or leave --emulator out",
            )
        self._folder = tempfile.TemporaryDirectory(prefix="runeflash-qemu-")
        path = Path(self._folder.name) / "firmware.bin"
        path.write_bytes(image)
        command = [
            program,
            *("-machine", machine, "-display", "none", "-monitor", "none", "-nodefaults"),
            *("-serial", "null") * serial_port,
            *("-chardev", "stdio,id=board,signal=off", "-serial", "chardev:board"),
            *("-device", f"loader,file={path},addr=0x{flash_address:x},force-raw=on"),
        ]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                preexec_fn=_die_with_parent if _prctl is not None else None,  # noqa: PLW1509 - nothing but one call
            )
        except OSError as error:
            self._folder.cleanup()
            raise ToolError(f"{PROGRAM} cannot be started ({error.strerror})") from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)
        self._outgoing = bytearray()

    def __enter__(self) -> QemuBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serial_input(self, data: bytes) -> None:
        """Send bytes to the board; they arrive as fast as it reads them."""
        self._outgoing += data

    def serial_output(self, timeout: float) -> bytes:
        """Return what the board has sent since the last call, waiting up to ``timeout`` seconds for some.

        Raises:
            DeviceError: QEMU has ended.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            if self._outgoing:
                selector.register(self._input, selectors.EVENT_WRITE)
            ready = {key.fileobj for key, _ in selector.select(timeout)}
        if self._input in ready:
            try:
                sent = self._input.write(self._outgoing)
            except BrokenPipeError:
                raise self._ended() from None
            del self._outgoing[: sent or 0]
        if self._output not in ready:
            return b""
        data = os.read(self._output.fileno(), _CHUNK)
        if not data:
            raise self._ended()
        return data

    def close(self) -> None:
        """Switch the board off."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._folder.cleanup()

    def _ended(self) -> DeviceError:
        assert self._process.stderr is not None
        text = self._process.stderr.read().decode(errors="replace").strip()
        return DeviceError(f"{PROGRAM} has ended: {text or 'it says nothing'}")
