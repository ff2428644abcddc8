"""The hostile rune in the firmware of a board: built as a user's is, then told what to do through the stream."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hostile_rune import BUDGET, hostile_rune

from runeflash.boards import find_board
from runeflash.device.lines import LineDecoder, Output, Status
from runeflash.device.stream import StreamFeeder
from runeflash.device.virtual_board import virtual_board
from runeflash.firmware import build
from runeflash.firmware.build import build_firmware
from runeflash.firmware.options import BuildOptions
from runeflash.firmware.stack import StackBound
from runeflash.virtual.qemu import PROGRAM, QemuBoard

#: Bytes of C stack: the hostile rune calls itself, so nothing can prove how much it takes. What it may take at run time
#: (RUNE_WASM3_NATIVE_STACK, RUNE_AOT_STACK) and what the host's functions take on top fit in here.
RESERVE = 8192
RAM = 0x20000000
PAINT = b"\xa7"


def build_hostile(board: str, engine: str, toolchain: str, output: Path, patch: pytest.MonkeyPatch) -> Path:
    """Build the firmware by the real path, but for the proof of its stack; return the image's path."""
    bound = StackBound(RESERVE, 0, 0, ())
    patch.setattr(build, "stack_bound", lambda *_: bound)
    patch.setattr(build, "_last_reserve", lambda *_: RESERVE)
    patch.setattr(build, "_remember_reserve", lambda *_: None)
    options = BuildOptions(find_board(board), "stream", toolchain=toolchain, engine=engine, budget=BUDGET)
    firmware = build_firmware(hostile_rune(), options, output)
    assert firmware.ram.stack == RESERVE
    return firmware.image


class Orders:
    """The host's end of the stream: gives the next order to each request."""

    def __init__(self, orders: Iterable[bytes]) -> None:
        self._orders = iter(orders)
        self._feeder = StreamFeeder(self._provide)
        self._decoder = LineDecoder()
        self.answers: list[dict[str, Any]] = []
        self.finished = False

    def _provide(self, kind: str, source: int, length: int, parameters: object) -> bytes:
        order = next(self._orders, None)
        if order is None:
            self.finished = True
            return bytes(length)
        assert (kind, source, length) == ("RAW", 0, len(order))
        return order

    def receive(self, data: bytes, now: float) -> bytes:
        """Take what the board sent; return what it is sent."""
        reply = self._feeder.tick(now)
        for record in self._decoder.feed(data):
            if isinstance(record, Output):
                assert isinstance(record.value, dict)
                self.answers.append(record.value)
                continue
            assert isinstance(record, Status), record
            if record.kind in {"error", "boot"}:
                self.answers.append({"runeflash": record.kind, **record.fields})
            reply += self._feeder.on_status(record, now)
        return reply


def run_virtual(board: str, image: Path, orders: Iterable[bytes]) -> list[dict[str, Any]]:
    """Run orders on the virtual board, which faults on whatever the chip would; return boot, outputs and errors.

    The stack is painted: it must never be used to its end.
    """
    machine = virtual_board(find_board(board), image.read_bytes(), random_bytes=bytes)
    machine.write_memory(RAM, PAINT * RESERVE)
    host = Orders(orders)
    while not host.finished:
        machine.run(2_000_000, until_microseconds=machine.microseconds + 100_000, until_line=True)
        reply = host.receive(machine.serial_output(), machine.microseconds / 1e6)
        if reply:
            machine.serial_input(reply)
    assert machine.read_memory(RAM, 16) == PAINT * 16, "the C stack was used to its end"
    return host.answers


def run_qemu(board: str, image: Path, orders: Iterable[bytes]) -> list[dict[str, Any]]:
    """The same on QEMU's board, in real time, which faults on accesses that are not aligned as the chip does."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed")
    description = find_board(board)
    assert description.virtual is not None
    machine_name, port = str(description.virtual["qemu"]), int(description.virtual["qemu_serial"])
    host = Orders(orders)
    started = time.monotonic()
    with QemuBoard(machine_name, image.read_bytes(), description.flash.origin, serial_port=port) as machine:
        while not host.finished:
            reply = host.receive(machine.serial_output(0.1), time.monotonic())
            assert time.monotonic() < started + 300, host.answers[-1:]  # a guard against a hang
            if reply:
                machine.serial_input(reply)
    return host.answers
