"""The report: sums, and the error for what does not fit."""

from __future__ import annotations

import pytest

from runeflash.errors import UserError
from runeflash.firmware.report import FlashUse, RamUse, check_fit, format_table

FLASH = FlashUse(code=90_000, model_weights=17_200, rune=5_000, initial_data=100)
RAM = RamUse(engine_heap=10_000, linear_memory=4_000, model_arena=13_000, stack=8_192, static_data=5_000)


def test_totals() -> None:
    assert FLASH.total == 112_300
    assert RAM.total == 40_192
    check_fit(FLASH, RAM, FLASH.total, RAM.total, "board")


def test_the_error_names_the_largest_part() -> None:
    with pytest.raises(UserError) as error:
        check_fit(FLASH, RAM, 1_000_000, 32_768, "board")
    assert "needs 40,192 bytes of RAM, 7,424 more than the 32,768 there are (model arena 13,000" in error.value.message
    assert error.value.hint == "use a model with smaller layers, or a board with more RAM"


def test_the_table() -> None:
    table = format_table(FLASH, RAM, 983_040, 262_144)
    assert "flash               112,300 of 983,040 bytes (11.4 %)" in table
    assert "  linear memory       4,000" in table
