"""``runeflash doctor``: what is there, what is missing, and how to get it."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from pathlib import Path

import click

from runeflash.cli.output import print_json


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(as_json: bool) -> int:
    """Show the tools, caches and folders that runeflash uses; fails when something needed is missing."""
    from runeflash.device.ports import list_connected
    from runeflash.resources import folder
    from runeflash.toolchain import cache, gcc, platformio, versions, wasm3

    packages = versions.pinned()
    missing = [name for name, version in packages.items() if version == "missing"]
    source = wasm3.cached()
    place = cache.cache_folder()
    gcc_version = gcc.version()
    qemu = shutil.which("qemu-system-arm")
    cached_bytes = _size(place)
    ports = list_connected()
    facts = {
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        **packages,
        "wasm3 source": str(source) if source else None,
        "arm-none-eabi-gcc": gcc_version,
        "qemu-system-arm": qemu,
        "cache": str(place),
        "cache bytes": cached_bytes,
        "platformio core": str(platformio.core_folder()),
        "targets": str(folder("targets")),
        "ports": [port.device for port in ports],
    }
    if as_json:
        print_json({"ok": not missing, "missing": missing, **facts})
        return 1 if missing else 0
    click.echo(f"python              {facts['python']}")
    for name, version in packages.items():
        click.echo(f"{name:<20}{version}")
    click.echo(f"{'wasm3 source':<20}{source or 'not downloaded yet: the first build does'}")
    gcc_text = gcc_version or "not found: firmware is built with zig (with gcc it is about 20 % smaller)"
    click.echo(f"{'arm-none-eabi-gcc':<20}{gcc_text}")
    click.echo(f"{'qemu-system-arm':<20}{qemu or 'not found: only `run --emulator qemu` needs it'}")
    click.echo(f"{'cache':<20}{place} ({cached_bytes / 1e6:.0f} MB; `runeflash clean --cache` empties it)")
    click.echo(f"{'PlatformIO core':<20}{facts['platformio core']}")
    click.echo(f"{'ports':<20}{', '.join(map(str, ports)) or 'no board is plugged in, and no virtual one runs'}")
    for name in missing:
        click.echo(f"missing: {name}; pip install --force-reinstall runeflash", err=True)
    return 1 if missing else 0


def _size(place: Path) -> int:
    """Return the bytes of the files in a folder; what vanishes while others work in it counts nothing."""
    total = 0
    for folder, _, names in os.walk(place):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - a Path for each is slow
    return total
