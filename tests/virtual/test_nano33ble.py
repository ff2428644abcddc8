"""The board's start-up and drivers, on the virtual board."""

from __future__ import annotations

import random

import pytest
from bare_firmware import FLASH_ADDRESS, Laboratory

from runeflash.errors import UserError
from runeflash.virtual.board import StopReason, VirtualBoard


@pytest.fixture
def laboratory(toolchain: str) -> Laboratory:
    return Laboratory(toolchain)


def test_boots_and_prints_in_spite_of_what_the_bootloader_left_on(laboratory: Laboratory) -> None:
    assert laboratory.line() == "boot power-on"
    assert laboratory.board.microseconds < 2000


def test_bytes_go_both_ways_without_loss_under_load(laboratory: Laboratory) -> None:
    data = random.Random(1).randbytes(10_000)
    laboratory.line()
    laboratory.send("E")
    laboratory.board.serial_input(data)
    laboratory.board.run(50_000_000, until_microseconds=laboratory.board.microseconds + 150_000)
    assert laboratory.board.serial_output() == data
    assert laboratory.board.serial_input_lost == 0


def test_bytes_arrive_while_the_core_is_busy(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Z")
    laboratory.board.serial_input(b"." * 2000 + b"XT")
    assert [laboratory.line() for _ in range(3)] == ["busy", "00000000", "slept"]


def test_more_than_the_announced_buffer_is_counted_as_lost(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Z")
    laboratory.board.serial_input(b"." * 4000 + b"X")
    assert laboratory.line() == "busy"
    # 50 ms carry all 4001 bytes; all but the newest ring less one block of it are gone.
    assert int(laboratory.line(), 16) == 4001 - (2048 - 256)


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
    time = int(laboratory.line(), 16)
    assert (1 << 32) + 5 <= time < (1 << 32) + 100
    assert abs(laboratory.board.microseconds - time) < 2000


@pytest.mark.parametrize("length", [0, 1, 4, 6, 8])
def test_random_bytes_are_drawn_in_fours(toolchain: str, length: int) -> None:
    source = bytes(range(1, 101))
    drawn = []

    def draw(count: int) -> bytes:
        start = sum(drawn)
        drawn.append(count)
        return source[start : start + count]

    laboratory = Laboratory(toolchain, random_bytes=draw)
    laboratory.line()
    laboratory.send(f"R{length}")
    # Once the first bytes are there, another draw goes on where the first ended.
    assert laboratory.line() == "0 " + (source[:length] + b"\xee" * (12 - length)).hex()
    assert sum(drawn) == -(-length // 4) * 4
    laboratory.send("R4")
    assert laboratory.line() == "0 " + (source[sum(drawn) - 4 : sum(drawn)] + b"\xee" * 8).hex()


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
    assert 1_499_000 <= laboratory.board.microseconds - before < 1_510_000
    laboratory.send("S")
    assert laboratory.line() == "boot software"


def test_reset_button(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.board.press_reset()
    assert laboratory.line() == "boot pin"


def test_what_was_sent_before_the_reset_arrives(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("IS")
    assert laboratory.line().startswith("l")
    assert laboratory.line() == "boot software"


def test_runs_repeat_to_the_instruction(toolchain: str) -> None:
    def trace() -> list[tuple[int, int, str]]:
        laboratory = Laboratory(toolchain)
        steps = []
        for letters in ("", "T", "I", "F", "C", "R4", "S"):
            laboratory.send(letters)
            line = laboratory.line()
            steps.append((laboratory.board.instructions, laboratory.board.microseconds, line))
        return steps

    assert trace() == trace()


def test_the_end_of_a_run_does_not_change_it(toolchain: str) -> None:
    laboratories = [Laboratory(toolchain) for _ in range(2)]
    for laboratory in laboratories:
        laboratory.line()
        laboratory.send("TIF")
    whole, pieces = (laboratory.board for laboratory in laboratories)
    whole.run(8_000)
    while pieces.instructions < whole.instructions:
        pieces.run(min(97, whole.instructions - pieces.instructions))
    assert pieces.instructions == whole.instructions
    assert pieces.microseconds == whole.microseconds
    assert pieces.serial_output() == whole.serial_output()
    assert pieces.read_memory(0x20000000, 1 << 15) == whole.read_memory(0x20000000, 1 << 15)


def test_a_run_ends_at_its_instruction_or_its_time(laboratory: Laboratory) -> None:
    board = laboratory.board
    assert board.run(1000) is StopReason.BUDGET
    assert board.instructions == 1000
    assert board.run(1_000_000, until_microseconds=400) is StopReason.TIME
    assert board.microseconds == 400


def test_a_sleep_that_nothing_ends_is_told(laboratory: Laboratory) -> None:
    laboratory.line()
    laboratory.send("Q")
    assert laboratory.board.run(1_000_000) is StopReason.ASLEEP


def test_an_image_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit"):
        VirtualBoard("nrf52840", bytes(1 << 20), FLASH_ADDRESS, random_bytes=bytes)


def test_an_unknown_chip_is_named() -> None:
    with pytest.raises(UserError, match="'z80'"):
        VirtualBoard("z80", bytes(64), 0, random_bytes=bytes)
