"""The hostile rune as a program of this computer, with all of the runtime, the engine and its code under sanitizers."""

from __future__ import annotations

import inspect
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_rune import BUDGET, SIZE, hostile_rune

from runeflash.firmware import flags
from runeflash.firmware.generate import compile_models, generate_image
from runeflash.firmware.module import firmware_module
from runeflash.resources import folder
from runeflash.rune.container import Rune
from runeflash.toolchain import cache, zig
from runeflash.toolchain.process import run_tool

HERE = Path(__file__).resolve().parent
_COMMON = folder("targets") / "common"
#: wasm3 needs more than on a 32-bit core. A multiple of 16: the linear memory ends where the array does.
_HEAP = 1 << 20

#: gcc and clang: addresses, leaks and undefined behaviour, in wasm3 too (but for what it does on purpose).
_SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
_SANITIZE_WASM3 = ["-fsanitize=address"]


def compiler() -> str:
    """Return a compiler with both sanitizers, or skip the test."""
    for name in ("gcc", "clang"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("there is no gcc or clang on this computer, so no address sanitizer")


def compile_all(jobs: list[tuple[Path, list[str]]], to: Path) -> list[Path]:
    """Compile files, each with its own flags, into a folder; return the objects."""
    command = [compiler(), "-g", *zig.SEMANTICS_FLAGS, f"-I{_COMMON}"]

    def job(source: Path, extra: list[str]) -> Path:
        output = to / f"{source.stem}.o"
        run_tool([*command, *extra, "-c", source, "-o", output], what=f"compiling {source.name}")
        return output

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(job, *zip(*jobs, strict=True)))


def runtime_objects(engine: str) -> list[Path]:
    """Return the runtime's objects with an engine, compiled once."""

    def make(work: Path) -> None:
        jobs: list[tuple[Path, list[str]]] = []
        for name, sources, extra in flags.source_groups(engine):
            if name == "wasm3":
                jobs += [(path, [*extra, "-fomit-frame-pointer", *_SANITIZE_WASM3]) for path in sources]
            elif name in {"runtime", "engine"}:
                jobs += [(path, [*extra, "-O1", *_SANITIZE]) for path in sources]
        jobs.append((HERE / "hostile_board.c", [*flags.OWN, "-O1", *_SANITIZE]))
        compile_all(jobs, work)

    key = cache.key(
        "hostile", engine, compiler(), cache.tree_key(_COMMON), cache.tree_key(HERE, "*.c"), Path(__file__).read_text()
    )
    return sorted(cache.entry("test-objects", key, make).glob("*.o"))


def image_files(rune: Rune, engine: str, work: Path) -> list[Path]:
    """Write the generated C of a rune's image; return the files."""
    image = generate_image(
        rune,
        firmware_module(rune),
        compile_models(rune),
        engine=engine,
        build_id="0",
        heap_bytes=_HEAP if engine == "wasm3" else 0,
        budget=BUDGET,
        watchdog_ms=0,
        interval_ms=0,
        stream_sensors=False,
    )
    for name, text in image.files.items():
        (work / name).write_text(text)
    return [work / name for name in image.files]


def hostile_program(engine: str) -> Path:
    """Return the program: orders on standard input, lines on standard output."""
    rune = hostile_rune()
    objects = runtime_objects(engine)

    def make(work: Path) -> None:
        files = image_files(rune, engine, work)
        own = compile_all([(path, [*flags.PROJECT, "-O1", *_SANITIZE]) for path in files], work)
        run_tool(
            [compiler(), *_SANITIZE, *own, *objects, "-lm", "-o", work / "hostile"], what="linking the hostile rune"
        )

    key = cache.key("hostile-program", engine, rune.data, str(objects), inspect.getsource(make), str(SIZE), str(BUDGET))
    return cache.entry("test-objects", key, make) / "hostile"


def run(program: Path, orders: bytes, *, timeout: int = 500) -> list[str]:
    """Give a program its orders; return its lines. A word from a sanitizer fails the test."""
    done = subprocess.run([program], input=orders, capture_output=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-6000:]
    assert done.stderr == b"", done.stderr.decode(errors="replace")[-6000:]
    return done.stdout.decode().splitlines()
