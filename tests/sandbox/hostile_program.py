"""The hostile rune as a program of this computer, with all of the runtime, the engine and its code under sanitizers."""

from __future__ import annotations

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
_TARGETS = HERE.parent / "targets"
_COMMON = folder("targets") / "common"
#: The files of the engine that needs a rune's code.
_AOT = ("rune_engine_aot", "rune_aot_")
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
        compile_all(jobs, work)

    key = cache.key("hostile", engine, compiler(), cache.tree_key(_COMMON), Path(__file__).read_text())
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
    """Return the hostile rune's program: orders on standard input, lines on standard output."""
    return _program("hostile_board", hostile_rune(), engine, [])


def fuzzer(name: str) -> Path:
    """Return the program of a fuzzer."""
    board = HERE / "fuzz_board.c"
    if name == "module_run":
        return _program(name, None, "wasm3", [board])
    if name == "module_fuzz":
        return _program(name, None, None, [_TARGETS / "fake_engine.c"])
    return _program(name, hostile_rune(), None, [board, _TARGETS / "fake_engine.c"])


def _program(main: str, rune: Rune | None, engine: str | None, sources: list[Path]) -> Path:
    """Return a program of the runtime with an engine, or with none, and of the image of a rune, if there is one."""
    objects = [path for path in runtime_objects(engine or "aot") if engine or not path.stem.startswith(_AOT)]
    place = next(folder for folder in (HERE, _TARGETS) if (folder / f"{main}.c").is_file())
    sources = [place / f"{main}.c", *sources]

    def make(work: Path) -> None:
        files = image_files(rune, engine or "aot", work) if rune else []
        files = [path for path in files if engine or path.name != flags.RUNE_CODE_FILE]
        jobs = [(path, [*flags.PROJECT, "-O1", *_SANITIZE]) for path in files]
        jobs += [(path, [*flags.OWN, "-O1", *_SANITIZE]) for path in sources]
        own = compile_all(jobs, work)
        run_tool([compiler(), *_SANITIZE, *own, *objects, "-lm", "-o", work / main], what=f"linking {main}")

    parts = [rune.data if rune else b"", *(path.read_bytes() for path in (*sources, HERE / "fuzz_board.h"))]
    key = cache.key("sanitized", main, str(engine), str(objects), *parts, str(SIZE), str(BUDGET))
    return cache.entry("test-objects", key, make) / main


def execute(command: list[str | Path], orders: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program; a word from a sanitizer, or another exit status than 0, fails the test."""
    done = subprocess.run(command, input=orders, capture_output=True, timeout=3600, check=False)
    assert done.returncode == 0, f"status {done.returncode}\n{done.stderr.decode(errors='replace')[-6000:]}"
    return done


def run(program: Path, orders: bytes) -> list[str]:
    """Give the hostile rune its orders; return its lines."""
    done = execute([program], orders)
    assert done.stderr == b"", done.stderr.decode(errors="replace")[-6000:]
    return done.stdout.decode().splitlines()
