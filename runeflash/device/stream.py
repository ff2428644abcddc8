"""The host's side of a request (docs/wire.md, "A request"), without any input or output of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runeflash.device.frames import MOST_FRAMES, MOST_REQUESTS, NO_DATA, data_frame, encode_frame, frame_count
from runeflash.device.lines import Status

#: Seconds without an acknowledgement, while frames are under way, after which they are sent again.
RESEND_AFTER = 0.5

Provider = Callable[[str, int, int, Mapping[str, Any]], bytes | None]


@dataclass
class _Request:
    number: int
    data: bytes
    frames: int
    window: int
    acknowledged: int
    sent: int
    last_progress: float
    resent_at: int = -1


class StreamFeeder:
    """Answers ``need`` lines with frames.

    ``provider(kind, source, bytes, parameters)`` gives the data of a request, or None when the host has none.
    Times are seconds of any clock that goes forward.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._request: _Request | None = None

    def on_status(self, status: Status, now: float) -> bytes:
        """Take a line that is not an output; return the frames to send."""
        if status.kind == "boot":
            self._request = None
            return b""
        if status.kind == "need":
            return self._need(status.fields, now)
        if status.kind == "ack":
            return self._acknowledge(status.fields, now)
        return b""

    def tick(self, now: float) -> bytes:
        """Return the frames to send again because no acknowledgement came in time."""
        request = self._request
        if request is None or request.sent == request.acknowledged or now - request.last_progress < RESEND_AFTER:
            return b""
        request.last_progress = now
        request.sent = request.acknowledged
        return self._send(request)

    def _need(self, fields: Mapping[str, Any], now: float) -> bytes:
        numbers = [fields.get(name) for name in ("request", "source", "bytes", "next", "window")]
        kind, parameters = fields.get("kind"), fields.get("parameters", {})
        if not all(type(number) is int and number >= 0 for number in numbers):
            return b""
        if not isinstance(kind, str) or not isinstance(parameters, dict):
            return b""
        number, source, length, following, window = (int(value) for value in numbers if value is not None)
        if number > MOST_REQUESTS or frame_count(length) > MOST_FRAMES:
            return b""
        request = self._request
        if request is None or request.number != number:
            data = self._provider(kind, source, length, parameters)
            if data is None:
                self._request = None
                return encode_frame(NO_DATA, number, 0)
            request = self._request = _Request(number, data, frame_count(length), 1, 0, 0, now)
        request.window = max(window, 1)
        request.acknowledged = request.sent = min(following, request.frames)
        request.last_progress = now
        request.resent_at = -1
        return self._send(request)

    def _acknowledge(self, fields: Mapping[str, Any], now: float) -> bytes:
        request, following = self._request, fields.get("next")
        if request is None or fields.get("request") != request.number or type(following) is not int:
            return b""
        if request.acknowledged < following <= request.sent:
            request.acknowledged = following
            request.last_progress = now
        elif following == request.acknowledged and request.resent_at != following:
            # A repeated acknowledgement: the device has seen a gap. Once is enough for the same gap.
            request.resent_at = following
            request.sent = following
            request.last_progress = now
        return self._send(request)

    def _send(self, request: _Request) -> bytes:
        out = bytearray()
        while request.sent < min(request.frames, request.acknowledged + request.window):
            out += data_frame(request.number, request.sent, request.data)
            request.sent += 1
        return bytes(out)
