"""The frames that the device's parser is tested with are the ones that the host's encoder makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from runeflash.device.frames import DATA, PAYLOAD, encode_frame

SCENARIOS = yaml.safe_load((Path(__file__).resolve().parents[1] / "vectors" / "stream_frames.yaml").read_text())
ENCODED = [
    pytest.param(scenario, frame, id=f"{scenario['scenario']}-{number}")
    for scenario in SCENARIOS
    for number, frame in enumerate(scenario["frames"])
    if "encoded" in frame
]


def test_there_are_some() -> None:
    assert len(ENCODED) >= 8


@pytest.mark.parametrize(("scenario", "frame"), ENCODED)
def test_encoding(scenario: dict[str, Any], frame: dict[str, Any]) -> None:
    fields = frame["encoded"]
    payload = b""
    if fields["kind"] == DATA and scenario["data"] is None:  # the request fails: only the frame knows its payload
        payload = bytes.fromhex(frame["bytes"])[8:-4]
    elif fields["kind"] == DATA:
        start = fields["sequence"] * PAYLOAD
        payload = bytes.fromhex(scenario["data"])[start : start + PAYLOAD]
    encoded = encode_frame(fields["kind"], fields["request"], fields["sequence"], payload)
    assert encoded.hex() == frame["bytes"]
