"""The reference system's run tests on boards: every virtual one, or the one at --port."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[2] / "shared" / "fixtures" / "rune-suite" / "run-pass"
NAMES = ("gesture-ring", "sine", "noop", "multiple-outputs", "model-from-resource", "resources-in-proc-block-args")
#: A second of sound through an FFT in the interpreter: 80 million instructions.
SLOW = ("resources-in-proc-block-args",)
OPTIONS = {".bin": "raw", ".csv": "accelerometer", ".wav": "sound"}


def fixture(name: str) -> object:
    """A fixture's folder as the device's rune; skipped where the data is not there, which is not the project's own."""
    marks = [pytest.mark.rune(str(FIXTURES / name), timeout=120)]
    if name in SLOW:
        marks.append(pytest.mark.exhaustive)
    if not FIXTURES.is_dir():
        marks.append(pytest.mark.skip("the folder ../shared/fixtures is not there"))
    return pytest.param(FIXTURES / name, marks=marks, id=name)


@pytest.mark.parametrize("folder", [fixture(name) for name in NAMES])
def test_run_pass(device, folder: Path) -> None:
    (expected,) = folder.glob("*.stdout")
    recordings = {OPTIONS[path.suffix]: path for path in sorted(folder.iterdir()) if path.suffix in OPTIONS}
    device.play(**recordings)
    wanted = expected.read_text().split()
    assert [output.line for output in device.outputs(len(wanted))] == wanted
