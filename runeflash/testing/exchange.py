"""What a device says and what it is given, without waiting for anything: :class:`Exchange`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from runeflash.device.lines import LineDecoder, Output, Record, Status, Undecodable
from runeflash.device.port import SerialPort
from runeflash.device.recordings import OPTIONS, Recordings
from runeflash.device.stream import StreamFeeder
from runeflash.errors import UserError

_READ_SECONDS = 0.05
_KEPT_RECORDS = 1000


class Exchange:
    """The line to a device: records come in, and recordings go out when they are asked for and may be given.

    Args:
        serial: the port, open.

    Attributes:
        boot: the fields of the last boot line that was waited for.
        records: the last 1,000 records, of every kind but the exchange about data.
        new: those that nobody has looked at.
        undecodable: the lines that could not be decoded.
        log: the messages of log lines.
        recordings: what is played, or None.
    """

    def __init__(self, serial: SerialPort) -> None:
        self.boot: Mapping[str, Any] = {}
        self.records: deque[Record] = deque(maxlen=_KEPT_RECORDS)
        self.new: deque[Record] = deque()
        self.undecodable: list[str] = []
        self.log: list[str] = []
        self.recordings: Recordings | None = None
        self._serial = serial
        self._decoder = LineDecoder()
        self._feeder: StreamFeeder | None = None
        self._need: Status | None = None
        self._starting = True

    @property
    def is_asking(self) -> bool:
        """Whether the device has asked for data that it has not been given."""
        return self._need is not None

    def start_over(self) -> None:
        """Forget what was said: the firmware is started anew. What is played is played from its beginning."""
        self._decoder = LineDecoder()
        self.new.clear()
        self._need = None
        self._starting = True
        if self.recordings is not None:
            self._feeder = StreamFeeder(self.recordings.provide)

    def play(self, recordings: Recordings) -> None:
        """Play other recordings; outputs that nobody has looked at are dropped."""
        self.new = deque(record for record in self.new if not isinstance(record, Output))
        self.recordings = recordings
        self._feeder = StreamFeeder(recordings.provide)

    def receive(self, *, answering: bool) -> None:
        """Take what the device has sent, waiting a moment for it; give it the data that it has asked for.

        Args:
            answering: whether it may have them; data that are under way are always brought to their end.

        Raises:
            UserError: it asks for data of a kind that is not played.
            EndOfRecording: there are no more.
            DeviceError: it has vanished, or takes no data.
        """
        if answering and self._need is not None:
            self._answer(self._need)
        for record in self._decoder.feed(self._serial.read(_READ_SECONDS)):
            self.take(record)
        if self._feeder is not None:
            self._serial.write(self._feeder.tick(time.monotonic()))

    def take(self, record: Record) -> None:
        """Take a record of the device's."""
        if isinstance(record, Status) and record.kind == "need":
            self._need = record
            return
        if isinstance(record, Status) and record.kind == "ack":
            if self._feeder is not None:
                self._serial.write(self._feeder.on_status(record, time.monotonic()))
            return
        if isinstance(record, Undecodable):
            self.undecodable.append(record.text)
        if isinstance(record, Status) and record.kind == "log":
            self.log.append(str(record.fields.get("message", "")))
        if isinstance(record, Status) and record.kind == "boot":
            self._need = None
            if self._starting:
                # What came before was the last firmware's.
                self.boot, self._starting = record.fields, False
                self.undecodable.clear()
        self.records.append(record)
        self.new.append(record)

    def _answer(self, need: Status) -> None:
        if self._feeder is None:
            kind = str(need.fields.get("kind"))
            option = OPTIONS.get(kind, "--raw").removeprefix("--")
            raise UserError(
                f"the rune asks for {kind}, and nothing is played", hint=f"before this: device.play({option}=FILE)"
            )
        frames = self._feeder.on_status(need, time.monotonic())
        self._need = None  # only now: at the end of a recording it stays to be answered
        self._serial.write(frames)
