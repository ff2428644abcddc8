"""`profile` lines: read, shown, averaged, and waited for."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.device.call_profile import CallProfile, PartTime, mean_profile, read_call_profile
from runeflash.device.lines import Status, decode_line
from runeflash.device.record_text import record_text
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.profile import Kind, as_data, format_profile

LINE = (
    b'{"runeflash":"profile","call":12,"us":5123,"profiling_us":3,"parts":[{"stage":null,"us":20},'
    b'{"stage":"normalize","us":1000},{"stage":"normalize","host_call":"_debug","calls":2,"us":100},'
    b'{"stage":7,"us":4000}]}'
)
CALL = CallProfile(
    12,
    5123,
    3,
    (
        PartTime(None, None, 1, 20),
        PartTime("normalize", None, 1, 1000),
        PartTime("normalize", "_debug", 2, 100),
        PartTime("number 7", None, 1, 4000),
    ),
)


def read(line: bytes) -> CallProfile | None:
    record = decode_line(line)
    assert isinstance(record, Status)
    return read_call_profile(record)


def test_a_line() -> None:
    assert read(LINE) == CALL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"call":12', b'"call":-1'),
        (b'"us":5123', b'"us":5123.5'),
        (b'"profiling_us":3,', b""),
        (b'"us":1000', b'"us":"1000"'),
        (b'"calls":2', b'"calls":true'),
        (b'"calls":2,', b""),
        (b'"_debug"', b"5"),
        (b'"stage":7', b'"stage":[]'),
        (b'{"stage":null,"us":20}', b"null"),
        (b'"profile"', b'"profiles"'),
    ],
)
def test_damaged_lines_are_not_taken_for_whole_ones(old: bytes, new: bytes) -> None:
    assert old in LINE
    assert read(LINE.replace(old, new)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["stage", "host_call", "calls", "us", "parts", "call"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["call", "us", "profiling_us", "parts"]), JSON))
def test_any_line_can_be_shown(fields: dict[str, object]) -> None:
    status = Status("profile", fields)
    read_call_profile(status)
    assert record_text(status, datetime.now(UTC))[1] == "profile"


def test_text_for_people() -> None:
    record = decode_line(LINE)
    assert record is not None
    _, kind, text = record_text(record, datetime.now(UTC))
    assert kind == "profile"
    assert [line.removeprefix(" " * 26) for line in text.splitlines()] == [
        "call 12 took 5,123 µs",
        "the engine               20",
        "normalize             1,000",
        "  _debug, 2 times       100",
        "number 7              4,000",
        "the measuring itself      3",
    ]


def test_the_mean_of_calls() -> None:
    second = CallProfile(13, 5010, 4, (PartTime(None, None, 1, 21), PartTime("normalize", None, 1, 1003)))
    found = mean_profile("it", [CALL, second])
    assert [(row.kind, row.name, row.microseconds) for row in found.rows] == [
        (Kind.OTHER, "the engine", 20.5),
        (Kind.STAGE, "normalize", 1001.5),
        (Kind.HOST_CALL, "_debug", 50),
        (Kind.STAGE, "number 7", 2000),
        (Kind.OTHER, "the measuring itself", 3.5),
    ]
    assert found.microseconds == (5123 + 4 - 4 + 1028) / 2
    assert format_profile(found) == (
        "it, the mean of 2 calls\n"
        "part                        microseconds  least   most\n"
        "the engine                            20     20     21\n"
        "stage: normalize                   1,002  1,000  1,003\n"
        "host call: _debug, 2 times            50      0    100\n"
        "stage: number 7                    2,000      0  4,000\n"
        "the measuring itself                   4      3      4\n"
        "total                              3,076"
    )
    data = json.loads(json.dumps(as_data(found)))
    assert (data["microseconds"], data["instructions"], data["toolchain"]) == (3075.5, None, None)
    assert [data["rows"][1][key] for key in ("microseconds", "least_microseconds", "most_microseconds")] == [
        1001.5,
        1000,
        1003,
    ]


def test_one_call_has_no_bounds() -> None:
    text = format_profile(mean_profile("it", [CALL]))
    assert text.splitlines()[:2] == ["it, 1 call", "part                        microseconds"]


def test_a_run_waits_for_the_line_of_each_call() -> None:
    emitted: list[str] = []
    session = RunSession(
        Recordings({}, False, print), lines_per_call=1, repeats=2, emit=emitted.append, warn=print, profiled=True
    )
    output = b'{"channel":0,"dimensions":[1],"elements":[5],"type_name":"u8"}\n'
    for data, finished in ((output, False), (LINE + b"\n", False), (output, False), (LINE + b"\n", True)):
        session.receive(data, 0.0)
        assert session.finished is finished
    assert (len(emitted), session.profiles) == (2, [CALL, CALL])


def test_a_run_that_did_not_ask_for_them_passes_them_over() -> None:
    session = RunSession(Recordings({}, False, print), lines_per_call=1, repeats=1, emit=print, warn=pytest.fail)
    session.receive(LINE + b"\n", 0.0)
    assert (session.finished, session.profiles) == (False, [])
