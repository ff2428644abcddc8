"""``runeflash pio``: PlatformIO with our core folder, platforms and settings."""

from __future__ import annotations

import subprocess

import click


@click.command(
    "pio",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Run PlatformIO with ARGUMENTS: `runeflash pio -- run -d build/BOARD/project`."""
    from runeflash.toolchain import platformio

    done = subprocess.run([*platformio.launcher(), *arguments], env=platformio.environment(), check=False)
    return 0 if done.returncode == 0 else 3
