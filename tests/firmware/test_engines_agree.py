"""Random modules in both engines, compiled by every compiler, against wasmtime as a third opinion."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("wasmtime")

from engine_program import Outcome, as_rune, assemble, in_wasmtime, on_a_core, on_this_computer
from random_modules import ModuleMaker

FUNCTIONS = 100
#: How deep calls may go is the engine's own.
STACK = "stack overflow"


def wrong(expected: list[Outcome | None], found: list[Outcome]) -> list[str]:
    """Say where two lists differ; traps by their reason, results by their bits."""
    return [
        f"call {number}: wasmtime {one}, engine {other}"
        for number, (one, other) in enumerate(zip(expected, found, strict=True))
        if one is not None and one != other and other.trap != STACK
    ]


def compare(seed: int, work: Path, *, cores: bool) -> None:
    wasm = assemble(ModuleMaker(seed, FUNCTIONS).text())
    expected = in_wasmtime(wasm, FUNCTIONS)
    wanted = "".join("01"[outcome is not None] for outcome in expected)
    assert wanted.count("1") > FUNCTIONS // 2
    returned = sum(outcome is not None and outcome.trap == "" for outcome in expected)
    assert FUNCTIONS // 5 < returned < FUNCTIONS, "the modules should both trap and return"
    rune = as_rune(wasm)
    for engine in ("aot", "wasm3"):
        found = on_this_computer(rune, engine, wanted, work)
        assert wrong(expected, found) == [], f"{engine}, seed {seed}"
        assert sum(outcome.trap == STACK for outcome in found) < FUNCTIONS // 10
    if cores:
        for toolchain in ("zig", "gcc"):
            assert wrong(expected, on_a_core(rune, "aot", toolchain, wanted, work)) == [], f"{toolchain}, seed {seed}"


def test_random_modules(tmp_path: Path) -> None:
    compare(1, tmp_path, cores=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2, 22))
def test_more_random_modules(tmp_path: Path, seed: int) -> None:
    compare(seed, tmp_path, cores=seed % 4 == 0)
