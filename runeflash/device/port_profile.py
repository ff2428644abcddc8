"""Listening to a board whose firmware measures itself, until it has told of so many calls."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from runeflash.device.call_profile import KIND, CallProfile, read_call_profile
from runeflash.device.failures import rune_failure
from runeflash.device.lines import Output, Record, Status
from runeflash.device.monitor import Monitor
from runeflash.device.ports import Port
from runeflash.device.session import DataSource
from runeflash.errors import DeviceError, UserError

#: So many outputs of one channel without a `profile` line between them: the firmware prints none.
_OUTPUTS = 5
#: Seconds without a `profile` line, or without any byte, after which the board is given up.
PATIENCE = 60.0
_SLICE_SECONDS = 1.0


class _Listener:
    """What has been heard."""

    def __init__(self, port: Port, wanted: int, on_call: Callable[[int], None]) -> None:
        self.calls: list[CallProfile] = []
        self.boot: Mapping[str, Any] = {}
        self.heard = time.monotonic()
        self._port = port
        self._wanted = wanted
        self._on_call = on_call
        self._outputs: dict[int, int] = {}
        self._whole = False

    @property
    def finished(self) -> bool:
        return len(self.calls) >= self._wanted

    def take(self, record: Record, when: datetime) -> None:
        if self.finished:
            return
        if isinstance(record, Output):
            tensors = record.value if isinstance(record.value, list) else [record.value]
            channel = tensors[0]["channel"]
            self._outputs[channel] = self._outputs.get(channel, 0) + 1
            if self._outputs[channel] >= _OUTPUTS:
                raise self.no_lines(f"has printed {_OUTPUTS} outputs and no `profile` line")
        elif isinstance(record, Status):
            self._take_status(record)

    def _take_status(self, status: Status) -> None:
        if status.kind == "error":
            raise rune_failure(status)
        if status.kind == "boot":
            self.boot = status.fields
            self._whole = True
        elif status.kind == KIND:
            call = read_call_profile(status)
            if call is None:
                raise DeviceError(f"the board at {self._port.device} prints a `profile` line of another form")
            self.heard = time.monotonic()
            self._outputs.clear()
            if self._whole:
                self.calls.append(call)
                self._on_call(len(self.calls))
            self._whole = True  # the first one's call had begun, and waited, before anybody listened

    def no_lines(self, what: str) -> UserError:
        return UserError(
            f"the firmware at {self._port.device} {what}: it was not built to measure itself",
            hint="runeflash build --profile, then runeflash flash",
        )


def profile_port(
    port: Port,
    baud: int,
    calls: int,
    *,
    data: DataSource | None,
    on_call: Callable[[int], None],
    on_notice: Callable[[str], None],
) -> tuple[list[CallProfile], Mapping[str, Any]]:
    """Return the times of the next calls of the rune, and the fields of the boot line, where one came meanwhile.

    Args:
        port: where the board is.
        baud: the line's speed.
        calls: how many to wait for.
        data: what to play to the board, or None to play nothing.
        on_call: told how many calls there have been.
        on_notice: called with sentences about the connection.

    Raises:
        UserError: the firmware prints no such lines, or it asks for a recording that cannot be read.
        DeviceError: the port cannot be opened, the board says nothing, or the rune fails.
    """
    listener = _Listener(port, calls, on_call)
    monitor = Monitor(port, baud, on_record=listener.take, on_notice=on_notice, recordings=data, timeout=PATIENCE)
    with contextlib.closing(monitor):
        while not listener.finished:
            monitor.run(seconds=_SLICE_SECONDS)
            if time.monotonic() - listener.heard > PATIENCE:
                raise listener.no_lines(f"has printed no `profile` line in {PATIENCE:.0f} s")
            if monitor.recording_ended and not listener.finished:
                raise UserError(
                    f"the recording has come to its end after {len(listener.calls)} of {calls} calls",
                    hint="leave --advance out, or play a longer recording: the first call heard is not counted",
                )
    return listener.calls, listener.boot
