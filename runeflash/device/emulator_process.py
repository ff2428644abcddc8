"""The process of a virtual board in the background: ``python -m runeflash.device.emulator_process SETTINGS``.

:mod:`runeflash.device.emulator` starts it and talks to it. It says on standard output, once, in a line of JSON,
whether it is there; after that it listens at its control socket. A request there is a line of JSON, for ``flash``
followed by the image; so is the answer:

    {"command": "status"}                                -> {"ok": true, "erased": false, ...}
    {"command": "flash", "length": 1234, "sha256": "…"}  -> {"ok": true} or {"ok": false, "error": "…", "hint": …}
    {"command": "reset"}
    {"command": "stop"}
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runeflash.boards import Board, find_board
from runeflash.device.emulator_engines import Engine, make_engine
from runeflash.device.emulator_serial import PtyPort, TcpPort
from runeflash.device.emulator_settings import Settings
from runeflash.device.image import check_image
from runeflash.device.lines import LineDecoder, Status
from runeflash.device.random import Xoshiro128PlusPlus
from runeflash.device.recordings import EndOfRecording, Recordings
from runeflash.device.stream import StreamFeeder
from runeflash.device.virtual_boards import BoardFolder, RunningBoard, board_folder, claimed, still_there
from runeflash.errors import RuneflashError

_CONTROL_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_ERASED_SECONDS = 0.1
#: From the port's appearance to the firmware's start, as a real board's bootloader takes: a program that waits for the
#: port has it open by then, and sees the boot line.
_POWER_ON_SECONDS = 0.4
_LOG_BYTES = 1 << 20


class _Feeder:
    """Plays recordings into the board's stream port, reading its lines as a program at the port would.

    Attributes:
        ended: why nothing more is played, or None.
    """

    def __init__(self, files: dict[str, list[str]], advance: bool) -> None:
        kinds = {kind: [Path(name) for name in names] for kind, names in files.items()}
        self._recordings = Recordings(kinds, advance, _log)
        self._stream = StreamFeeder(self._recordings.provide)
        self._decoder = LineDecoder()
        self.ended: str | None = None

    def answer(self, output: bytes) -> bytes:
        """Return the frames that answer what the board has sent, or that are to be sent again."""
        now = time.monotonic()
        frames = bytearray()
        try:
            for record in self._decoder.feed(output) if output else ():
                if isinstance(record, Status) and self.ended is None:
                    frames += self._stream.on_status(record, now)
            frames += self._stream.tick(now)
        except EndOfRecording:
            self._end("the recording has come to its end")
        except RuneflashError as error:
            self._end(error.message)
        return bytes(frames)

    def _end(self, reason: str) -> None:
        self.ended = reason
        _log(reason)


class EmulatorProcess:
    """A virtual board with its ports.

    Args:
        settings: how it was started.
        board: the board.
        folder: its folder, claimed.
        control: where to make the control socket.

    Raises:
        OSError: a port cannot be had.
    """

    def __init__(self, settings: Settings, board: Board, folder: BoardFolder, control: Path) -> None:
        self._settings, self._board, self._folder = settings, board, folder
        self._engine: Engine | None = None
        self._fault: str | None = None
        self._image_sha256: str | None = None
        self._feeder = _Feeder(settings.files, settings.advance) if settings.files else None
        self.stopping = False
        self._control = socket.socket(socket.AF_UNIX)
        self._control.bind(str(control))
        self._control.listen(4)
        self._control.setblocking(False)
        self._tcp = TcpPort(settings.tcp) if settings.tcp is not None else None
        self._pty = PtyPort(folder.port)
        self.description = RunningBoard(
            settings.id,
            settings.board,
            settings.emulator,
            os.getpid(),
            str(folder.port),
            self._pty.device,
            self._tcp.number if self._tcp is not None else None,
            str(control),
            self._feeder is not None,
        )
        if settings.erase:
            folder.flash.unlink(missing_ok=True)
        self._power_on_at = 0.0
        with contextlib.suppress(OSError):
            self._image_sha256 = hashlib.sha256(folder.flash.read_bytes()).hexdigest()
            self._power_on_at = time.monotonic() + _POWER_ON_SECONDS

    def serve(self, lock: os.stat_result) -> None:
        """Be a board until told to stop, or until the board's folder has been deleted."""
        looked = time.monotonic()
        while not self.stopping:
            pause = self._run_board()
            ports: list[PtyPort | TcpPort] = [self._pty] if self._tcp is None else [self._pty, self._tcp]
            waiting = [descriptor for port in ports for descriptor in port.descriptors()]
            select.select([self._control.fileno(), *waiting], [], [], pause)
            for port in ports:
                data = port.read()
                # With recordings of its own, it needs no second host that answers it.
                if data and self._engine is not None and self._feeder is None:
                    self._engine.send(data)
            self._answer_control()
            now = time.monotonic()
            if now - looked >= _LOOK_SECONDS:
                looked = now
                self.stopping = self.stopping or not still_there(self._folder, lock)

    def close(self) -> None:
        """Unplug the board."""
        self._switch_off()
        self._pty.close()
        if self._tcp is not None:
            self._tcp.close()
        self._control.close()

    # -- the board

    def _boot(self, image: bytes) -> None:
        """Switch the board on with an image in its flash."""
        self._switch_off()
        self._power_on_at = 0.0
        self._fault = None
        self._image_sha256 = hashlib.sha256(image).hexdigest()
        seed = self._settings.seed
        random_bytes = os.urandom if seed is None else Xoshiro128PlusPlus(seed).bytes
        try:
            self._engine = make_engine(self._settings.emulator, self._board, image, random_bytes)
        except RuneflashError as error:
            self._fail(error)

    def _run_board(self) -> float:
        """Run the board for a moment and pass on what it sends; return the seconds until the next time."""
        if self._power_on_at and time.monotonic() >= self._power_on_at:
            self._boot(self._folder.flash.read_bytes())
        if self._engine is None:
            return _ERASED_SECONDS
        try:
            pause = self._engine.run()
        except RuneflashError as error:
            self._pass_on(self._engine.take_output())
            self._fail(error)
            return _ERASED_SECONDS
        output = self._engine.take_output()
        self._pass_on(output)
        if self._feeder is not None:
            frames = self._feeder.answer(output)
            if frames:
                self._engine.send(frames)
                return 0.0
        return pause

    def _pass_on(self, output: bytes) -> None:
        # Also when there is nothing new: something may wait since the last time.
        self._pty.write(output)
        if self._tcp is not None:
            self._tcp.write(output)

    def _fail(self, error: RuneflashError) -> None:
        """The board is dead until it is reset or flashed."""
        self._fault = error.message
        _log(f"error: {error.message}")
        self._switch_off()

    def _switch_off(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    # -- the control socket

    def _answer_control(self) -> None:
        try:
            connection, _ = self._control.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_CONTROL_SECONDS)
            with connection.makefile("rwb") as stream:
                try:
                    answer = self._obey(json.loads(stream.readline(65536)), stream)
                except RuneflashError as error:
                    answer = {"ok": False, "error": error.message, "hint": error.hint}
                except OSError as error:
                    answer = {"ok": False, "error": f"the board cannot keep that ({error.strerror})", "hint": None}
                except (ValueError, KeyError, TypeError) as error:
                    answer = {"ok": False, "error": f"a request that makes no sense: {error}", "hint": None}
                stream.write(json.dumps(answer).encode() + b"\n")

    def _obey(self, request: dict[str, Any], stream: Any) -> dict[str, Any]:
        command = request["command"]
        if command == "flash":
            return self._flash(request, stream)
        if command == "reset":
            if self._engine is not None:
                self._engine.press_reset()
            elif self._image_sha256 is not None:
                self._boot(self._folder.flash.read_bytes())
        elif command == "stop":
            self.stopping = True
        elif command != "status":
            raise ValueError(f"command {command!r}")
        return {"ok": True, **self._status()}

    def _flash(self, request: dict[str, Any], stream: Any) -> dict[str, Any]:
        length = int(request["length"])
        if not 0 <= length <= self._board.flash.length:
            return {"ok": False, "error": f"{length:,} bytes do not fit into {self._board.id}", "hint": None}
        image = stream.read(length)
        if len(image) != length or hashlib.sha256(image).hexdigest() != request["sha256"]:
            return {"ok": False, "error": "the image did not arrive as it was sent", "hint": "try again"}
        check_image(image, self._board)
        work = self._folder.flash.with_suffix(".part")
        work.write_bytes(image)
        work.replace(self._folder.flash)
        self._boot(image)
        return {"ok": True, **self._status()}

    def _status(self) -> dict[str, Any]:
        return {
            "erased": self._image_sha256 is None,
            "image_sha256": self._image_sha256,
            "fault": self._fault,
            "recordings_ended": self._feeder.ended if self._feeder is not None else None,
            "lost_bytes": self._pty.lost + (self._tcp.lost if self._tcp is not None else 0),
        }


def main(arguments: list[str]) -> int:
    """Be a virtual board; return the exit status."""
    settings = Settings(**json.loads(arguments[0]))
    folder = board_folder(settings.id)
    with claimed(folder) as ours, tempfile.TemporaryDirectory(prefix="runeflash-") as place:
        if not ours:
            _say({"taken": True})
            return 0
        lock = folder.lock.stat()
        try:
            # A socket's path is short: the cache's may be too long.
            process = EmulatorProcess(settings, find_board(settings.board), folder, Path(place) / "control")
        except RuneflashError as error:
            _say({"error": error.message, "hint": error.hint})
            return error.exit_code
        except OSError as error:
            what = f"the TCP port {settings.tcp}" if settings.tcp else "a port"
            _say({"error": f"{what} cannot be had ({error.strerror})", "hint": None})
            return 4

        def stop(_number: int, _frame: object) -> None:
            process.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            folder.write_state(process.description)
            _say({"running": asdict(process.description)})
            process.serve(lock)
        finally:
            process.close()
    return 0


def _say(message: dict[str, Any]) -> None:
    """Tell whoever has started us, and let go of its pipe."""
    with contextlib.suppress(OSError):
        print(json.dumps(message), flush=True)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _log(sentence: str) -> None:
    """Write to the log, which is standard error; a log that has grown long is left as it is."""
    with contextlib.suppress(OSError):
        if os.fstat(sys.stderr.fileno()).st_size < _LOG_BYTES:
            print(time.strftime("%Y-%m-%d %H:%M:%S"), sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
