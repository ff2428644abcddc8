"""Compiles the C runtime for tests, on this computer and for cores, with what finds mistakes switched on."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache as remember
from pathlib import Path

import pytest

from runeflash.errors import ToolError
from runeflash.resources import folder
from runeflash.toolchain import cache, gcc, picolibc, wasm3, zig

HERE = Path(__file__).resolve().parent
COMMON = folder("targets") / "common"
HOST = folder("targets") / "host"

#: Two compilers with different sanitizers: zig's has the undefined behaviour one, gcc's both.
SANITIZERS = ("zig-undefined", "gcc-address")

_ENGINE = ("rune_engine_wasm3.c", "rune_wasm3_heap.c")
#: The other engine's files: they need a rune's code to link with. And what only measuring firmware has.
_COMPILED_ENGINE = ("rune_engine_aot", "rune_aot_")
_MEASURING = "rune_profile.c"
_WASM3_FLAGS = ("-O2", "-w", "-fomit-frame-pointer", "-include", "rune_wasm3_config.h")


def runtime_sources(*, engine: bool) -> list[Path]:
    """Return the runtime's files, with or without the wasm3 engine."""
    others = [path for path in sorted(COMMON.glob("rune_*.c")) if not path.name.startswith(_COMPILED_ENGINE)]
    return [path for path in others if path.name != _MEASURING and (engine or path.name not in _ENGINE)]


@remember
def wasm3_sources() -> Path:
    """Return wasm3's sources, or skip the test where they cannot be had."""
    try:
        return wasm3.sources()
    except ToolError as error:
        pytest.skip(f"wasm3's sources are not here: {error.message}")


def _sources_key() -> str:
    return cache.key(cache.tree_key(COMMON, "*.[ch]"), cache.tree_key(HOST), cache.tree_key(HERE, "*.c"))


def _compiler(sanitizer: str) -> tuple[list[str], list[str]]:
    """Return a compiler's command, and the flags of its sanitizers."""
    if sanitizer == "zig-undefined":
        return [str(zig.executable()), "cc", f"--target={zig.host_target()}"], ["-fsanitize=undefined"]
    for name in ("gcc", "clang"):
        found = shutil.which(name)
        if found:
            return [found], ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    pytest.skip("there is no gcc or clang on this computer, so no address sanitizer")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(
        [str(word) for word in command], env=zig.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr}"


def _compile(command: list[str], flags: list[str], sources: list[Path], work: Path, *, wasm3_too: bool) -> list[Path]:
    """Compile sources (and wasm3, which is never sanitized) into objects."""
    common = ["-g", "-fPIC", f"-I{COMMON}", f"-I{HOST}", *zig.SEMANTICS_FLAGS]
    jobs = [(path, ["-O1", *flags, *zig.WARNING_FLAGS]) for path in sources]
    if wasm3_too:
        place = wasm3_sources()
        common += ["-isystem", str(place)]
        jobs += [(place / name, ["-fno-sanitize=all", *_WASM3_FLAGS]) for name in wasm3.SOURCES]

    def job(path: Path, extra: list[str]) -> Path:
        output = work / f"{path.stem}.o"
        _run([*command, *common, *extra, "-c", path, "-o", output])
        return output

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(job, *zip(*jobs, strict=True)))


def library(*, engine: bool, definitions: tuple[str, ...] = ()) -> Path:
    """Return the runtime as a shared library with zig's sanitizer; without `engine`, with fake_engine.c."""
    command, flags = _compiler("zig-undefined")

    def make(work: Path) -> None:
        sources = [*runtime_sources(engine=engine), HOST / "rune_random.c"]
        if not engine:
            sources.append(HERE / "fake_engine.c")
        objects = _compile(command, [*flags, *definitions], sources, work, wasm3_too=engine)
        _run([*command, *flags, "-shared", *objects, "-lm", "-o", work / "runtime.so"])
        for path in objects:
            path.unlink()

    name = cache.key("library", str(engine), *definitions, *flags, _sources_key(), Path(__file__).read_text())
    return cache.entry("test-objects", name, make) / "runtime.so"


def measuring_library() -> Path:
    """Return what measures a rune, with all that it needs and room for eight parts, as a shared library."""
    command, flags = _compiler("zig-undefined")
    names = (_MEASURING, *(f"rune_{name}.c" for name in ("line", "json", "decimal", "float", "utf8", "status")))

    def make(work: Path) -> None:
        sources = [*(COMMON / name for name in names), HERE / "profile_parts.c"]
        objects = _compile(command, [*flags, "-DRUNE_PROFILE"], sources, work, wasm3_too=False)
        _run([*command, *flags, "-shared", *objects, "-lm", "-o", work / "measuring.so"])

    name = cache.key("measuring", *flags, _sources_key(), Path(__file__).read_text())
    return cache.entry("test-objects", name, make) / "measuring.so"


def program_objects(sanitizer: str, sources: tuple[Path, ...], *, wasm3_too: bool) -> tuple[list[str], list[Path]]:
    """Return the command that links a program, and the objects of `sources`."""
    command, flags = _compiler(sanitizer)
    if wasm3_too:
        wasm3_sources()

    def make(work: Path) -> None:
        _compile(command, flags, list(sources), work, wasm3_too=wasm3_too)

    names = [str(path) for path in sources]
    name = cache.key("objects", sanitizer, *names, str(wasm3_too), _sources_key(), Path(__file__).read_text())
    place = cache.entry("test-objects", name, make)
    return [*command, *flags, f"-I{COMMON}", f"-I{HOST}"], sorted(place.glob("*.o"))


def build_program(
    sanitizer: str, sources: tuple[Path, ...], output: Path, *, wasm3_too: bool, more: Path | None = None
) -> Path:
    """Link a program of `sources`, which are cached, and of `more`, which is compiled each time."""
    command, objects = program_objects(sanitizer, sources, wasm3_too=wasm3_too)
    _run([*command, *objects, *([more] if more else []), "-lm", "-o", output])
    return output


def core_compilers() -> dict[str, list[str]]:
    """Return the commands that compile for a Cortex-M4F without an operating system."""
    commands = {
        "zig": [
            str(zig.executable()),
            "cc",
            "-target",
            "thumb-freestanding-eabihf",
            "-mcpu=cortex_m4+vfp4d16sp",
            "-fno-sanitize=all",
            "-fomit-frame-pointer",
        ]
    }
    if gcc.version():
        commands["gcc"] = [
            str(gcc.executable()),
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfpu=fpv4-sp-d16",
            "-mfloat-abi=hard",
            "-ffreestanding",
        ]
    return {name: [*words, *picolibc.libc_include_flags()] for name, words in commands.items()}


def compile_for_core(compiler: str, sources: list[Path], work: Path) -> None:
    """Compile files for a Cortex-M4F with every warning an error, or skip where the compiler is missing."""
    command = core_compilers().get(compiler)
    if command is None:
        pytest.skip("arm-none-eabi-gcc is not on this computer")
    place = wasm3_sources()
    for path in sources:
        flags = ["-Os", *zig.SEMANTICS_FLAGS, *zig.WARNING_FLAGS, f"-I{COMMON}", "-isystem", str(place)]
        _run([*command, *flags, "-c", path, "-o", work / f"{path.stem}.o"])
