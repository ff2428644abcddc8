"""PlatformIO in a core folder of our own: our platforms linked into it, no telemetry, no registry.

Facts about PlatformIO 6: the one package it insists on is ``tool-scons`` of its own registry; three
small files in the core folder let it take SCons from PyPI instead. A platform that declares no
packages needs nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from runeflash.errors import ToolError
from runeflash.resources import folder
from runeflash.toolchain import cache, zig
from runeflash.toolchain.process import run_tool

_SCONS_OWNER = "platformio"
_SCONS_VERSION = "4.41101.0"  # SCons 4.11.1 in the registry's numbering
_SCONS_SCRIPT = "import sys\n\nfrom SCons.Script import main\n\nsys.exit(main())\n"

#: Each folder of targets/ with this file is one of our platforms, called runeflash-NAME in platformio.ini.
_FAMILIES_MARK = "platform.json"


def core_folder() -> Path:
    """Return PlatformIO's core folder inside our cache: one for each place where runeflash is installed.

    It holds links to that place's platforms, which another installation must not turn to its own during a build.
    """
    return cache.cache_folder() / "platformio" / cache.key(str(folder("targets")))[:12]


def environment() -> dict[str, str]:
    """Return the environment in which PlatformIO runs; the core folder is complete after this."""
    core = _prepare()
    return {
        **zig.environment(),
        "PLATFORMIO_CORE_DIR": str(core),
        "PLATFORMIO_BUILD_CACHE_DIR": str(cache.cache_folder() / "firmware-objects"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "3650",
        "PLATFORMIO_SETTING_DISABLE_UDEV_RULES_CHECK": "yes",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_DISABLE_PROGRESSBAR": "true",
        "PLATFORMIO_NO_ANSI": "true",
        "PYTHONIOENCODING": "utf-8",
    }


def launcher() -> list[str]:
    """Return the command that starts PlatformIO with its registry switched off."""
    return [sys.executable, "-m", "runeflash.toolchain.platformio_offline"]


def run(arguments: list[str], *, what: str, timeout: float = 600, variables: Mapping[str, str] | None = None) -> str:
    """Run PlatformIO, with further environment variables, and return what it printed.

    Raises:
        ToolError: it failed.
    """
    chosen = {**environment(), **(variables or {})}
    return run_tool([*launcher(), *arguments], what=what, environment=chosen, timeout=timeout)


def families() -> dict[str, Path]:
    """Return our development platforms: ``runeflash-arduino`` and its folder."""
    return {
        f"runeflash-{path.parent.name}": path.parent for path in sorted(folder("targets").glob(f"*/{_FAMILIES_MARK}"))
    }


def _prepare() -> Path:
    core = core_folder()
    scons = core / "packages" / "tool-scons"
    files = {
        "package.json": json.dumps({"name": "tool-scons", "version": _SCONS_VERSION, "description": "SCons from PyPI"}),
        ".piopm": json.dumps(
            {
                "type": "tool",
                "name": "tool-scons",
                "version": _SCONS_VERSION,
                "spec": {
                    "owner": _SCONS_OWNER,
                    "id": None,
                    "name": "tool-scons",
                    "requirements": None,
                    "uri": None,
                },
            }
        ),
        "scons.py": _SCONS_SCRIPT,
    }
    scons.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _write_if_changed(scons / name, text)
    platforms = core / "platforms"
    platforms.mkdir(parents=True, exist_ok=True)
    for name, path in families().items():
        _link(platforms / name, path)
    return core


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        work = path.with_name(f"{path.name}.{os.getpid()}")
        work.write_text(text)
        work.replace(path)


def _link(place: Path, target: Path) -> None:
    """Make ``place`` a link to ``target``, replacing a link of another installation."""
    if place.is_symlink() and place.readlink() == target:
        return
    work = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        work.unlink(missing_ok=True)
        work.symlink_to(target, target_is_directory=True)
        work.replace(place)
    except OSError as error:
        raise ToolError(f"PlatformIO's folder {place.parent} cannot be written ({error.strerror})") from error
