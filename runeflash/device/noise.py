"""Data for capabilities that nobody has recorded anything for: what a profile needs is work to count."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from runeflash.device.random import Xoshiro128PlusPlus
from runeflash.device.recordings import Recordings

_SEED = 1


class NoiseWhereNothingIsRecorded:
    """Recordings, and noise, the same each time, for the kinds that have none."""

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    def provide(self, kind: str, source: int, length: int, parameters: Mapping[str, Any]) -> bytes:
        """Return the bytes that a request gets; of ACCEL they are floats between -10 and 10, in m/s².

        Raises:
            UserError: a recording that there is cannot be read.
        """
        if self._recordings.files.get(kind):
            return self._recordings.provide(kind, source, length, parameters)
        data = Xoshiro128PlusPlus(_SEED).bytes(length)
        if kind != "ACCEL":
            return data
        words = struct.unpack(f"<{length // 4}i", data[: length // 4 * 4])
        return struct.pack(f"<{len(words)}f", *(10 * word / (1 << 31) for word in words)).ljust(length, b"\0")
