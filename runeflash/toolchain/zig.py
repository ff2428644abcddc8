"""zig: the compiler of the wasm, of the host's runtime, and of firmware where there is no gcc.

The flags of this file are part of what makes results equal everywhere: no contraction, no
fast math, a fixed target that is never the CPU of this computer.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

from runeflash.errors import ToolError
from runeflash.toolchain.cache import cache_folder
from runeflash.toolchain.process import run_tool

#: Semantics that every compiler of every target gets (design: one result everywhere).
SEMANTICS_FLAGS = (
    "-std=c11",
    "-ffp-contract=off",
    "-fno-fast-math",
    "-fno-math-errno",
    "-fsigned-char",
    "-fwrapv",
    "-fno-strict-aliasing",
)
#: What our own C must pass without a word.
WARNING_FLAGS = ("-Wall", "-Wextra", "-Werror")

WASM_FLAGS = (
    "--target=wasm32-freestanding",
    "-mcpu=mvp+sign_ext+bulk_memory+bulk_memory_opt+nontrapping_fptoint",
    "-O2",
    "-fhosted",  # else zig takes a freestanding target to have no memcpy, and makes every small copy a call
    "-fno-sanitize=all",
    *SEMANTICS_FLAGS,
)

#: Where programs that take glibc look for its loader; not every computer with a glibc has it there.
_GLIBC_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}


def executable() -> Path:
    """Return zig's executable.

    Raises:
        ToolError: the ziglang package is not installed.
    """
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError("zig is missing", hint="pip install --force-reinstall runeflash (it brings ziglang)")
    return Path(spec.submodule_search_locations[0]) / ("zig.exe" if os.name == "nt" else "zig")


def environment() -> dict[str, str]:
    """Return the environment for zig: its own cache inside ours, no colours."""
    cache = cache_folder() / "zig"
    cache.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(cache),
        "ZIG_LOCAL_CACHE_DIR": str(cache),
        "NO_COLOR": "1",
    }


def host_target() -> str:
    """Return zig's name of the baseline target for programs that run on this computer."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    linux = "linux-gnu.2.17" if _has_glibc(machine) else "linux-musl"
    system = {"Linux": linux, "Darwin": "macos-none", "Windows": "windows-gnu"}.get(platform.system())
    if system is None:
        raise ToolError(f"runeflash cannot build programs for {platform.system()}")
    return f"{machine}-{system}"


def _has_glibc(machine: str) -> bool:
    """Return whether programs can take this computer's glibc, of any version that PyPI's packages run on (PEP 599).

    Only stubs of it are made. The first program with musl waits until all of musl is compiled: a minute of one core.
    """
    try:
        glibc = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):  # no such function on Windows, no such name in other C libraries
        return False
    return glibc is not None and machine in _GLIBC_LOADERS and Path(_GLIBC_LOADERS[machine]).exists()


def host_flags() -> list[str]:
    """Return the flags for C that runs on this computer; SSE2 arithmetic on x86, never its own CPU's extras."""
    return [f"--target={host_target()}", "-O2", "-fno-sanitize=all", *SEMANTICS_FLAGS]


def compile_c(arguments: list[str | Path], *, what: str, cwd: Path | None = None) -> str:
    """Run ``zig cc`` with these arguments and return what it printed."""
    return run_tool([executable(), "cc", *arguments], what=what, cwd=cwd, environment=environment())


def version() -> str:
    """Return zig's version: that of the package that brings it."""
    return importlib.metadata.version("ziglang")
