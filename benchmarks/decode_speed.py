"""How fast the host decodes what a board prints: ``python -m benchmarks.decode_speed``.

The one measurement of time here: it is this computer's speed, and no figure of a board's. A board at 1,000,000 baud
sends 0.1 MB/s.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import time
from collections.abc import Callable

from runeflash.device.canonical import canonical_line
from runeflash.device.lines import LineDecoder, Output

_MEGABYTES = 10
#: What one read of a port gives at most: a pty's buffer.
_CHUNK = 4096


def _line(type_name: str, dimensions: list[int], elements: list[object]) -> bytes:
    tensor = {"channel": 2, "dimensions": dimensions, "elements": elements, "type_name": type_name}
    return json.dumps(tensor, separators=(",", ":")).encode() + b"\n"


def _f32(generator: random.Random) -> float:
    """Return a number as a device prints it: the shortest text, 9 digits at most, of an f32."""
    value = struct.unpack("<f", struct.pack("<f", generator.uniform(-1, 1)))[0]
    return next(
        short
        for digits in range(1, 10)
        if struct.pack("<f", short := float(f"{value:.{digits}g}")) == struct.pack("<f", value)
    )


def _streams() -> dict[str, bytes]:
    generator = random.Random(1)
    kinds: dict[str, Callable[[], bytes]] = {
        "a label": lambda: _line("utf8", [1], ["Ring"]),
        "one f32": lambda: _line("f32", [1], [_f32(generator)]),
        "ten f32": lambda: _line("f32", [10], [_f32(generator) for _ in range(10)]),
        "64 u8": lambda: _line("u8", [8, 8], [generator.randrange(256) for _ in range(64)]),
    }
    streams = {name: b"".join(make() for _ in range(500)) for name, make in kinds.items()}
    return {name: data * (_MEGABYTES * 1_000_000 // len(data) + 1) for name, data in streams.items()}


def main() -> int:
    """Print the speed for each kind of line."""
    for name, data in _streams().items():
        decoder, outputs = LineDecoder(), 0
        start = time.process_time()
        for begin in range(0, len(data), _CHUNK):
            for record in decoder.feed(data[begin : begin + _CHUNK]):
                assert isinstance(record, Output)
                canonical_line(record)
                outputs += 1
        seconds = time.process_time() - start
        print(f"{name:<10}{len(data) / seconds / 1e6:>8.1f} MB/s {outputs / seconds:>12,.0f} lines/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
