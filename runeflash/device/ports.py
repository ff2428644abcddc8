"""Which serial ports there are, which boards are at them, and where a board has gone after a reset.

A port's name may change when its board is reset or plugged in again (``/dev/ttyACM0`` becomes ``/dev/ttyACM1``).
What stays is the serial number of its USB device, or the id of a virtual board: :func:`find_again` goes by these.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from runeflash.boards import Board, all_boards
from runeflash.device.virtual_boards import RunningBoard, running_boards
from runeflash.errors import DeviceError


@dataclass(frozen=True)
class UsbDevice:
    """What tells one USB device from another: vendor, product, serial number, and where it is plugged in."""

    vendor: int
    product: int
    serial_number: str | None
    location: str | None


@dataclass(frozen=True)
class Port:
    """A port that a board is at, or may be at.

    Attributes:
        device: what :class:`~runeflash.device.port.SerialPort` opens.
        board: the board, as :func:`runeflash.boards.find_board` takes it, or None where that cannot be seen.
        virtual: the id of the virtual board, or None for a real one.
        usb: the USB device, or None.
        description: for people, without the device.
    """

    device: str
    board: str | None = None
    virtual: str | None = None
    usb: UsbDevice | None = None
    description: str = ""

    def __str__(self) -> str:
        return f"{self.device} ({self.description})" if self.description else self.device

    @property
    def board_id(self) -> str | None:
        """The board's id, for a board of the user's own too."""
        return None if self.board is None else os.path.basename(self.board).removesuffix(".json")  # noqa: PTH119


def list_connected() -> tuple[Port, ...]:
    """Return the ports of USB devices, then those of virtual boards."""
    boards = all_boards()
    return (*_usb_ports(boards), *(_virtual_port(board) for board in running_boards()))


def find_port(name: str | None, board: str | None = None) -> Port:
    """Return the port to use.

    Without a name, the one that is there: a real board before a virtual one, and a USB device that is known to
    be the wanted board before one that may be anything.

    Args:
        name: what ``--port`` says: a device, a URL, or the id of a virtual board; None to look for one.
        board: the id of the board that is wanted, or None for any.

    Raises:
        DeviceError: none is found, or several are as good as one another.
    """
    connected = list_connected()
    if name is not None:
        return _named(name, connected)
    return choose(connected, board)


def choose(connected: Sequence[Port], board: str | None) -> Port:
    """Return the port that :func:`find_port` takes out of several when none is named.

    Raises:
        DeviceError: there is none, or several are as good as one another.
    """
    suitable = [port for port in connected if board is None or port.board_id in {board, None}]
    ranks = [
        [port for port in suitable if port.virtual is None and port.board is not None],
        [port for port in suitable if port.virtual is None and port.board is None],
        [port for port in suitable if port.virtual is not None],
    ]
    for candidates in ranks:
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise DeviceError(
                f"there are {len(candidates)} boards to choose from: {', '.join(map(str, candidates))}",
                hint="say which with --port",
            )
    wanted = f" with a {board}" if board else ""
    others = f"; there is {', '.join(map(str, connected))}" if connected else ""
    raise DeviceError(
        f"no port{wanted} was found{others}",
        hint=f"plug the board in, or start a virtual one: runeflash emulate --board {board or 'BOARD'}",
    )


def find_again(port: Port) -> Port | None:
    """Return the port at which the board of ``port`` is now, or None while it is nowhere."""
    if port.virtual is not None:
        return next((found for found in list_connected() if found.virtual == port.virtual), None)
    if port.usb is not None:
        return same_device(port, _usb_ports(all_boards()))
    if "://" in port.device or os.path.exists(port.device):  # noqa: PTH110
        return port
    return None


def same_device(port: Port, connected: Sequence[Port]) -> Port | None:
    """Return the one of several ports that belongs to the USB device of ``port``.

    A device without a serial number is known by where it is plugged in. A board's bootloader may have another
    product number than its application: the serial number counts alone.
    """
    usb = port.usb
    if usb is None:
        return None
    for found in connected:
        if found.usb is None or found.usb.vendor != usb.vendor:
            continue
        if usb.serial_number is not None:
            if found.usb.serial_number == usb.serial_number:
                return found
        elif found.usb.serial_number is None and found.usb.location == usb.location:
            return found
    return None


def _named(name: str, connected: Sequence[Port]) -> Port:
    for board in running_boards():
        names = {board.id, board.port, board.pty}
        if board.tcp is not None:
            names |= {f"socket://{host}:{board.tcp}" for host in ("localhost", "127.0.0.1")}
        if name in names or ("://" not in name and os.path.realpath(name) == board.pty):
            # A URL stays one: who typed it wants to go by TCP.
            return _virtual_port(board, name if "://" in name else None)
    for port in connected:
        if port.virtual is None and os.path.realpath(name) == os.path.realpath(port.device):
            return port
    if "://" not in name and not os.path.exists(name):  # noqa: PTH110
        raise DeviceError(f"there is no port {name}", hint=_what_there_is(connected))
    return Port(name)


def _what_there_is(connected: Sequence[Port]) -> str:
    if connected:
        return f"there is {', '.join(map(str, connected))}"
    return "no board is plugged in; `runeflash emulate --board BOARD` starts a virtual one"


def _usb_ports(boards: Sequence[Board]) -> tuple[Port, ...]:
    by_usb = {pair: board for board in boards for pair in board.usb_ids}
    found = []
    for info in sorted(list_ports.comports()):
        if info.vid is None or info.pid is None:
            continue  # a port of the computer itself
        board = by_usb.get((info.vid, info.pid))
        what = board.name if board is not None else (info.description or "USB serial port")
        usb = UsbDevice(info.vid, info.pid, info.serial_number, info.location)
        found.append(Port(info.device, board.id if board is not None else None, None, usb, what))
    return tuple(found)


def _virtual_port(board: RunningBoard, device: str | None = None) -> Port:
    return Port(device or board.port, board.board, board.id, None, f"virtual board {board.id}")


def check_takes_recordings(port: Port) -> None:
    """Check that the board at a port does not play recordings of its own.

    Raises:
        DeviceError: it does, and would ignore further ones.
    """
    board = _plays_its_own(port)
    if board is not None:
        raise DeviceError(
            f"the virtual board {board.id} plays the recordings that it was started with, and takes no others",
            hint=f"start it without any: runeflash emulate --stop {board.id}, then --board {board.board}",
        )


def takes_recordings(port: Port) -> bool:
    """Whether data can be played to the board at a port: a virtual one may play its own."""
    return _plays_its_own(port) is None


def _plays_its_own(port: Port) -> RunningBoard | None:
    return next((board for board in running_boards() if board.id == port.virtual and board.inputs), None)
