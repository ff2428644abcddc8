"""Whatever stands in a file of the Dockerfile-like dialect: findings within a bounded time, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runeflash.diagnostics import MAXIMUM_FINDINGS, Diagnostics, SourceFile, as_json, render
from runeflash.pipeline import analyse, load
from runeflash.runefile import parse

PROJECT = Path(__file__).resolve().parent.parent.parent
FIXTURES = PROJECT.parent / "shared" / "fixtures"
MEBIBYTE = 1 << 20


def examine(path: Path, *, for_build: bool = False, strict: bool = False, lenient: bool = False) -> Diagnostics:
    source, pipeline, diagnostics = load(path, for_build=for_build, strict=strict, lenient=lenient)
    assert (pipeline is None) is diagnostics.has_errors
    for item in diagnostics.in_order():
        assert render(item, source)
        as_json(item, source)
        if item.span is not None:
            assert 0 <= item.span.start <= item.span.end <= len(source.text)
    return diagnostics


@cache
def samples() -> list[str]:
    own = (
        "FROM runicos/base\nCAPABILITY<I16[8000]> a SOUND --hz 8000 -n -0.5\n"
        'PROC_BLOCK<_, UTF8> b label --labels="a",b\n'
        "MODEL<_, F32[1, 2]> m ./m\nOUT serial # here\nRUN p a b \\\n serial\nRUN a m serial\n"
    )
    files = [*FIXTURES.glob("runefile-history/v0/*"), *FIXTURES.glob("rune-examples/*/*/Runefile")]
    return [own, *(path.read_text()[:4000] for path in sorted([*files, *FIXTURES.glob("seeds/Runefile*")]))]


PIECES = [
    *("", "\n", " ", "\\", "\\\n", "\r", "#", '"', "<", ">", "[", "]", ",", "=", "--", "-", "_", "--x ", "-n 1", "@1+"),
    *("FROM ", "CAPABILITY", "PROC_BLOCK<", "MODEL", "OUT ", "RUN ", "run", "serial", "F32", "f99[1]", "[0]", "("),
    *("9" * 30, "\\u0000", "\\U00110000", "\0", "\t", "\u2028", "\u00ff", "\u0661", "x" * 200, "./x", "a/b#c"),
]  # fmt: skip


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files(tmp_path: Path, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(samples()))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    path = tmp_path / "Runefile"
    path.write_bytes(text.encode())
    strict = data.draw(st.booleans())
    examine(path, for_build=data.draw(st.booleans()), strict=strict, lenient=not strict)


@given(st.text(max_size=100), st.sampled_from(["", "FROM x\n", "FROM x\nRUN ", "FROM x\nCAPABILITY<F32> a RAND --x "]))
def test_any_characters(text: str, start: str) -> None:
    """Names and values of every class of Unicode, lone surrogates too."""
    diagnostics = Diagnostics()
    runefile = parse(SourceFile("Runefile", start + text), diagnostics)
    if runefile is not None:
        analyse(runefile, Path("/nowhere/Runefile"), diagnostics)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Runefile"
    path.write_bytes(b"FROM x\n" + data)
    examine(path)


def filled(start: str, piece: str, end: str = "") -> str:
    return start + piece * ((MEBIBYTE - len(start) - len(end)) // len(piece)) + end


CHAIN = 10_000
LARGE = {
    "a chain": "FROM runicos/base\nCAPABILITY<F32> s0 RAND\n"
    + "".join(f"PROC_BLOCK<_,_> s{i} identity\n" for i in range(1, CHAIN))
    + f"OUT serial\nRUN {' '.join(f's{i}' for i in range(CHAIN))} serial\n",
    "a chain in YAML": "version: 1\nimage: runicos/base\npipeline:\n"
    + "  s0: {capability: RAND, outputs: [{type: f32}]}\n"
    + "".join(f"  s{i}: {{proc-block: identity, inputs: [s{i - 1}]}}\n" for i in range(1, CHAIN))
    + f"  o: {{out: serial, inputs: [s{CHAIN - 1}]}}\n",
    "mistakes": filled("FROM x\n", "RUN ?\n"),
    "half instructions": filled("FROM x\n", "MODEL<\n"),
    "again and again": filled("FROM x\n", "OUT serial\n"),
    "on one line": filled("", "FROM x "),
    "names": filled("FROM x\nRUN ", "a "),
    "a list": filled("FROM x\nCAPABILITY<F32> a RAND --x ", "a,"),
    "dimensions": filled("FROM x\nCAPABILITY<F32[", "1,"),
    "digits": filled("FROM x\nCAPABILITY<F32[", "1", "]> a RAND\nOUT serial\nRUN a serial"),
    "quotes": filled("FROM x\nCAPABILITY<F32> a RAND --x ", '"'),
    "escapes": filled('FROM x\nCAPABILITY<F32> a RAND --x "', "\\n", '"\nOUT serial\nRUN a serial'),
    "unfinished escapes": filled('FROM x\nCAPABILITY<F32> a RAND --x "', "\\n"),
    "empty lines": filled("FROM x\nRUN ", " \\\n"),
    "comments": filled("FROM ", "#\n"),
    "spaces": filled("FROM x\n", " ", "OUT serial"),
    "a path": filled("FROM ", "a/", "a"),
    "no instruction": filled("FROM x\n", "a\n"),
}


@pytest.mark.parametrize("name", LARGE)
def test_size_has_a_bound(tmp_path: Path, name: str) -> None:
    """As a process: 2 s of an idle computer and 300 MB; this computer may be slower, and others may be using it."""
    path = tmp_path / "Runefile"
    path.write_text(LARGE[name])
    script = (
        "import json, pathlib, resource, sys\n"
        "from runeflash.diagnostics import render\n"
        "from runeflash.pipeline import load\n"
        "source, pipeline, diagnostics = load(pathlib.Path(sys.argv[1]))\n"
        "for item in diagnostics.in_order(): render(item, source)\n"
        "usage = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(json.dumps([diagnostics.errors, len(diagnostics.items), usage.ru_utime + usage.ru_stime]))\n"
        # ru_maxrss would be that of the process that started this one.
        "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    first, kilobytes = done.stdout.split("\n")[:2]
    errors, kept, seconds = json.loads(first)
    assert (errors == 0) is (name in {"a chain", "a chain in YAML", "spaces"})
    assert kept <= MAXIMUM_FINDINGS
    assert int(kilobytes) < 300_000
    assert seconds < 20
