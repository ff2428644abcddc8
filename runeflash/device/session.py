"""One ``run`` of a rune: lines come in, frames go out, until every repetition has printed its outputs.

Knows nothing of how the bytes travel: a program on this computer, a virtual board and a real
one all drive it the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runeflash.device.call_profile import CallProfile, read_call_profile
from runeflash.device.canonical import canonical_line
from runeflash.device.failures import rune_failure
from runeflash.device.lines import LineDecoder, Output, Status
from runeflash.device.recordings import EndOfRecording
from runeflash.device.stream import StreamFeeder
from runeflash.errors import RuneflashError


class DataSource(Protocol):
    """What gives a capability its data."""

    def provide(self, kind: str, source: int, length: int, parameters: Mapping[str, Any]) -> bytes:
        """Return ``length`` bytes: see :meth:`Recordings.provide`."""


class RunSession:
    """The state of a run.

    Args:
        recordings: what to play into the rune.
        lines_per_call: how many outputs one call of the rune prints.
        repeats: how many calls to wait for.
        emit: called with each output as a canonical line.
        warn: called with sentences for the user.
        profiled: the firmware measures itself: each call's ``profile`` line is waited for as well.

    Attributes:
        finished: whether nothing more is to be waited for.
        failure: why it finished early, or None.
        profiles: what ``profile`` lines have said.
    """

    def __init__(
        self,
        recordings: DataSource,
        *,
        lines_per_call: int,
        repeats: int,
        emit: Callable[[str], None],
        warn: Callable[[str], None],
        profiled: bool = False,
    ) -> None:
        self._recordings = recordings
        self._left = lines_per_call * repeats
        self._emit = emit
        self._warn = warn
        self._decoder = LineDecoder()
        self._feeder = StreamFeeder(self._provide)
        self._outgoing = bytearray()
        self.finished = False
        self.failure: RuneflashError | None = None
        self.profiles: list[CallProfile] = []
        self._profiles_wanted = repeats if profiled else 0

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the device."""
        for record in self._decoder.feed(data):
            if self.finished:
                return
            if isinstance(record, Output):
                if self._left > 0:
                    self._emit(canonical_line(record))
                self._left -= 1
                self._check_finished()
            elif isinstance(record, Status):
                self._status(record, now)
            else:
                self._warn(f"a line from the device could not be decoded: {record.text!r}")

    def take_outgoing(self, now: float) -> bytes:
        """Return the bytes to send to the device."""
        self._outgoing += self._feeder.tick(now)
        data, self._outgoing = bytes(self._outgoing), bytearray()
        return data

    def _status(self, status: Status, now: float) -> None:
        if status.kind == "boot":
            self._check_finished()
        profile = read_call_profile(status)
        if profile is not None and len(self.profiles) < self._profiles_wanted:
            self.profiles.append(profile)
            self._check_finished()
        if status.kind == "error":
            self._fail(rune_failure(status))
        elif status.kind == "log" and status.fields.get("level") in {"error", "warning"}:
            self._warn(str(status.fields.get("message", "")))
        try:
            self._outgoing += self._feeder.on_status(status, now)
        except EndOfRecording:
            self._warn("the recording has come to its end")
            self.finished = True
        except RuneflashError as error:
            self._fail(error)

    def _check_finished(self) -> None:
        self.finished = self._left <= 0 and len(self.profiles) >= self._profiles_wanted

    def _provide(self, kind: str, source: int, length: int, parameters: object) -> bytes | None:
        assert isinstance(parameters, dict)
        return self._recordings.provide(kind, source, length, parameters)

    def _fail(self, error: RuneflashError) -> None:
        self.failure = self.failure or error
        self.finished = True
