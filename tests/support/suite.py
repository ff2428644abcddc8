"""The reference system's integration tests, as files."""

from __future__ import annotations

from pathlib import Path

#: Those of run-pass that need nothing beyond this version's proc blocks.
RUN_PASS = ("gesture-ring", "sine", "noop", "multiple-outputs", "model-from-resource")

_OPTIONS = {".bin": "--raw", ".csv": "--accelerometer", ".wav": "--sound", ".png": "--image"}


def run_pass(fixtures: Path, name: str) -> tuple[Path, str]:
    """Return the folder of a test and what it must print."""
    folder = fixtures / "rune-suite" / "run-pass" / name
    (expected,) = folder.glob("*.stdout")
    return folder, expected.read_text().strip() + "\n"


def inputs(folder: Path) -> list[str | Path]:
    """Return the options that play a folder's recordings, in the order of their names."""
    return [
        word for path in sorted(folder.iterdir()) if path.suffix in _OPTIONS for word in (_OPTIONS[path.suffix], path)
    ]
