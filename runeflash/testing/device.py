"""A board with the firmware of a test: recordings in, decoded outputs out, and never waiting for ever."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from runeflash.boards import Board
from runeflash.device import emulator
from runeflash.device.failures import rune_failure
from runeflash.device.lines import Output, Record, Status
from runeflash.device.monitor import why_silent
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port
from runeflash.device.recordings import EndOfRecording, Recordings
from runeflash.device.upload import upload_image
from runeflash.errors import DeviceError, DeviceTimeoutError, RuneflashError, UserError
from runeflash.firmware.build import Firmware
from runeflash.testing.decoded import DecodedOutput, decode_output
from runeflash.testing.exchange import Exchange

P = ParamSpec("P")
R = TypeVar("R")
#: What a test may name: one file, or several for ``source: N``.
Files = str | Path | Sequence[str | Path]


def _for_tests(method: Callable[P, R]) -> Callable[P, R]:
    """Let errors end in the test's own line, with their hint, instead of in this module."""

    @functools.wraps(method)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        __tracebackhide__ = True
        try:
            return method(*arguments, **options)
        except RuneflashError as error:
            if error.hint and not hasattr(error, "__notes__"):
                error.add_note(f"hint: {error.hint}")
            raise error.with_traceback(None) from None

    return call


class Device:
    """A board that runs a test's rune.

    Data are given to the rune only while a test waits for something: what is played next is played from the next call
    of the rune on, and nothing in between.

    Args:
        board: the board.
        port: where it is.
        serial: the port, open.
        firmware: what is flashed.
        folder: relative names of recordings are relative to this one.
        kinds: the capabilities of the rune.
        timeout: seconds to wait for anything, unless said otherwise.

    Attributes:
        board: the board.
        port: where it is.
    """

    def __init__(
        self,
        board: Board,
        port: Port,
        serial: SerialPort,
        firmware: Firmware,
        *,
        folder: Path,
        kinds: Sequence[str],
        timeout: float,
    ) -> None:
        self.board = board
        self.port = port
        self._firmware = firmware
        self._folder = folder
        self._kinds = kinds
        self._timeout = timeout
        self._exchange = Exchange(serial)

    @property
    def boot(self) -> Mapping[str, Any]:
        """The boot line's fields: ``rune``, ``build``, ``board``, ``engine``, ``reset``."""
        return self._exchange.boot

    @property
    def records(self) -> Sequence[Record]:
        """The last 1,000 records of the device's, of every kind but the exchange about data."""
        return self._exchange.records

    @property
    def undecodable(self) -> Sequence[str]:
        """The lines that could not be decoded."""
        return self._exchange.undecodable

    @property
    def log(self) -> Sequence[str]:
        """The messages of its log lines, and what had to be changed in recordings to fit."""
        return self._exchange.log

    @_for_tests
    def play(
        self,
        *,
        sound: Files = (),
        accelerometer: Files = (),
        image: Files = (),
        raw: Files = (),
        advance: bool = False,
    ) -> None:
        """Play recordings to the rune from its next call on; outputs that were not looked at are dropped.

        Args:
            sound, accelerometer, image, raw: files, as the options of ``runeflash run`` take them; relative names are
                relative to the Runefile's folder. Several of a kind are for capabilities with ``source: N``.
            advance: walk on through the recordings, call by call, instead of starting over with each.

        Raises:
            UserError: a file cannot be read, or the rune has no such capability.
            DeviceError: the device does not ask for data in time.
        """
        named = {"SOUND": sound, "ACCEL": accelerometer, "IMAGE": image, "RAW": raw}
        files = {kind: self._paths(value) for kind, value in named.items()}
        exchange = self._exchange
        recordings = Recordings(files, advance, exchange.log.append)
        for kind, paths in files.items():
            if paths and kind not in self._kinds:
                raise UserError(f"the rune has no {kind}: it asks for {', '.join(self._kinds) or 'nothing'}")
            for number in range(len(paths)):
                Recordings(files).provide(kind, number, 0, {})  # before the device waits for it in vain
        if exchange.recordings is not None and not exchange.is_asking:
            # A call is under way with the last recordings: its outputs are not the next one's.
            deadline = time.monotonic() + self._timeout
            while not exchange.is_asking:
                self._check(deadline, "asked for data")
                exchange.receive(answering=False)
        exchange.play(recordings)

    @_for_tests
    def output(self, timeout: float | None = None) -> DecodedOutput:
        """Wait for the next output of the rune.

        Args:
            timeout: seconds to wait; by default the test's.

        Raises:
            DeviceTimeoutError: none has come.
            DeviceError: the rune has failed, or the device has started anew or vanished.
            UserError: the rune asks for a recording that is not played.
        """
        return self.outputs(1, timeout)[0]

    @_for_tests
    def outputs(self, count: int | None = None, timeout: float | None = None) -> list[DecodedOutput]:
        """Wait for ``count`` outputs; without it, for all until the recordings played with ``advance`` have ended.

        Args:
            count: how many.
            timeout: seconds to wait for each; by default the test's.

        Raises:
            UserError, DeviceError: as :meth:`output`.
        """
        recordings = self._exchange.recordings
        if count is None and (recordings is None or not recordings.advance):
            raise UserError("outputs() wants a number, or recordings that end: play(..., advance=True)")
        found: list[DecodedOutput] = []
        while count is None or len(found) < count:
            deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
            try:
                record = self._next(deadline, "printed an output")
            except EndOfRecording:
                if count is None:
                    break
                raise UserError("the recording has come to its end, and device.play() starts none anew") from None
            if isinstance(record, Output):
                found.append(decode_output(record))
            elif isinstance(record, Status):
                self._refuse(record)
        return found

    @_for_tests
    def record(self, timeout: float | None = None) -> Record:
        """Wait for the next record of any kind: an output as it came, a status line, or a line that is neither.

        Raises:
            DeviceTimeoutError: none has come.
            DeviceError: the device has vanished.
        """
        return self._next(time.monotonic() + (self._timeout if timeout is None else timeout), "printed a line")

    @_for_tests
    def reset(self) -> None:
        """Start the firmware anew, and wait for its boot line. A real board is flashed anew for it.

        Raises:
            DeviceError: it does not boot.
        """
        if self.port.virtual is not None:
            self._exchange.start_over()
            emulator.reset(emulator.find_running(self.port.virtual))
            self._wait_for_boot()
        else:
            self.flash()

    @_for_tests
    def flash(self) -> None:
        """Flash the test's firmware, and wait for its boot line. The fixture has done so before the test.

        Raises:
            DeviceError: the board does not take it, or does not boot.
        """
        self._exchange.start_over()
        upload_image(self._firmware.image.read_bytes(), self.board, self.port)
        self._wait_for_boot()

    def _paths(self, files: Files) -> list[Path]:
        names = [files] if isinstance(files, (str, Path)) else files
        return [self._folder / name for name in names]

    def _wait_for_boot(self) -> None:
        """Wait for the boot line; what comes before it is the last firmware's."""
        deadline = time.monotonic() + self._timeout
        while True:
            record = self._next(deadline, "booted", answering=False)
            if isinstance(record, Status) and record.kind == "boot":
                break
        if self.boot.get("build") != self._firmware.build_id:
            raise DeviceError(
                f"the board at {self.port.device} runs the build {self.boot.get('build')} of {self.boot.get('rune')}, "
                f"not {self._firmware.build_id}, which it was given"
            )

    def _next(self, deadline: float, what: str, *, answering: bool = True) -> Record:
        while not self._exchange.new:
            self._check(deadline, what)
            self._exchange.receive(answering=answering)
        return self._exchange.new.popleft()

    def _check(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            undecodable = f"; it has sent {len(self.undecodable)} undecodable lines" if self.undecodable else ""
            raise DeviceTimeoutError(
                f"{self.board.id} at {self.port.device} has not {what} in time{undecodable}",
                hint=why_silent(self.port),
            )

    def _refuse(self, status: Status) -> None:
        """Raise what a status line says has gone wrong."""
        if status.kind == "error":
            raise rune_failure(status)
        if status.kind == "boot":
            raise DeviceError(
                f"{self.board.id} at {self.port.device} has started anew (cause: {status.fields.get('reset')})"
            )
