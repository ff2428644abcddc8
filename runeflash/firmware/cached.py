"""Firmware for ``run``: the image that ``build`` makes, in the cache instead of beside the Runefile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runeflash.firmware.build import Firmware, build_firmware
from runeflash.firmware.flags import firmware_tools
from runeflash.firmware.options import BuildOptions
from runeflash.rune.container import Rune
from runeflash.toolchain import cache


def cached_firmware(
    rune: Rune, options: BuildOptions, path: Path, *, progress: Callable[[str], None] = lambda step: None
) -> Firmware:
    """Build a rune's firmware in a folder of the cache that belongs to the Runefile and the options.

    The next build of the same Runefile goes into the same folder, so that only what changed is compiled.
    """
    board = options.board
    place = cache.key(
        str(path.absolute()),
        str(board.path),
        # "auto" is one of the others
        firmware_tools(options.toolchain, board.cpu, board.fpu).name,
        options.engine,
        options.sensors,
        str(options.profile),
        *options.disabled_passes,
    )
    return build_firmware(rune, options, cache.cache_folder() / "runs" / place, progress=progress)
