"""Whatever stands in a file: findings within a bounded time, never a traceback."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runeflash.diagnostics import Diagnostics, SourceFile, as_json, render
from runeflash.pipeline import analyse, load
from runeflash.runefile import parse

PROJECT = Path(__file__).resolve().parent.parent.parent
FIXTURES = PROJECT.parent / "shared" / "fixtures"
HEADER = "version: 1\nimage: runicos/base\npipeline:\n"
STAGES = 3000


def examine(path: Path, *, for_build: bool = False, strict: bool = False) -> Diagnostics:
    source, pipeline, diagnostics = load(path, for_build=for_build, strict=strict)
    assert (pipeline is None) is diagnostics.has_errors
    for item in diagnostics.in_order():
        assert render(item, source)
        as_json(item, source)
        if item.span is not None:
            assert 0 <= item.span.start <= item.span.end <= len(source.text)
    return diagnostics


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_bytes(data)
    examine(path)


@cache
def samples() -> list[str]:
    own = [
        HEADER + "  a: {capability: SOUND, args: {hz: 8000}, outputs: [{type: i16, dimensions: [8000]}]}\n"
        "  b: {proc-block: modulo, inputs: [a.0], args: {modulus: 3}}\n"
        "  c: {proc-block: label, inputs: [b], args: {labels: $R}, outputs: _}\n"
        "  o: {out: serial, inputs: [c, a]}\nresources:\n  R: {inline: 'a'}\n",
        HEADER
        + "  a:\n    capability: IMAGE\n    args:\n      width: '@2*3'\n      pixel-format: '@PixelFormat::RGB'\n"
        "  i:\n    proc-block: identity\n    inputs:\n      - a\n      - a\n  o:\n    out: serial\n    inputs: [i.1]\n",
    ]
    return own + [path.read_text() for path in sorted(FIXTURES.glob("**/*.yml"))]


PIECES = [
    *("", "\n", "\n  ", ": ", "- ", "{", "}", "[", "]", "*a", "&a ", "<<: *a", "!!str ", "|\n", "'", '"', "#", "?"),
    *("$X", "@1+", "_", "true", "null", "-1", "0", "1e999", "99999999999999999999", ".5", "utf8", "i8", "a.7", "ÿ"),
    *("./x", "../..", "/dev/null", "identity", "hotg-ai/x", "SOUND", "model", "out", "inputs", "outputs", "\t", "\0"),
]


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files(tmp_path: Path, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(samples()))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    path = tmp_path / "Runefile.yml"
    path.write_text(text)
    examine(path, for_build=data.draw(st.booleans()), strict=data.draw(st.booleans()))


def stages(line: str, count: int = STAGES) -> str:
    return HEADER + "".join(line.replace("<i>", str(i)).replace("<j>", str((i + 1) % count)) for i in range(count))


LARGE = {
    "lists in lists": "[" * 500_000,
    "items in items": "- " * 300_000,
    "maps in maps": "a: {" * 100_000,
    "question marks": "? " * 300_000,
    "quotes": "'" * 600_000,
    "one long text": "a: '" + "x" * 1_000_000 + "'",
    "too large": "#" * ((1 << 20) + 1),
    "aliases of aliases": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)),
    "merges of merges": "x0: &x0 {" + ",".join(f"k{i}: 1" for i in range(300)) + "}\n"
    + "".join(f"x{i}: &x{i} {{<<: [{', '.join([f'*x{i - 1}'] * 300)}]}}\n" for i in range(1, 7)) + "<<: *x6\n",
    "the same large stage again and again": HEADER
    + "  s: &s {proc-block: identity, args: {" + ", ".join(f"a{i}: 1" for i in range(2000)) + "}}\n"
    + "".join(f"  s{i}: *s\n" for i in range(2000)),
    "a long chain": stages("  s<i>: {proc-block: identity, inputs: [s<j>]}\n").replace("inputs: [s0]", ""),
    "a long cycle": stages("  s<i>: {proc-block: identity, inputs: [s<j>]}\n"),
    "many unknown inputs": stages("  s<i>: {proc-block: identity, inputs: [z<i>]}\n"),
    "many unknown keys": stages("  s<i>: {proc-block: identity, innputs: [z<i>]}\n"),
    "many missing models": stages("  s<i>: {model: m<i>}\n"),
    "many missing blocks": stages("  s<i>: {proc-block: ./b<i>}\n"),
    "many misspelt blocks": stages("  s<i>: {proc-block: modul<i>}\n"),
    "many missing resources": stages("  s<i>: {model: $M<i>}\n"),
    "everything connected": HEADER + "".join(
        f"  s{i}: {{proc-block: identity, inputs: [{', '.join(f's{(i * 7 + j) % 1000}' for j in range(30))}]}}\n"
        for i in range(1000)
    ),
    "many resources": HEADER + "  a: {capability: RAND, outputs: [{type: f32}]}\nresources:\n"
    + "".join(f"  r{i}:\n" for i in range(12_000)),
    "many resources of files": HEADER + "  a: {capability: RAND, outputs: [{type: f32}]}\nresources:\n"
    + "".join(f"  r{i}: {{path: p{i}}}\n" for i in range(12_000)),
    "many missing blocks, each far away": HEADER
    + "".join(f"  s{i}: {{proc-block: ./a/../b/../c/{i}}}\n" for i in range(12_000)),
    "many blocks of the reference": HEADER + "".join(f"  s{i}: {{proc-block: hotg-ai/x{i}}}\n" for i in range(12_000)),
    "every output to every input": HEADER + f"  r: {{capability: RAND, outputs: [{{type: f32}}]}}\n"
    f"  s0: {{proc-block: identity, inputs: [{', '.join(['r'] * 32)}]}}\n"
    + "".join(
        f"  s{i}: {{proc-block: identity, inputs: [{', '.join(f's{i - 1}.{n}' for n in range(32))}]}}\n"
        for i in range(1, 2600)
    ),
    "too many stages": HEADER + "".join(f"  s{i}:\n" for i in range(12_001)),
    "too many resources": HEADER + "  a:\nresources:\n" + "".join(f"  s{i}:\n" for i in range(12_001)),
    "nested expression": HEADER + "  a: {capability: SOUND, args: {hz: '@" + "(" * 400 + "'}}\n",
    "long number": HEADER + "  a: {capability: SOUND, args: {hz: " + "9" * 10_000 + "}}\n",
    "long dimension": HEADER + "  a: {capability: RAW, outputs: [{type: f32, dimensions: [" + "9" * 10_000 + "]}]}\n",
}  # fmt: skip


# By a limit; the others are small enough for every pass to look at all of them.
REFUSED = {
    "items in items", "maps in maps", "question marks", "too large", "merges of merges",
    "the same large stage again and again", "too many stages", "too many resources",
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_size_has_a_bound(tmp_path: Path, name: str) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_text(LARGE[name])
    start = time.process_time()
    diagnostics = examine(path)
    assert diagnostics.items or name == "every output to every input"
    # Most take well under a second, and the slowest less than two; the rest is for a slower computer.
    assert time.process_time() - start < 20
    is_refused = any(item.code == "RF102" for item in diagnostics)
    assert is_refused == (name in REFUSED)


@given(st.text(max_size=100))
def test_a_text_in_memory(text: str) -> None:
    """Lone surrogates included, which no file has."""
    diagnostics = Diagnostics()
    runefile = parse(SourceFile("Runefile", text), diagnostics)
    if runefile is not None:
        analyse(runefile, Path("/nowhere/Runefile"), diagnostics)
    assert diagnostics.items
