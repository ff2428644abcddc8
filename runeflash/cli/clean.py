"""``runeflash clean``: what was built beside the Runefile, or everything in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from runeflash.errors import UserError


@click.command("clean")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--cache", "whole_cache", is_flag=True, help="Empty the cache (compiled objects, downloads) instead.")
def command(folder: Path | None, whole_cache: bool) -> None:
    """Delete build/ in FOLDER (default: the current one); only folders that runeflash wrote."""
    from runeflash.toolchain.cache import cache_folder

    if whole_cache:
        _remove(cache_folder())
        return
    place = (folder or Path()) / "build"
    if (folder or Path()).is_file():
        place = (folder or Path()).parent / "build"
    removed = False
    for report in sorted(place.glob("*/report.json")) if place.is_dir() else ():
        _remove(report.parent)
        removed = True
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
    if not removed:
        click.echo(f"nothing to clean in {place}")


def _remove(place: Path) -> None:
    try:
        if place.exists():
            shutil.rmtree(place)
    except OSError as error:
        raise UserError(f"{place} cannot be deleted ({error.strerror})") from error
    click.echo(f"deleted {place}")
