"""Recordings: every kind of file becomes the bytes of a tensor, or an error that says what is wrong with it."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from runeflash.device.recordings import EndOfRecording, Recordings
from runeflash.errors import UserError

Array = npt.NDArray[np.generic]


def recordings(kind: str, *paths: Path, advance: bool = False) -> tuple[Recordings, list[str]]:
    warnings: list[str] = []
    return Recordings({kind: paths}, advance, warnings.append), warnings


def csv(tmp_path: Path, text: str) -> Recordings:
    path = tmp_path / "a.csv"
    path.write_text(text)
    return recordings("ACCEL", path)[0]


def test_rows_become_f32_triples(tmp_path: Path) -> None:
    data = csv(tmp_path, "1,2,3\n\n 4.5, -5 ,6e1\n").provide("ACCEL", 0, 24, {})
    assert struct.unpack("<6f", data) == (1, 2, 3, 4.5, -5, 60)


def test_a_header_is_skipped(tmp_path: Path) -> None:
    assert struct.unpack("<3f", csv(tmp_path, "x,y,z\n1,2,3\n").provide("ACCEL", 0, 12, {})) == (1, 2, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n", 'Expected a row with 3 columns but found "1,2"'),
        ("1,2,3\n1,2,3,4\n", 'There were more than 3 columns in "1,2,3,4"'),
        ("1,2,3\n1,two,3\n", "'two' is not a number"),
    ],
)
def test_wrong_rows_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        csv(tmp_path, text).provide("ACCEL", 0, 12, {})
    assert message in error.value.message
    assert f"a.csv:{len(text.splitlines())}" in error.value.message


def test_missing_data_is_zero_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "short.bin"
    path.write_bytes(b"abc")
    source, warnings = recordings("RAW", path)
    assert source.provide("RAW", 0, 5, {}) == b"abc\0\0"
    assert source.provide("RAW", 0, 5, {}) == b"abc\0\0"
    assert len(warnings) == 1
    assert "3 of the 5 bytes" in warnings[0]


def test_data_start_over_with_every_request(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(10)))
    source, _ = recordings("RAW", path)
    assert source.provide("RAW", 0, 4, {}) == source.provide("RAW", 0, 4, {}) == bytes(range(4))


def test_advance_walks_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(6)))
    source, _ = recordings("RAW", path, advance=True)
    assert source.provide("RAW", 0, 4, {}) == bytes(range(4))
    assert source.provide("RAW", 0, 4, {}) == b"\4\5\0\0"
    with pytest.raises(EndOfRecording):
        source.provide("RAW", 0, 4, {})


def test_the_second_source(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text(path.name)
    source, _ = recordings("RAW", *paths)
    assert source.provide("RAW", 1, 1, {}) == b"b"
    with pytest.raises(UserError, match=r"There is no source with index 2 \(# sources: 2\)"):
        source.provide("RAW", 2, 1, {})


def test_no_recording_at_all() -> None:
    with pytest.raises(UserError) as error:
        Recordings({}).provide("RAW", 0, 1, {})
    assert 'Unable to create the "RAW" capability' in error.value.message


@pytest.mark.parametrize("kind", ["SOUND", "ACCEL", "IMAGE", "RAW"])
def test_files_that_are_not_there(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        recordings(kind, tmp_path / "none")[0].provide(kind, 0, 4, {})


@pytest.mark.parametrize("kind", ["SOUND", "ACCEL", "IMAGE"])
def test_files_of_another_kind(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\xff\x00\x81 not this")
    with pytest.raises(UserError):
        recordings(kind, path)[0].provide(kind, 0, 4, {})


def sound(tmp_path: Path, rate: int = 16000, channels: int = 1) -> Path:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack("<4h", 1, -2, 3, -4))
    return path


def test_samples_of_a_wav_file(tmp_path: Path) -> None:
    source, _ = recordings("SOUND", sound(tmp_path))
    assert struct.unpack("<4h", source.provide("SOUND", 0, 8, {"hz": 16000})) == (1, -2, 3, -4)


def test_a_wav_file_of_another_form_is_converted_with_a_warning(tmp_path: Path) -> None:
    source, warnings = recordings("SOUND", sound(tmp_path, 16000, 2))
    # the averages of 1 and -2, of 3 and -4: -0.5, rounded up
    assert struct.unpack("<2h", source.provide("SOUND", 0, 4, {"hz": 16000})) == (0, 0)
    assert source.provide("SOUND", 0, 4, {"hz": 16000}) == bytes(4)
    assert len(warnings) == 1
    assert "2 channel(s) of 16 bits at 16000 Hz" in warnings[0]


def wav(tag: int, bits: int, data: bytes, extension: bytes = b"") -> bytes:
    """A WAV file, byte by byte: one channel, 16 kHz."""
    size = bits // 8
    form = struct.pack("<HHIIHH", tag, 1, 16000, 16000 * size, size, bits) + extension
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extensible(tag: int) -> bytes:
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return struct.pack("<HHI", 22, 24, 4) + guid


SAMPLES = (1000, -2000, 3000, -4000)
PLAIN = struct.pack("<4h", *SAMPLES)
WIDE = b"".join(struct.pack("<i", sample * 256)[:3] for sample in SAMPLES)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (wav(1, 24, WIDE), SAMPLES),
        (wav(0xFFFE, 24, WIDE, extensible(1)), SAMPLES),
        (wav(0xFFFE, 16, PLAIN, extensible(1)), SAMPLES),
        (wav(1, 16, b""), (0, 0, 0, 0)),
        (wav(1, 16, PLAIN)[:-4], (1000, -2000, 0, 0)),  # cut off
        (wav(1, 16, PLAIN).replace(b"data\x08\0\0\0", b"data\xff\xff\xff\xff"), SAMPLES),  # written to a pipe
    ],
    ids=["24 bits", "24 bits, extensible", "extensible", "no samples", "cut off", "without a length"],
)
def test_wav_files_of_all_sorts(tmp_path: Path, content: bytes, expected: tuple[int, ...]) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    source, _ = recordings("SOUND", tmp_path / "a.wav")
    assert struct.unpack("<4h", source.provide("SOUND", 0, 8, {"hz": 16000})) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wav(3, 32, struct.pack("<4f", 0.1, 0.2, 0.3, 0.4)), "unknown format: 3"),
        (wav(0xFFFE, 32, struct.pack("<4f", 0.1, 0.2, 0.3, 0.4), extensible(3)), "not a WAV file of PCM samples"),
        (wav(7, 8, bytes(8)), "unknown format: 7"),
        (wav(1, 16, PLAIN)[:30], "it ends too early"),
        (b"", "it ends too early"),
        (wav(1, 16, PLAIN).replace(struct.pack("<I", 16000), bytes(4), 1), "at 0 Hz"),
    ],
    ids=["floats", "floats, extensible", "mu-law", "header cut off", "empty", "no rate"],
)
def test_wav_files_that_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match=message):
        recordings("SOUND", tmp_path / "a.wav")[0].provide("SOUND", 0, 8, {"hz": 16000})


def test_half_the_rate_gives_twice_the_samples(tmp_path: Path) -> None:
    source, warnings = recordings("SOUND", sound(tmp_path, 8000, 1))
    assert len(source.provide("SOUND", 0, 16, {"hz": 16000})) == 16
    assert len(warnings) == 1
    source.provide("SOUND", 0, 18, {"hz": 16000})
    assert "16 of the 18 bytes" in warnings[1]


def test_walking_through_resampled_sound_gives_the_same_samples(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(struct.pack("<900h", *((i * 7919) % 20011 - 10000 for i in range(900))))
    whole = recordings("SOUND", path)[0].provide("SOUND", 0, 600, {"hz": 16000})
    walk, _ = recordings("SOUND", path, advance=True)
    assert b"".join(walk.provide("SOUND", 0, 200, {"hz": 16000}) for _ in range(3)) == whole


@pytest.mark.parametrize(
    ("pixel_format", "expected"),
    [(0, bytes([10, 20, 30, 255, 255, 255])), (1, bytes([30, 20, 10, 255, 255, 255])), (2, bytes([18, 255]))],
)
def test_pixels(tmp_path: Path, pixel_format: int, expected: bytes) -> None:
    path = tmp_path / "a.png"
    image = Image.new("RGB", (2, 1), (10, 20, 30))
    image.putpixel((1, 0), (255, 255, 255))
    image.save(path)
    parameters = {"width": 2, "height": 1, "pixel_format": pixel_format}
    source, _ = recordings("IMAGE", path)
    assert source.provide("IMAGE", 0, len(expected), parameters) == expected


def catmull_rom(pixels: Array, size: int) -> Array:
    """Resize along the first axis; nothing is rounded."""
    ratio = pixels.shape[0] / size
    scale = max(ratio, 1)
    rows = []
    for target in range(size):
        x = np.abs((np.arange(pixels.shape[0]) + 0.5 - (target + 0.5) * ratio) / scale)
        weights = np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))
        rows.append(np.tensordot(weights / weights.sum(), pixels, 1))
    return np.array(rows)


@pytest.mark.parametrize("size", [(5, 4), (40, 31), (16, 9), (1, 1), (16, 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_another_size_is_resized(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (9, 16, len(mode)), dtype=np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(pixels, mode).save(path)
    source, warnings = recordings("IMAGE", path)
    width, height = size
    data = source.provide("IMAGE", 0, width * height * 3, {"width": width, "height": height, "pixel_format": 0})
    found = np.frombuffer(data, np.uint8).reshape(height, width, 3).astype(int)
    # Alpha has no part in it. Both directions are rounded and cut off, one after the other.
    along = np.clip(catmull_rom(pixels[..., :3].swapaxes(0, 1).astype(float), width), 0, 255).swapaxes(0, 1)
    expected = np.clip(catmull_rom(along, height), 0, 255)
    assert np.abs(found - expected).max() <= 1.5
    assert len(warnings) == (size != (16, 9))
    grey = source.provide("IMAGE", 0, width * height, {"width": width, "height": height, "pixel_format": 2})
    luma = (2126 * found[..., 0] + 7152 * found[..., 1] + 722 * found[..., 2]) // 10000
    assert np.array_equal(np.frombuffer(grey, np.uint8), luma.ravel())


def test_sixteen_bits_of_grey(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 256, 0x8000, 0xFFFF]], np.uint16)).save(path)
    parameters = {"width": 4, "height": 1, "pixel_format": 2}
    assert list(recordings("IMAGE", path)[0].provide("IMAGE", 0, 4, parameters)) == [0, 1, 128, 255]


@pytest.mark.parametrize("name", ["animated.gif", "grey.png", "palette.png", "alpha.png", "cmyk.jpg"])
def test_images_of_all_sorts(tmp_path: Path, name: str) -> None:
    """The first picture of several, and colours of any sort."""
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    if name == "animated.gif":
        image.save(tmp_path / name, save_all=True, append_images=[Image.new("RGB", (8, 8), (0, 0, 255))])
    else:
        mode = {"grey.png": "L", "palette.png": "P", "alpha.png": "RGBA", "cmyk.jpg": "CMYK"}[name]
        image.convert(mode).save(tmp_path / name, quality=100)
    parameters = {"width": 1, "height": 1, "pixel_format": 0}
    found = recordings("IMAGE", tmp_path / name)[0].provide("IMAGE", 0, 3, parameters)
    # Pillow's own grey has the weights of ITU-R BT.601
    expected = (124, 124, 124) if name == "grey.png" else (200, 100, 50)
    assert np.abs(np.array(list(found)) - expected).max() <= 4


def test_images_that_are_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.png")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "float.tiff")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, message in (("cut.png", "truncated"), ("float.tiff", "floats"), ("empty.png", "cannot identify")):
        with pytest.raises(UserError, match=message):
            recordings("IMAGE", tmp_path / name)[0].provide("IMAGE", 0, 3, {"width": 1, "height": 1})
