"""Frames from the host to the device (docs/wire.md, "Frames, host to device")."""

from __future__ import annotations

import struct
import zlib

SYNC = b"RF"
DATA, NO_DATA = 1, 2

#: Bytes of payload in every frame of a request but the last.
PAYLOAD = 244
#: Bytes of a full frame; ``window`` of a ``need`` line counts these.
FRAME = 256
#: The largest number of a request, and how many frames one can have: both are 16 bits in a frame.
MOST_REQUESTS, MOST_FRAMES = 0xFFFF, 0x10000


def encode_frame(kind: int, request: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    body = struct.pack("<BBHH", kind, len(payload), request, sequence) + payload
    return SYNC + body + struct.pack("<I", zlib.crc32(body))


def frame_count(length: int) -> int:
    """Return how many frames carry ``length`` bytes."""
    return -(-length // PAYLOAD)


def data_frame(request: int, sequence: int, data: bytes) -> bytes:
    """Return frame number ``sequence`` of a request's data."""
    return encode_frame(DATA, request, sequence, data[sequence * PAYLOAD : (sequence + 1) * PAYLOAD])
