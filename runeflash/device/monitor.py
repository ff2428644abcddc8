"""Watching a board: its lines become records, recordings are played to it, and it may come and go meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runeflash.device import emulator
from runeflash.device.connection import Connection
from runeflash.device.lines import LineDecoder, Output, Record, Status
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port
from runeflash.device.recordings import EndOfRecording
from runeflash.device.session import DataSource
from runeflash.device.stream import StreamFeeder
from runeflash.errors import DeviceError

_READ_SECONDS = 0.1
#: Seconds without a byte after which the user is told what may be wrong.
SILENCE_SECONDS = 6.0
#: What a board and its host have to say to each other about data; of no interest to who watches.
_EXCHANGE = frozenset({"need", "ack"})


@dataclass
class Counts:
    """What has been seen.

    Attributes:
        outputs: output lines.
        boots: starts of the firmware.
        errors: error lines.
        undecodable: lines that are neither outputs nor anything else, cut ones included.
        lost: how often the port has vanished.
    """

    outputs: int = 0
    boots: int = 0
    errors: int = 0
    undecodable: int = 0
    lost: int = 0

    def __str__(self) -> str:
        parts = [
            _count(self.outputs, "output", "outputs"),
            _count(self.boots, "boot", "boots"),
            _count(self.errors, "error", "errors"),
            _count(self.undecodable, "undecodable line", "undecodable lines"),
        ]
        if self.lost:
            parts.append(_count(self.lost, "interruption", "interruptions"))
        return ", ".join(parts)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


class Monitor:
    """Watches one board.

    Args:
        port: where it is.
        baud: the line's speed.
        on_record: called with every record but the exchange about data, and with the time at which it arrived.
        on_notice: called with sentences about the connection.
        recordings: what to play to the board, or None to play nothing.
        timeout: seconds without a byte after which the board is given up, or None to wait for ever.
        serial: the port, where it is open already.

    Raises:
        DeviceError: the port cannot be opened.

    Attributes:
        counts: what has been seen.
        recording_ended: whether the board has asked for more than there is to play.
    """

    def __init__(
        self,
        port: Port,
        baud: int,
        *,
        on_record: Callable[[Record, datetime], None],
        on_notice: Callable[[str], None],
        recordings: DataSource | None = None,
        timeout: float | None = None,
        serial: SerialPort | None = None,
    ) -> None:
        self.counts = Counts()
        self.recording_ended = False
        self._on_record = on_record
        self._on_notice = on_notice
        self._timeout = timeout
        self._decoder = LineDecoder()
        self._feeder = StreamFeeder(recordings.provide) if recordings is not None else None
        self._connection = Connection(port, baud, serial=serial, on_lost=self._lost, on_found=self._found)
        self._heard = self._found_at = time.monotonic()
        self._silence_told = False
        self._dropped = _dropped_bytes(port)
        self._stopping = False
        self._joined = serial is None  # the first line may be the rest of one

    def run(self, *, outputs: int | None = None, seconds: float | None = None) -> None:
        """Watch until so many outputs have been seen, so many seconds have passed, or :meth:`stop` was called.

        Raises:
            DeviceError: the board has sent nothing for the timeout, or takes no frames.
            UserError: it asks for a recording that was not given, or cannot be read.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while not self._stopping and (outputs is None or self.counts.outputs < outputs):
            now = time.monotonic()
            if end is not None and now >= end:
                return
            self.receive(self._connection.read(_READ_SECONDS if end is None else min(_READ_SECONDS, end - now)))
            if self._feeder is not None:
                self._connection.write(self._feeder.tick(time.monotonic()))
            self._check_silence()

    def stop(self) -> None:
        """Let :meth:`run` come back soon; may be called from a signal's handler."""
        self._stopping = True

    def receive(self, data: bytes) -> None:
        """Take bytes that the board has sent."""
        if not data:
            return
        self._heard = time.monotonic()
        self._silence_told = False
        when = datetime.now(UTC)
        for record in self._decoder.feed(data):
            self._take(record, when)

    def close(self) -> None:
        """Let go of the port. A line that was still coming in is no matter: it is the end that came between."""
        dropped = _dropped_bytes(self._connection.port) - self._dropped
        if dropped > 0:
            self._on_notice(f"{dropped:,} bytes of the board's came faster than they were read, and are lost")
        self._connection.close()

    def _take(self, record: Record, when: datetime) -> None:
        joined, self._joined = self._joined, False
        if isinstance(record, Output):
            self.counts.outputs += 1
        elif isinstance(record, Status):
            self.counts.boots += record.kind == "boot"
            self.counts.errors += record.kind == "error"
            self._feed(record)
            if record.kind in _EXCHANGE:
                return
        elif joined:
            self._on_notice(f"joined in the middle of a line: {record.text!r}")
            return
        else:
            self.counts.undecodable += 1
        self._on_record(record, when)

    def _feed(self, status: Status) -> None:
        if self._feeder is None:
            return
        try:
            self._connection.write(self._feeder.on_status(status, time.monotonic()))
        except EndOfRecording:
            self._feeder = None
            self.recording_ended = True
            self._on_notice("the recording has come to its end: nothing more is played to the board")

    # -- the connection

    def _cut(self) -> None:
        """Take what stands of a line that will not be completed."""
        rest = self._decoder.flush()
        if rest is not None:
            self._take(rest, datetime.now(UTC))

    def _lost(self, sentence: str) -> None:
        self.counts.lost += 1
        self._on_notice(f"{sentence}; waiting for the board to come back")
        self._cut()

    def _found(self, port: Port, seconds: float) -> None:
        self._on_notice(f"the board is back at {port}; what it sent in the {seconds:.1f} s between is lost")
        self._joined = True
        self._dropped = _dropped_bytes(port)
        self._silence_told = False
        self._found_at = time.monotonic()

    def _check_silence(self) -> None:
        silent = time.monotonic() - self._heard
        if self._timeout is not None and silent >= self._timeout:
            if not self._connection.connected:
                raise DeviceError(
                    f"the board at {self._connection.port.device} has not come back within {self._timeout:g} s"
                )
            raise DeviceError(
                f"the board at {self._connection.port.device} has sent nothing for {self._timeout:g} s",
                hint=why_silent(self._connection.port),
            )
        unheard = time.monotonic() - max(self._heard, self._found_at)
        if unheard >= SILENCE_SECONDS and not self._silence_told and self._connection.connected:
            self._silence_told = True
            self._on_notice(
                f"nothing has come from {self._connection.port.device} for {SILENCE_SECONDS:.0f} s: "
                f"{why_silent(self._connection.port)}"
            )


def _dropped_bytes(port: Port) -> int:
    """Return how much a virtual board has sent in vain so far; 0 for a real one, where nobody can know."""
    if port.virtual is None:
        return 0
    try:
        return emulator.status(emulator.find_running(port.virtual)).lost_bytes
    except DeviceError:
        return 0


def why_silent(port: Port) -> str:
    """Return what may be the matter with a board that says nothing."""
    if port.virtual is None:
        return "is it flashed (runeflash flash), is this its port, and is --baud what the firmware has?"
    try:
        state = emulator.status(emulator.find_running(port.virtual))
    except DeviceError as error:
        return error.message
    if state.erased:
        return "the board is erased: runeflash flash"
    if state.fault is not None:
        return state.fault
    if state.recordings_ended is not None:
        return f"it plays no more recordings: {state.recordings_ended}"
    return "the firmware has started, and says nothing"
