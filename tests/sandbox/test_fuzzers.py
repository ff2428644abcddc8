"""Fuzzers of what a rune or a line reaches: host functions, the module loader, the stream; longer by `make fuzz`.

Everything that they drive is compiled with the address and the undefined behaviour sanitizer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile_program
import pytest
from hostile_rune import hostile_rune
from hypothesis import given, settings
from hypothesis import strategies as st
from random_modules import ModuleMaker
from rune_modules import assemble

from runeflash.device.lines import Status
from runeflash.device.stream import StreamFeeder
from runeflash.errors import UserError
from runeflash.firmware.aot import rune_code
from runeflash.firmware.module import firmware_module
from runeflash.rune.container import MemoryLayout, read_rune, runeflash_section
from runeflash.rune.wasm import Module

HERE = Path(__file__).resolve().parent
#: 100 by default, 20,000 with the profile of `make fuzz`.
ROUNDS = settings().max_examples
#: Modules are checked by programs, which takes time: fewer of these.
MODULES = max(40, ROUNDS // 8)

Program = Callable[[str], Path]


@pytest.fixture(scope="module")
def fuzzer() -> Program:
    return hostile_program.fuzzer


@pytest.mark.parametrize("half", range(2))
def test_host_functions(fuzzer: Program, half: int) -> None:
    """Whatever is passed is done or refused, and what is printed are whole lines."""
    for seed in range(half, ROUNDS // 50, 2):
        check_host_functions(fuzzer, seed)


def check_host_functions(fuzzer: Program, seed: int) -> None:
    done = hostile_program.execute([fuzzer("host_fuzz"), str(seed), "5000"])
    successes = list(map(int, done.stderr.split()))
    assert len(successes) == 12
    assert all(successes), "a function never succeeded: the fuzzer does not reach what lies behind its checks"
    for line in done.stdout.split(b"\n")[:-1]:
        text = line.decode()  # whatever a rune has in its memory
        if text.startswith('{"runeflash":'):
            value = json.loads(text)
            assert value["runeflash"] in {"log", "error", "need"}


def test_stream(fuzzer: Program) -> None:
    """Data that are said to have arrived are those that were sent, whatever happened on the way."""
    done = hostile_program.execute([fuzzer("stream_fuzz"), "1", str(ROUNDS * 60)])
    whole, ended = map(int, done.stdout.split())
    assert whole > ended > 0


# --- the module loader --------------------------------------------------------------------------------------------


def _with_section(wasm: bytes, memory: int) -> bytes:
    return wasm + Module((runeflash_section(MemoryLayout(memory, 0, 0, 0), (), None),)).to_bytes()[8:]


@pytest.fixture(scope="module")
def runes() -> list[bytes]:
    """Good runes to begin with."""
    random_modules = [assemble(ModuleMaker(seed, 12).text()) for seed in (5, 6)]
    return [hostile_rune().data, *(_with_section(wasm, 65536) for wasm in random_modules)]


_LIKELY = (0, 1, 0x0B, 0x10, 0x40, 0x41, 0x7F, 0x80, 0xFF)


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Return a file with a few bytes changed, left out, doubled or exchanged."""
    changed = bytearray(data)
    for _ in range(generator.choice((1, 1, 1, 2, 3, 8))):
        at = generator.randrange(len(changed))
        length = generator.choice((1, 1, 2, 4, 16))
        match generator.randrange(6):
            case 0 | 1:
                changed[at] = generator.choice(
                    (0, 1, 0x0B, 0x10, 0x40, 0x41, 0x7F, 0x80, 0xFF, generator.randrange(256))
                )
            case 2:
                changed[at] ^= 1 << generator.randrange(8)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case _:
                other = generator.randrange(len(changed))
                changed[at : at + length], changed[other : other + length] = (
                    changed[other : other + length],
                    changed[at : at + length],
                )
        if not changed:
            return b""
    return bytes(changed)


def test_module_loader(fuzzer: Program, runes: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not valid is refused before an engine sees it; what is left neither engine's tools nor wasm3 break on."""
    program = fuzzer("module_run")
    monkeypatch.setenv("RUNEFLASH_CACHE_DIR", str(tmp_path / "cache"))  # nobody wants these validated again
    generator = random.Random(1)
    accepted = ran = 0
    for number in range(MODULES):
        data = mutated(generator.choice(runes), generator) if number >= len(runes) else runes[number]
        try:
            rune = read_rune(data, "mutated.rune")
            module = firmware_module(rune)
            rune_code(rune, module)
        except UserError as error:
            assert number >= len(runes), error.message
            assert error.message
            continue
        accepted += 1
        (tmp_path / "module").write_bytes(rune.stripped(module))
        done = hostile_program.execute([program, tmp_path / "module", "150"])
        assert done.stderr == b"", done.stderr.decode()
        ran += b" calls, " in done.stdout
    assert accepted > MODULES // 20
    assert ran > MODULES // 20


@pytest.mark.parametrize("which", range(2))
def test_modules_that_nobody_has_checked_are_read_within_their_bounds(
    fuzzer: Program, runes: list[bytes], tmp_path: Path, which: int
) -> None:
    """The runtime's own reader, which is first to see an image's rune."""
    (tmp_path / "rune").write_bytes(runes[which])
    done = hostile_program.execute([fuzzer("module_fuzz"), tmp_path / "rune", str(ROUNDS * 200)])
    assert int(done.stdout) > 0


# --- the host's end of the stream ---------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.integers(-2, 5),
    st.integers(),
    st.sampled_from([0, 1, 244, 245, 65535, 65536, 65537, 1 << 31, 1 << 62, 244 * 65536, 244 * 65536 + 1]),
)
VALUES = st.one_of(NUMBERS, st.none(), st.booleans(), st.floats(), st.text(max_size=4), st.lists(NUMBERS, max_size=2))
NAMES = ("request", "source", "bytes", "next", "window", "kind", "parameters")
LINES = st.builds(
    Status,
    st.sampled_from(["need", "need", "ack", "boot", "log", "error"]),
    st.one_of(
        st.fixed_dictionaries(
            dict.fromkeys(NAMES[:5], NUMBERS) | {"kind": st.sampled_from(["RAW", "x"]), "parameters": st.just({})}
        ),
        st.dictionaries(st.sampled_from(NAMES), VALUES),
    ),
)


@given(st.lists(LINES, max_size=12))
def test_the_hosts_end_survives_any_line(lines: list[Status]) -> None:
    """A board that has lost its mind: whatever it asks for, nothing breaks, and what is sent stays within a window."""

    def provide(kind: str, source: int, length: int, parameters: Any) -> bytes | None:
        assert length <= 244 * 65536, "no device can take so much"
        return None if source == 1 else bytes(length)

    feeder = StreamFeeder(provide)
    now = 0.0
    for line in lines:
        sent = len(feeder.on_status(line, now))
        window = line.fields.get("window")
        assert line.kind != "need" or not isinstance(window, int) or sent <= 256 * max(window, 1)
        now += 0.3
        feeder.tick(now)
