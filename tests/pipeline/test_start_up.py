"""Checking must start fast: what it does not need is not loaded."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """\
import pathlib, sys
from runeflash.pipeline import load
_, pipeline, _ = load(pathlib.Path(sys.argv[1]))
assert pipeline is not None
print(*sorted(name for name in sys.modules if "." not in name))
"""
COMMAND = """\
import sys
from runeflash.cli import main
sys.argv = ["runeflash", "check", sys.argv[1]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sorted(name for name in sys.modules if "." not in name))
"""
HEAVY = {
    "numpy",
    "jinja2",
    "unicorn",
    "platformio",
    "serial",
    "PIL",
    "rich",
    "click",
    "elftools",
    "difflib",
    "asyncio",
    "lark",
    "json",
    "traceback",
    "uuid",
    "platform",
    "argparse",
    "subprocess",
    "hypothesis",
}


def run(path: Path, script: str = SCRIPT) -> tuple[set[str], float]:
    """Return the modules that a check loads and the processor's time that it takes, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return set(
        done.stdout.splitlines()[-1].split()
    ), after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_nothing_heavy_is_loaded(fixtures: Path) -> None:
    modules, _ = run(fixtures / "seeds" / "Runefile.yml")
    assert "yaml" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("name", ["Runefile.yml", "Runefile"])
def test_the_command_loads_no_more(fixtures: Path, name: str) -> None:
    """Click is as slow to load as all of a check, so the plain command line does without."""
    modules, _ = run(fixtures / "seeds" / name, COMMAND)
    assert not modules & HEAVY


def test_the_other_dialect_needs_no_library(fixtures: Path) -> None:
    modules, _ = run(fixtures / "seeds" / "Runefile")
    # PyYAML is for the manifests of proc blocks.
    assert not modules & (HEAVY - {"difflib"})


@pytest.mark.parametrize("name", ["Runefile.yml", "Runefile"])
def test_a_whole_run_takes_a_fraction_of_a_second(fixtures: Path, name: str) -> None:
    # It is a tenth of a second on an idle computer; others may be using this one.
    assert min(run(fixtures / "seeds" / name)[1] for _ in range(3)) < 5.0
