"""The ``profile`` lines of a firmware that measures itself (docs/wire.md), and what several of them say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from runeflash.device.lines import Status
from runeflash.profile import Kind, Profile, Row

KIND = "profile"


@dataclass(frozen=True)
class PartTime:
    """How long a part of a call of the rune took.

    Attributes:
        stage: the rune's stage; None for the engine, before the first.
        host_call: the function of the host, under the name by which the rune imports it; None for the rune itself.
        calls: of the host's function, how often; 1 for the rune itself.
        microseconds: by the board's clock.
    """

    stage: str | None
    host_call: str | None
    calls: int
    microseconds: int


@dataclass(frozen=True)
class CallProfile:
    """How long a call of the rune took.

    Attributes:
        call: its number since the firmware has started, from 1.
        microseconds: of all of it.
        measuring: of these, what the firmware spent on measuring.
        parts: in the order of a call.
    """

    call: int
    microseconds: int
    measuring: int
    parts: tuple[PartTime, ...]


def read_call_profile(status: Status) -> CallProfile | None:
    """Return what a ``profile`` line says; None where it is not one, or not whole."""
    fields = status.fields
    numbers = [fields.get(name) for name in ("call", "us", "profiling_us")]
    parts = fields.get("parts")
    if status.kind != KIND or not all(_is_count(number) for number in numbers) or not isinstance(parts, list):
        return None
    read = [_part(part) for part in parts]
    whole = tuple(part for part in read if part is not None)
    call, microseconds, measuring = (int(number) for number in numbers if number is not None)
    return CallProfile(call, microseconds, measuring, whole) if len(whole) == len(read) else None


def _part(value: Any) -> PartTime | None:
    if not isinstance(value, dict):
        return None
    stage, host_call, microseconds = value.get("stage"), value.get("host_call"), value.get("us")
    calls = 1 if host_call is None else value.get("calls")
    if type(stage) is int:
        stage = f"number {stage}"
    if not isinstance(stage, str | None) or not isinstance(host_call, str | None):
        return None
    if not _is_count(calls) or not _is_count(microseconds):
        return None
    return PartTime(stage, host_call, calls, microseconds)


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def mean_profile(title: str, calls: Sequence[CallProfile]) -> Profile:
    """Return the mean of one call or more, with the least and the most of each part; one that a call did not have took
    it no time.
    """
    keys = dict.fromkeys((part.stage, part.host_call) for call in calls for part in call.parts)
    found = [{(part.stage, part.host_call): part for part in call.parts} for call in calls]
    rows = []
    for stage, host_call in keys:
        times = [parts[stage, host_call].microseconds if (stage, host_call) in parts else 0 for parts in found]
        if host_call is not None:
            made = max(parts[stage, host_call].calls for parts in found if (stage, host_call) in parts)
            rows.append(_row(Kind.HOST_CALL, host_call, times, stage=stage, calls=made))
        elif stage is not None:
            rows.append(_row(Kind.STAGE, stage, times, stage=stage))
        else:
            rows.append(_row(Kind.OTHER, "the engine", times))
    rows.append(_row(Kind.OTHER, "the measuring itself", [call.measuring for call in calls]))
    return Profile(
        f"{title}, {'1 call' if len(calls) == 1 else f'the mean of {len(calls):,} calls'}", None, tuple(rows)
    )


def _row(kind: Kind, name: str, times: list[int], *, stage: str | None = None, calls: int | None = None) -> Row:
    mean = sum(times) / len(times)
    return Row(
        kind,
        name,
        stage=stage,
        calls=calls,
        microseconds=mean,
        least_microseconds=min(times),
        most_microseconds=max(times),
    )
