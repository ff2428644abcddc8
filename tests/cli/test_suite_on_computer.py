"""The reference system's own run tests, with the installed command, on this computer."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import RUN_PASS, inputs, run_pass


@pytest.mark.parametrize("engine", ["wasm3", "aot"])
@pytest.mark.parametrize("name", RUN_PASS)
def test_run_pass(runeflash, fixtures: Path, name: str, engine: str) -> None:
    folder, expected = run_pass(fixtures, name)
    done = runeflash("run", folder / "Runefile.yml", *inputs(folder), "--engine", engine)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_a_missing_recording(runeflash, fixtures: Path) -> None:
    done = runeflash("run", fixtures / "rune-suite" / "run-fail" / "missing-raw-capability" / "Runefile.yml")
    assert done.returncode == 1
    assert 'Unable to create the "RAW" capability' in done.stderr
    assert done.stdout == ""


def test_repetitions_start_over(runeflash, fixtures: Path) -> None:
    folder, expected = run_pass(fixtures, "gesture-ring")
    done = runeflash("run", folder / "Runefile.yml", *inputs(folder), "-r", "3")
    assert done.stdout == expected * 3


def test_random_data_repeat_with_their_seed(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile.yml").write_text(
        """
version: 1
image: runicos/base
pipeline:
  rand:
    capability: RAND
    outputs:
      - {type: u8, dimensions: [5]}
  serial:
    out: serial
    inputs: [rand]
"""
    )
    from runeflash.device.random import Xoshiro128PlusPlus

    once = runeflash("run", "--random", "7", "-r", "2")
    again = runeflash("run", "--random", "7", "-r", "2")
    other = runeflash("run", "--random", "8", "-r", "2")
    assert once.returncode == 0, once.stderr
    assert once.stdout == again.stdout != other.stdout
    generator = Xoshiro128PlusPlus(7)
    expected = [list(generator.bytes(5)) for _ in range(2)]
    assert once.stdout.splitlines() == [
        f'{{"channel":1,"dimensions":[5],"elements":[{",".join(map(str, values))}],"type_name":"u8"}}'
        for values in expected
    ]
