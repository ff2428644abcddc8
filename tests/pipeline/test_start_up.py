"""Checking must start fast: what it does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """\
import pathlib, sys
from runeflash.pipeline import load
_, pipeline, _ = load(pathlib.Path(sys.argv[1]))
assert pipeline is not None
print(*sorted(name for name in sys.modules if "." not in name))
"""
HEAVY = {"numpy", "jinja2", "unicorn", "platformio", "serial", "PIL", "rich", "click", "elftools", "difflib", "asyncio"}


def run(path: Path) -> tuple[set[str], float]:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", SCRIPT, path], capture_output=True, text=True, check=True)
    return set(done.stdout.split()), time.perf_counter() - start


def test_nothing_heavy_is_loaded(fixtures: Path) -> None:
    modules, _ = run(fixtures / "seeds" / "Runefile.yml")
    assert "yaml" in modules
    assert not modules & HEAVY


def test_a_whole_run_takes_a_fraction_of_a_second(fixtures: Path) -> None:
    # It is a tenth of a second on an idle computer; others may be using this one.
    assert min(run(fixtures / "seeds" / "Runefile.yml")[1] for _ in range(3)) < 1.0
