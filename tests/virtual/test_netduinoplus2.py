"""The board's start-up and drivers, on the virtual board."""

from __future__ import annotations

import random

import pytest
from bare_firmware import NETDUINO, Laboratory

from runeflash.errors import UserError
from runeflash.virtual.board import VirtualBoard
from runeflash.virtual.faults import VirtualFault
from runeflash.virtual.peripherals.stm32f405 import rcc
from runeflash.virtual.peripherals.stm32f405.rng import NOT_TO_BE_USED


@pytest.fixture
def laboratory(toolchain: str) -> Laboratory:
    return Laboratory(toolchain, bench=NETDUINO)


def test_boots_and_prints(laboratory: Laboratory) -> None:
    assert laboratory.line() == "boot power-on"
    # The crystal takes 2 ms, and is looked at every 400 cycles or so.
    assert 2000 < laboratory.board.microseconds < 4000
    assert laboratory.board.instructions < 500_000


def test_bytes_go_both_ways_without_loss_under_load(laboratory: Laboratory) -> None:
    data = random.Random(1).randbytes(3000)
    laboratory.line()
    laboratory.send("E")
    laboratory.board.serial_input(data)
    laboratory.board.run(50_000_000, until_microseconds=laboratory.board.microseconds + 45_000)
    assert laboratory.board.serial_output() == data
    assert laboratory.board.serial_input_lost == 0


def test_the_port_has_its_baud_rate(laboratory: Laboratory) -> None:
    laboratory.line()
    start = laboratory.board.microseconds
    laboratory.send("Z")
    laboratory.board.serial_input(b"." * 999 + b"D")  # 1001 bytes of 10 us
    while laboratory.board.serial_input_pending:
        laboratory.board.run(1_000_000, until_microseconds=laboratory.board.microseconds + 5)
    assert laboratory.board.microseconds - start == pytest.approx(10_010, abs=10)


def test_bytes_arrive_while_the_core_is_busy(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Z")
    laboratory.board.serial_input(b"." * 2000 + b"XT")
    assert [laboratory.line() for _ in range(3)] == ["busy", "00000000 00000000", "slept"]


def test_more_than_the_announced_buffer_is_counted_as_lost(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Z")
    laboratory.board.serial_input(b"." * 4000)
    assert laboratory.line() == "busy"
    laboratory.send("X")
    assert laboratory.line() == f"{4000 - 2048:08x} 00000000"


def test_an_overrun_is_counted_and_the_port_goes_on(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("D")
    laboratory.board.run(1_000_000, until_microseconds=laboratory.board.microseconds + 400)
    laboratory.send("." * 20)  # they come while interrupts are off; the data register holds the first
    assert laboratory.line() == "deaf"
    assert laboratory.board.serial_input_lost == 19
    laboratory.send("X")
    assert laboratory.line() == "00000001 00000001"


def test_time_in_sleep_is_exact_and_costs_few_instructions(laboratory: Laboratory) -> None:
    laboratory.line()
    before, instructions = laboratory.board.microseconds, laboratory.board.instructions
    laboratory.send("T")
    assert laboratory.line() == "slept"
    assert 100_000 <= laboratory.board.microseconds - before < 101_000
    assert laboratory.board.instructions - instructions < 5_000


def test_time_goes_on_when_the_timer_wraps(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("W")
    assert (1 << 32) + 5 <= int(laboratory.line(), 16) < (1 << 32) + 100


def test_a_wrap_that_nobody_looks_at_is_counted(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("V")
    assert (1 << 32) + 10_000 <= int(laboratory.line(), 16) < (1 << 32) + 10_200


@pytest.mark.parametrize("length", [0, 1, 4, 6, 8])
def test_random_bytes_are_drawn_in_fours(toolchain: str, length: int) -> None:
    source = bytes(range(1, 101))
    drawn = []

    def draw(count: int) -> bytes:
        start = sum(drawn)
        drawn.append(count)
        return source[start : start + count]

    laboratory = Laboratory(toolchain, random_bytes=draw, bench=NETDUINO)
    laboratory.line()
    laboratory.send(f"R{length}")
    assert laboratory.line() == "0 " + (source[:length] + b"\xee" * (12 - length)).hex()
    assert sum(drawn) == -(-length // 4) * 4
    laboratory.send("R4")
    assert laboratory.line() == "0 " + (source[sum(drawn) - 4 : sum(drawn)] + b"\xee" * 8).hex()


def test_the_first_random_word_is_not_used(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("R8")
    assert NOT_TO_BE_USED.to_bytes(4, "little").hex() not in laboratory.line()


@pytest.mark.parametrize(("letter", "cause"), [("S", "software"), ("N", "fault")])
def test_reset_causes(laboratory: Laboratory, letter: str, cause: str) -> None:
    laboratory.line()
    laboratory.send(letter)
    assert laboratory.line() == f"boot {cause}"
    laboratory.send("S")  # a fault is told of once
    assert laboratory.line() == "boot software"


def test_the_watchdog_bites_who_does_not_feed_it(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("P")
    assert laboratory.line() == "fed"
    before = laboratory.board.microseconds
    assert laboratory.line() == "boot watchdog"
    assert 1_499_000 <= laboratory.board.microseconds - before < 1_550_000  # its oscillator is the fastest there is
    laboratory.send("S")
    assert laboratory.line() == "boot software"


def test_reset_button(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.board.press_reset()
    assert laboratory.line() == "boot pin"


def test_what_was_sent_before_the_reset_arrives(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("XS")
    assert laboratory.line() == "00000000 00000000"
    assert laboratory.line() == "boot software"


@pytest.mark.parametrize(
    ("broken", "hz"), [("crystal", 168_000_000), ("crystal and PLL", 16_000_000)], ids=["crystal", "pll"]
)
def test_clocks_fall_back(toolchain: str, monkeypatch: pytest.MonkeyPatch, broken: str, hz: int) -> None:
    """A crystal that does not start, a PLL that does not lock: the serial port still has its rate."""
    if "PLL" in broken:
        monkeypatch.setattr(rcc, "_PLL_LOCK", 1 << 60)
    laboratory = Laboratory(toolchain, bench=NETDUINO, wiring={"crystal_hz": 0})
    assert laboratory.line() == "boot power-on"
    laboratory.send("T")
    assert laboratory.line() == "slept"
    controller = laboratory.board._chip._rcc  # what no firmware can see
    assert controller.core_hz == hz


@pytest.mark.parametrize(
    ("letter", "text"),
    [
        ("a", "GPIOA: is used while its clock is off"),
        ("b", "USART6: is used while its clock is off"),
        ("c", "writes where there is no memory"),
        ("d", "writes where there is no memory"),
        ("e", "USART6: DR is written before it is empty"),
        ("f", "USART6: register 0x018 is written"),
        ("g", "a peripheral that is not modelled"),
        ("h", "BRR is written while the port is on"),
        ("i", "GPIOC pin 6 is not connected"),
        ("j", "the oscillator that the core runs from is switched off"),
        ("k", "PLLCFGR is written while the PLL is on"),
        ("l", "168000000 Hz need 5 wait states, and ACR has 4"),
        ("m", "APB2 gets 168000000 Hz"),
        ("n", "there is no such peripheral"),
        ("o", "overflows the stack"),
        ("p", "accessed with 1 byte"),
        ("q", "DR is read before a word was ready"),
        ("r", "is not aligned to the 512 bytes"),
        ("s", "IWDG: PR or RLR is written with 0x64 while it is locked"),
    ],
)
def test_what_the_chip_would_not_forgive_is_a_fault(laboratory: Laboratory, letter: str, text: str) -> None:
    laboratory.line()
    laboratory.send("M" + letter)
    with pytest.raises(VirtualFault, match=text.replace("(", r"\(")):
        laboratory.board.run(5_000_000)


@pytest.mark.parametrize(("image_size", "address"), [((1 << 20) + 1, 0x08000000), (64, 0x08004000)])
def test_an_image_that_does_not_fit_is_refused(image_size: int, address: int) -> None:
    with pytest.raises(UserError, match="does not fit"):
        VirtualBoard("stm32f405", bytes(image_size), address, random_bytes=bytes)
