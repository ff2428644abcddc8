"""The user's cache: one folder, entries named by the hash of what made them.

An entry is written beside its place and renamed into it: it is whole, or not there. It is made once: other processes
wait for the one that is making it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import runeflash
from runeflash.toolchain.lock import file_lock

ENVIRONMENT_VARIABLE = "RUNEFLASH_CACHE_DIR"


def cache_folder() -> Path:
    """Return the cache's folder: ``$RUNEFLASH_CACHE_DIR``, or ``runeflash`` in the user's cache folder."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "runeflash"


def key(*parts: str | bytes) -> str:
    """Return the name of an entry: a hash of the parts, of their order, and of runeflash's version."""
    digest = hashlib.sha256(runeflash.__version__.encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


def tree_key(folder: Path, pattern: str = "**/*") -> str:
    """Return a hash of the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def entry(kind: str, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of an entry, calling ``make(folder)`` to fill it where it is not there yet.

    A process that wants what another one is making waits for it. ``make`` may ask for other entries, if none of
    them needs this one.
    """
    place = cache_folder() / kind / name
    if place.is_dir():
        return place
    lock = place.parent / f".{name}.lock"
    with file_lock(lock):
        try:
            if not place.is_dir():
                _fill(place, make)
        finally:
            # Who waits for this very file goes on when it is gone; two at once are no harm.
            lock.unlink(missing_ok=True)
    return place


def _fill(place: Path, make: Callable[[Path], None]) -> None:
    work = Path(tempfile.mkdtemp(prefix=f".{place.name[:8]}-", dir=place.parent))
    try:
        make(work)
        try:
            work.rename(place)
        except OSError:
            if not place.is_dir():  # another process was first: its entry is as good as ours
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
