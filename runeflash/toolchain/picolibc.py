"""The picolibc sources from PyPI: the C library of every firmware, and the math functions of every target."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from runeflash.errors import ToolError
from runeflash.resources import folder


def root() -> Path:
    """Return the folder of picolibc's sources.

    Raises:
        ToolError: the package is not installed.
    """
    spec = importlib.util.find_spec("pythondata_software_picolibc")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError(
            "the picolibc sources are missing",
            hint="pip install --force-reinstall runeflash (it brings them)",
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def libc_include_flags() -> list[str]:
    """Return the compiler flags that make picolibc's headers the C library's."""
    libc = root() / "newlib" / "libc"
    return [
        "-isystem",
        str(folder("targets") / "common" / "picolibc"),
        "-isystem",
        str(libc / "include"),
        "-isystem",
        str(libc / "tinystdio"),
    ]


def math_include_flags() -> list[str]:
    """Return the flags with which ``targets/common/math/*.c`` finds the sources that it renames."""
    libm = root() / "newlib" / "libm"
    return [f"-I{libm / 'math'}", f"-I{libm / 'common'}"]
