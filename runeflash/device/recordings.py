"""Recorded data of the kinds that a capability can ask for, from the files a user names.

Every recording becomes the bytes of a tensor: what the capability would have filled its buffer with.
"""

from __future__ import annotations

import array
import csv
import io
import sys
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runeflash.device import sound
from runeflash.device.sound import ResampledSound
from runeflash.errors import UserError

#: Capability to the option that names its files.
OPTIONS = {"SOUND": "--sound", "ACCEL": "--accelerometer", "IMAGE": "--image", "RAW": "--raw"}

_DEFAULT_HZ = 16000

Warn = Callable[[str], None]
#: What a recording holds: bytes, or sound that is converted window by window.
Recorded = bytes | ResampledSound


class EndOfRecording(Exception):  # noqa: N818 - not an error: the walk through a recording is over
    """``--advance`` has come to the end of a recording."""


@dataclass
class Recordings:
    """The files of each kind, in the order of the command line; ``source: N`` picks one.

    Attributes:
        files: capability kind to files.
        advance: whether each further request for a source goes on where the last one ended.
        warn: called with a sentence about data that had to be changed to fit.
    """

    files: Mapping[str, Sequence[Path]]
    advance: bool = False
    warn: Callable[[str], None] = lambda sentence: None
    _positions: dict[tuple[str, int], int] = field(default_factory=dict)
    _warned: set[str] = field(default_factory=set)

    def check(self, kind: str, source: int = 0) -> None:
        """Check that there is a file for a capability.

        Raises:
            UserError: there is none, or it is not there.
        """
        files = self.files.get(kind, ())
        if not files:
            raise UserError(
                f'Unable to create the "{kind}" capability: no recording was given',
                hint=f"add {OPTIONS[kind]} FILE",
            )
        if not 0 <= source < len(files):
            raise UserError(
                f'Unable to create the "{kind}" capability: '
                f"There is no source with index {source} (# sources: {len(files)})",
                hint=f"{OPTIONS[kind]} can be given more than once",
            )
        try:
            files[source].stat()
        except OSError as error:
            raise UserError(f"the recording {files[source]} cannot be read ({error.strerror})") from error

    def provide(self, kind: str, source: int, length: int, parameters: Mapping[str, Any]) -> bytes:
        """Return the ``length`` bytes that a request gets.

        Args:
            kind: ``SOUND``, ``ACCEL``, ``IMAGE`` or ``RAW``.
            source: the number of the recording.
            length: bytes wanted.
            parameters: the capability's parameters (``hz``, ``width``, ...).

        Raises:
            UserError: there is no such recording, or it cannot be read as that kind.
            EndOfRecording: with ``advance``, nothing is left.
        """
        if kind not in OPTIONS:
            raise UserError(f"the board asks for data of a kind that cannot be recorded: {kind}")
        self.check(kind, source)
        path = self.files[kind][source]
        data = _READERS[kind](path, length, parameters, self._warn_once)
        start = 0
        if self.advance:
            start = self._positions.get((kind, source), 0)
            if start and start >= len(data):
                raise EndOfRecording
            self._positions[kind, source] = start + length
        window = data.window(start, length) if isinstance(data, ResampledSound) else data[start : start + length]
        if len(window) < length:
            self._warn_once(
                f"{path} has {len(window)} of the {length} bytes that {kind} wants: the rest is filled with zeros"
            )
        return window.ljust(length, b"\0")

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self._warned:
            self._warned.add(sentence)
            self.warn(sentence)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"the recording {path} cannot be read ({error.strerror})") from error


def _raw(path: Path, _length: int, _parameters: Mapping[str, Any], _warn: Warn) -> bytes:
    return _read_file(path)


def _accelerometer(path: Path, _length: int, _parameters: Mapping[str, Any], _warn: Warn) -> bytes:
    """Read rows of three numbers, in m/s², as f32 triples."""
    try:
        text = _read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"the recording {path} is not a text file of comma-separated numbers") from error
    values = array.array("f")
    seen_row = False
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if not seen_row and not any(_is_number(cell) for cell in cells):
            seen_row = True  # a header
            continue
        seen_row = True
        if len(cells) > 3:
            raise UserError(f'There were more than 3 columns in "{",".join(row)}" ({path}:{number})')
        if len(cells) < 3:
            raise UserError(
                f'Expected a row with 3 columns but found "{",".join(row)}" ({path}:{number})',
                hint="each row is x, y, z in m/s²",
            )
        for cell in cells:
            if not _is_number(cell):
                raise UserError(f"{cell!r} is not a number ({path}:{number})")
            values.append(float(cell))
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _sound(path: Path, _length: int, parameters: Mapping[str, Any], warn: Warn) -> Recorded:
    """Read the samples of a PCM WAV file, as 16-bit mono of the wanted rate."""
    file = io.BytesIO(sound.plain_wav(_read_file(path)))
    try:
        with wave.open(file, "rb") as recording:
            channels, width, rate = (
                recording.getnchannels(),
                recording.getsampwidth(),
                recording.getframerate(),
            )
            data = recording.readframes(recording.getnframes())
    except (wave.Error, EOFError, ValueError) as error:
        raise UserError(
            f"the recording {path} is not a WAV file of PCM samples ({str(error) or 'it ends too early'})",
            hint="ffmpeg -i RECORDING -c:a pcm_s16le SAMPLES.wav makes one of nearly everything",
        ) from error
    wanted = int(parameters.get("hz", parameters.get("frequency", _DEFAULT_HZ)))
    if min(channels, width, rate, wanted) < 1 or width > 4:
        raise UserError(f"the recording {path} has {channels} channel(s) of {8 * width} bits at {rate} Hz")
    if (channels, width, rate) == (1, 2, wanted):
        return data
    warn(
        f"{path} has {channels} channel(s) of {8 * width} bits at {rate} Hz, and is converted to the one of 16 bits "
        f"at {wanted} Hz that SOUND wants"
    )
    return ResampledSound(sound.mono_samples(data, channels, width), rate, wanted)


def _image(path: Path, length: int, parameters: Mapping[str, Any], warn: Warn) -> bytes:
    """Read the pixels of an image, in the wanted size, rows from the top, as grey, RGB or BGR bytes.

    Another size is resized exactly, whatever its proportions, by Catmull-Rom interpolation (bicubic, a = -0.5), with a
    wider kernel where it shrinks; each colour for itself, before grey is calculated. Alpha is dropped.
    """
    from PIL import Image, UnidentifiedImageError  # slow to import, rarely needed

    _read_file(path)
    try:
        with Image.open(path) as image:
            if image.mode == "F":
                raise ValueError("its pixels are floats, whose range is anyone's guess")
            # 16 bits become 8: a plain conversion would saturate
            narrow = image.point(lambda value: value / 256) if image.mode.startswith("I") else image
            pixels = (narrow.convert("L") if image.mode.startswith("I") else narrow).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"the recording {path} is not an image that can be read ({error})") from error
    width, height = parameters.get("width", pixels.width), parameters.get("height", pixels.height)
    if pixels.size != (width, height):
        warn(f"{path} has {pixels.width}×{pixels.height} pixels, and is resized to {width}×{height}")
        pixels = pixels.resize((width, height), Image.Resampling.BICUBIC)
    rgb = pixels.tobytes()
    red, green, blue = rgb[0::3], rgb[1::3], rgb[2::3]
    pixel_format = parameters.get("pixel_format", 2 if length == width * height else 0)
    if pixel_format == 2:
        # the reference's integer luma: ITU-R BT.709 weights in 1/10000, cut off
        return bytes((2126 * r + 7152 * g + 722 * b) // 10000 for r, g, b in zip(red, green, blue, strict=True))
    if pixel_format == 1:
        swapped = bytearray(rgb)
        swapped[0::3], swapped[2::3] = blue, red
        return bytes(swapped)
    return rgb


_READERS: Mapping[str, Callable[[Path, int, Mapping[str, Any], Warn], Recorded]] = {
    "SOUND": _sound,
    "ACCEL": _accelerometer,
    "IMAGE": _image,
    "RAW": _raw,
}
