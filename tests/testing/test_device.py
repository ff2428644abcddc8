"""The device of a test, with this test at the other end of its line: a pseudo-terminal."""

from __future__ import annotations

import json
import os
import struct
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from runeflash.boards import find_board
from runeflash.device.lines import Output, Status, Undecodable
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port
from runeflash.errors import DeviceError, DeviceTimeoutError, PortLostError, UserError
from runeflash.firmware.build import Firmware
from runeflash.firmware.report import FlashUse, RamUse
from runeflash.testing import Device
from runeflash.testing import device as module

BOOT = {"runeflash": "boot", "rune": "r", "build": "0123", "board": "nano33ble", "engine": "wasm3", "reset": "power-on"}


class Line:
    """The device's end of the line."""

    def __init__(self) -> None:
        self.descriptor, follower = os.openpty()
        tty.setraw(follower)
        self.name = os.ttyname(follower)
        self._follower = follower
        self.received = b""

    def say(self, *values: object) -> None:
        for value in values:
            text = value if isinstance(value, str) else json.dumps(value)
            os.write(self.descriptor, text.encode() + b"\n")

    def output(self, *elements: int) -> None:
        self.say({"channel": 1, "dimensions": [len(elements)], "elements": elements, "type_name": "u8"})

    def need(self, request: int, length: int = 4, kind: str = "RAW", source: int = 0) -> None:
        self.say(
            {
                "runeflash": "need",
                "request": request,
                "kind": kind,
                "source": source,
                "bytes": length,
                "next": 0,
                "window": 4,
                "parameters": {},
            }
        )

    def take_frame(self, length: int = 4) -> tuple[int, bytes]:
        """Read one frame, acknowledge it, and return its request and its payload."""
        frame = b""
        while len(frame) < 12 + length:
            frame += os.read(self.descriptor, 12 + length - len(frame))
        (request,) = struct.unpack_from("<H", frame, 4)
        self.say({"runeflash": "ack", "request": request, "next": 1})
        return request, frame[8 : 8 + length]

    def quiet(self) -> bool:
        """Whether the host has sent nothing."""
        os.set_blocking(self.descriptor, False)
        try:
            return not os.read(self.descriptor, 100)
        except BlockingIOError:
            return True
        finally:
            os.set_blocking(self.descriptor, True)

    def unplug(self) -> None:
        os.close(self._follower)
        os.close(self.descriptor)
        self.descriptor = self._follower = -1

    def close(self) -> None:
        if self.descriptor >= 0:
            self.unplug()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


@pytest.fixture
def device(line: Line, tmp_path: Path) -> Iterator[Device]:
    for number in range(1, 4):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number] * 4))
    (tmp_path / "long.bin").write_bytes(bytes(range(8)))
    firmware = Firmware(tmp_path, "0123", FlashUse(0, 0, 0, 0), RamUse(0, 0, 0, 0, 0), 0, 0, "gcc", True)
    (tmp_path / "firmware.bin").write_bytes(b"image")
    with SerialPort(line.name, 115_200) as serial:
        yield Device(
            find_board("nano33ble"),
            Port(line.name),
            serial,
            firmware,
            folder=tmp_path,
            kinds=("RAW", "ACCEL"),
            timeout=5,
        )


def test_outputs_are_decoded(device: Device, line: Line) -> None:
    line.output(1, 2)
    output = device.output()
    assert (output.elements, output.dimensions, output.channel, output.type_name) == ([1, 2], [2], 1, "u8")
    assert output.line == '{"channel":1,"dimensions":[2],"elements":[1,2],"type_name":"u8"}'
    tensor = {"channel": 0, "dimensions": [1], "elements": [0.1], "type_name": "f32"}
    line.say([tensor, tensor])
    output = device.output()
    assert [tensor.elements for tensor in output.tensors] == [[0.10000000149011612]] * 2
    with pytest.raises(ValueError, match="2 tensors"):
        _ = output.elements


def test_records_of_every_kind(device: Device, line: Line) -> None:
    line.say({"runeflash": "log", "level": "info", "message": "hello"}, "###", "")
    line.output(1)
    assert device.record() == Status("log", {"level": "info", "message": "hello"})
    assert device.record() == Undecodable("###")
    assert isinstance(device.record(), Output)
    assert (list(device.log), list(device.undecodable), len(device.records)) == (["hello"], ["###"], 3)


def test_undecodable_lines_are_counted_and_the_next_is_decoded(device: Device, line: Line) -> None:
    line.say('{"channel":1,"dimens', "###")
    line.output(7)
    assert device.output().elements == [7]
    assert device.undecodable == ['{"channel":1,"dimens', "###"]
    with pytest.raises(DeviceTimeoutError, match="it has sent 2 undecodable lines"):
        device.output(timeout=0.1)


def test_nothing_comes(device: Device) -> None:
    start = time.monotonic()
    with pytest.raises(DeviceTimeoutError, match="has not printed an output in time") as error:
        device.output(timeout=0.2)
    assert time.monotonic() - start < 5
    assert any("hint: " in note for note in error.value.__notes__)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"runeflash": "error", "code": "trap", "stage": "fft", "message": "m"},
            r"failed in the stage fft \(trap\): m",
        ),
        ({**BOOT, "reset": "fault"}, r"has started anew \(cause: fault\)"),
    ],
)
def test_a_device_that_fails(device: Device, line: Line, said: object, text: str) -> None:
    line.say(said)
    with pytest.raises(DeviceError, match=text):
        device.output()
    line.output(1)
    assert device.output().elements == [1]


def test_a_device_that_is_unplugged(device: Device, line: Line) -> None:
    line.unplug()
    with pytest.raises(PortLostError, match="has vanished"):
        device.output()


def test_data_are_given_only_while_a_test_waits(device: Device, line: Line) -> None:
    line.need(1)
    with pytest.raises(UserError, match="asks for RAW, and nothing is played") as error:
        device.output()
    assert error.value.__notes__ == ["hint: before this: device.play(raw=FILE)"]
    device.play(raw="1.bin")
    assert line.quiet()

    def call(number: int) -> None:
        assert line.take_frame() == (number, bytes([number] * 4))
        line.output(number)
        line.need(number + 1)

    for number in (1, 2, 3):
        device.play(raw=f"{number}.bin")
        thread = threading.Thread(target=call, args=(number,))
        thread.start()
        assert device.output().elements == [number]
        thread.join()
        assert line.quiet()


def test_outputs_that_were_not_looked_at_are_dropped(device: Device, line: Line) -> None:
    device.play(raw="1.bin")
    line.need(1)

    def call() -> None:
        line.take_frame()
        line.output(1)
        line.output(11)
        line.need(2)
        assert line.take_frame() == (2, bytes([2] * 4))
        line.output(2)

    thread = threading.Thread(target=call)
    thread.start()
    assert device.output().elements == [1]
    device.play(raw="2.bin")
    assert device.output().elements == [2]
    thread.join()


def test_a_walk_through_a_recording(device: Device, line: Line) -> None:
    def calls() -> None:
        for number in (1, 2):
            line.need(number)
            _, data = line.take_frame()
            line.output(*data)
        line.need(3)

    device.play(raw="long.bin", advance=True)
    thread = threading.Thread(target=calls)
    thread.start()
    assert [output.elements for output in device.outputs()] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    thread.join()
    with pytest.raises(UserError, match="has come to its end"):
        device.output()


def test_what_cannot_be_played(device: Device) -> None:
    with pytest.raises(UserError, match=r"none\.bin cannot be read"):
        device.play(raw="none.bin")
    with pytest.raises(UserError, match="the rune has no SOUND: it asks for RAW, ACCEL"):
        device.play(sound="1.bin")
    with pytest.raises(UserError, match="is not a number"):
        (device._folder / "bad.csv").write_text("1,2,3\nx,y,z\n")
        device.play(accelerometer="bad.csv")
    with pytest.raises(UserError, match=r"outputs\(\) wants a number"):
        device.outputs()


def test_flashing_waits_for_the_boot_line(device: Device, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the last firmware was saying before it, and the next request in the same breath behind it."""

    def upload(image: bytes, board: object, port: object) -> None:
        assert image == b"image"
        line.say('"elements":[1]}', BOOT)
        line.need(1)

    monkeypatch.setattr(module, "upload_image", upload)
    line.output(9)
    device.play(raw="1.bin")
    device.flash()
    assert device.boot["build"] == "0123"
    assert device.undecodable == []
    thread = threading.Thread(target=lambda: (line.take_frame(), line.output(1)))
    thread.start()
    assert device.output().elements == [1]
    thread.join()
    device.reset()  # nothing but flashing resets a board that is not virtual
    assert device.boot["reset"] == "power-on"


def test_another_build_boots(device: Device, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "upload_image", lambda image, board, port: line.say({**BOOT, "build": "4567"}))
    with pytest.raises(DeviceError, match="runs the build 4567 of r, not 0123"):
        device.flash()


def test_nothing_boots(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "upload_image", lambda image, board, port: None)
    device._timeout = 0.2
    with pytest.raises(DeviceTimeoutError, match="has not booted in time"):
        device.flash()
