"""The virtual board that a board's description asks for."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from runeflash.boards import find_board
from runeflash.device.virtual_board import virtual_board
from runeflash.errors import UserError
from runeflash.virtual.board import VirtualBoard

STM32 = find_board("netduinoplus2")
NRF52 = find_board("nano33ble")


@pytest.mark.parametrize("board", [STM32, NRF52])
def test_ours_can_be_switched_on(board) -> None:
    assert isinstance(virtual_board(board, struct.pack("<II", 0x20001000, board.flash.origin + 9)), VirtualBoard)


@pytest.mark.parametrize(
    ("board", "virtual", "text"),
    [
        (STM32, None, "there is no virtual netduinoplus2"),
        (STM32, {}, "a text at runeflash.virtual.chip"),
        (STM32, {"chip": "stm32f407"}, "there is no virtual chip 'stm32f407'"),
        (STM32, {"chip": "stm32f405", "wiring": []}, "an object at runeflash.virtual.wiring"),
        (STM32, {"chip": "stm32f405", "wiring": {"usart": 4}}, "has no USART4"),
        (
            STM32,
            {"chip": "stm32f405", "wiring": {"usart": 1, "pin_tx": "PA2"}},
            "USART1 of the STM32F405 has no pin_tx at 'PA2'",
        ),
        (STM32, {"chip": "stm32f405", "wiring": {"led": "PA5"}}, "has no 'led' to wire"),
        (STM32, {"chip": "stm32f405", "wiring": {"crystal_hz": "8 MHz"}}, "wants a number for crystal_hz"),
        (STM32, {"chip": "stm32f405", "wiring": {"crystal_hz": 32_768}}, "takes no crystal of 32768 Hz"),
        (NRF52, {"chip": "nrf52840", "wiring": {"usart": 1}}, "has no 'usart' to wire"),
        (NRF52, {"chip": "stm32f405"}, "does not fit into the STM32F405's flash"),
    ],
)
def test_what_cannot_be(board, virtual: dict[str, Any] | None, text: str) -> None:
    with pytest.raises(UserError) as error:
        virtual_board(replace(board, virtual=virtual), bytes(64))
    assert text in error.value.message
