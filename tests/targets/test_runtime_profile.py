"""What a firmware that measures itself makes of its clock: every microsecond of a call belongs to one part."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
import runtime_build
from runtime_library import FakeBoard, Image

INFER, LOG = (ctypes.create_string_buffer(text) for text in (b"rune_model_infer", b"_debug"))


class Measured:
    """The runtime's measuring on a board of Python, on which time passes only where a test says so."""

    def __init__(self) -> None:
        self.c = ctypes.CDLL(str(runtime_build.measuring_library()))
        self.board = FakeBoard()
        self.board.c.microseconds = dict(type(self.board.c)._fields_)["microseconds"](lambda: self.board.time)
        self._stages = (ctypes.c_char_p * 2)(b"normalize", b"gesture")
        self._image = Image(stages=self._stages, stage_count=2)
        self.c.rune_line_start(ctypes.byref(self.board.c))
        self.c.rune_profile_start(ctypes.byref(self.board.c), ctypes.byref(self._image))

    def after(self, microseconds: int, event: str, *arguments: Any) -> None:
        """Let time pass, then let something happen."""
        self.board.time += microseconds
        getattr(self.c, f"rune_profile_{event}")(*arguments)

    def line(self) -> dict[str, Any]:
        """Print the line of the call."""
        self.c.rune_profile_print()
        line = self.board.lines[-1]
        assert line.pop("runeflash") == "profile"
        assert isinstance(line, dict)
        return line


@pytest.fixture
def measured() -> Measured:
    return Measured()


def a_call(measured: Measured) -> None:
    measured.after(7, "call_begin")
    measured.after(3, "stage", 1)
    measured.after(50, "stage", 2)
    measured.after(4, "host_begin", INFER)
    measured.after(600, "host_end")
    measured.after(5, "host_begin", INFER)
    measured.after(700, "host_end")
    measured.after(6, "call_end")
    measured.board.time += 1000  # nobody's


PARTS = [
    {"stage": None, "us": 3},
    {"stage": "normalize", "us": 50},
    {"stage": "gesture", "us": 15},
    {"stage": "gesture", "host_call": "rune_model_infer", "calls": 2, "us": 1300},
]


def test_a_call(measured: Measured) -> None:
    a_call(measured)
    assert measured.line() == {"call": 1, "us": 1368, "profiling_us": 0, "parts": PARTS}
    a_call(measured)
    assert measured.line() == {"call": 2, "us": 1368, "profiling_us": 0, "parts": PARTS}, "nothing is left of the first"


@pytest.mark.parametrize("before", [*range(0, 1400, 100), 1, 3, 53])
def test_a_call_in_which_32_bits_of_time_wrap(measured: Measured, before: int) -> None:
    measured.board.time = 2**32 - 7 - before
    a_call(measured)
    line = measured.line()
    assert (line["us"], line["parts"]) == (1368, PARTS)


def test_a_wait_of_days(measured: Measured) -> None:
    measured.after(0, "call_begin")
    measured.after(0, "host_begin", INFER)
    measured.after(10**12, "host_end")
    measured.after(0, "call_end")
    assert measured.line()["parts"][-1]["us"] == 10**12


def test_what_the_measuring_takes_is_kept_apart(measured: Measured) -> None:
    """A clock that goes on by one whenever it is looked at: as if each look took a microsecond."""

    def look() -> int:
        measured.board.time += 1
        return measured.board.time

    measured.board.c.microseconds = dict(type(measured.board.c)._fields_)["microseconds"](look)
    a_call(measured)
    line = measured.line()
    assert line["us"] == 1368 + 13
    assert line["profiling_us"] == 6  # of each of six events between begin and end
    assert sum(part["us"] for part in line["parts"]) + line["profiling_us"] == line["us"]


def test_only_calls_are_measured(measured: Measured) -> None:
    """`_manifest` calls the host too; a call that a trap ends says nothing, and the next one starts from nothing."""
    measured.after(5, "host_begin", LOG)
    measured.after(5, "host_end")
    measured.after(0, "call_begin")
    measured.after(10, "stage", 1)
    measured.after(10, "host_begin", LOG)
    measured.after(10, "call_end")
    a_call(measured)
    assert measured.line() == {"call": 2, "us": 1368, "profiling_us": 0, "parts": PARTS}


def test_a_stage_without_a_name(measured: Measured) -> None:
    measured.after(0, "call_begin")
    measured.after(0, "stage", 77)
    measured.after(8, "call_end")
    assert measured.line()["parts"] == [{"stage": None, "us": 0}, {"stage": 77, "us": 8}]


def test_more_parts_than_there_is_room_for(measured: Measured) -> None:
    """Their time is no other stage's."""
    measured.after(0, "call_begin")
    for stage in range(1, 21):
        measured.after(0, "stage", stage)
        measured.board.time += 10
    measured.after(0, "call_end")
    line = measured.line()
    assert [part["stage"] for part in line["parts"]] == [None, "normalize", "gesture", 3, 4, 5, 6, 7]
    assert [part["us"] for part in line["parts"]] == [130, *[10] * 7]
    assert line["us"] == 200
    assert line["lost"] == 13
    measured.after(0, "call_begin")
    measured.after(0, "stage", 7)
    measured.after(0, "call_end")
    assert "lost" not in measured.line(), "it is the call's own"
