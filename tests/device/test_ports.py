"""Which port is taken, and how a board's port is known again."""

from __future__ import annotations

import pytest

from runeflash.boards import find_board
from runeflash.device.ports import Port, UsbDevice, choose, same_device
from runeflash.errors import DeviceError

NANO = UsbDevice(0x2341, 0x805A, "A1B2", "1-1")
ADAPTER = UsbDevice(0x0403, 0x6001, None, "1-2")
REAL = Port("/dev/ttyACM0", "nano33ble", None, NANO, "Arduino Nano 33 BLE")
UNKNOWN = Port("/dev/ttyUSB0", None, None, ADAPTER, "FT232R USB UART")
VIRTUAL = Port("/cache/nano33ble/port", "nano33ble", "nano33ble", None, "virtual board nano33ble")
OTHER = Port("/cache/desk/port", "netduinoplus2", "desk", None, "virtual board desk")
OWN = Port("/cache/mine/port", "/home/somebody/boards/mine.json", "mine", None, "virtual board mine")


def test_a_real_board_before_a_virtual_one_and_a_known_one_before_an_unknown() -> None:
    assert choose([VIRTUAL, UNKNOWN, REAL], None) == REAL
    assert choose([VIRTUAL, UNKNOWN], None) == UNKNOWN
    assert choose([OTHER], None) == OTHER


def test_only_ports_at_which_the_wanted_board_can_be() -> None:
    assert choose([REAL, VIRTUAL, OTHER], "netduinoplus2") == OTHER
    assert choose([REAL, UNKNOWN, OTHER], "netduinoplus2") == UNKNOWN
    assert choose([REAL, OWN], "mine") == OWN
    with pytest.raises(DeviceError, match="no port with a netduinoplus2 was found; there is /dev/ttyACM0"):
        choose([REAL], "netduinoplus2")


def test_several_that_are_as_good() -> None:
    second = Port("/dev/ttyACM1", "nano33ble", None, UsbDevice(0x2341, 0x805A, "C3D4", "1-3"), "Arduino Nano 33 BLE")
    with pytest.raises(
        DeviceError, match=r"there are 2 boards to choose from: /dev/ttyACM0 .*, /dev/ttyACM1"
    ) as caught:
        choose([REAL, second, VIRTUAL], "nano33ble")
    assert caught.value.hint == "say which with --port"
    with pytest.raises(DeviceError, match="no port was found"):
        choose([], None)


def test_a_device_is_known_again_by_its_serial_number() -> None:
    # The bootloader has another product number and another place among the ports.
    bootloader = Port("/dev/ttyACM7", "nano33ble", None, UsbDevice(0x2341, 0x005A, "A1B2", "1-4"))
    twin = Port("/dev/ttyACM0", "nano33ble", None, UsbDevice(0x2341, 0x805A, "FFFF", "1-1"))
    assert same_device(REAL, [twin, UNKNOWN, bootloader]) == bootloader
    assert same_device(REAL, [twin, UNKNOWN]) is None


def test_a_device_without_a_serial_number_is_known_by_where_it_is_plugged_in() -> None:
    moved = Port("/dev/ttyUSB1", None, None, UsbDevice(0x0403, 0x6001, None, "1-2"))
    elsewhere = Port("/dev/ttyUSB0", None, None, UsbDevice(0x0403, 0x6001, None, "1-9"))
    assert same_device(UNKNOWN, [elsewhere, moved]) == moved
    assert same_device(UNKNOWN, [elsewhere]) is None
    assert same_device(VIRTUAL, [REAL, moved]) is None


def test_boards_say_what_they_are_on_usb() -> None:
    assert (0x2341, 0x805A) in find_board("nano33ble").usb_ids
    assert find_board("netduinoplus2").usb_ids == ()
