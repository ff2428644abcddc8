"""A file of records, one JSON object per line, with the time at which each arrived at the host."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from runeflash.device.canonical import canonical_line
from runeflash.device.lines import Output, Record, Status
from runeflash.errors import UserError


class RecordFile:
    """Appends records to a file; every line is whole and on its way to the disk as soon as it is written.

    ``{"time":"2026-01-31T12:00:00.000000+00:00","kind":"output","value":…}``; kinds are ``output`` (the value in
    canonical form), ``boot``, ``log``, ``error``, ``profile`` (with the line's own keys), ``undecodable`` (with
    ``text``) and ``notice`` (with ``text``: the port vanished, or is back).

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise UserError(f"the file {path} cannot be written ({error.strerror})") from error

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def record(self, record: Record, when: datetime) -> None:
        """Append a record."""
        if isinstance(record, Output):
            self._write(f'{{"time":"{_time(when)}","kind":"output","value":{canonical_line(record)}}}\n')
        elif isinstance(record, Status):
            self._append(when, record.kind, dict(record.fields))
        else:
            self._append(when, "undecodable", {"text": record.text})

    def notice(self, sentence: str) -> None:
        """Append a sentence about the connection."""
        self._append(datetime.now(UTC), "notice", {"text": sentence})

    def _append(self, when: datetime, kind: str, fields: dict[str, Any]) -> None:
        # Ours last: a line's own key of that name must not take their place.
        content = {"time": "", "kind": "", **fields, **{"time": _time(when), "kind": kind}}
        self._write(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")

    def _write(self, line: str) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            raise UserError(f"the file {self._path} cannot be written ({error.strerror})") from error


def _time(when: datetime) -> str:
    return when.isoformat(timespec="microseconds")
