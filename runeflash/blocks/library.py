"""The built-in proc blocks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from runeflash import resources
from runeflash.blocks.manifest import Block
from runeflash.blocks.reader import MANIFEST, read_block

_CRATE_NAME = re.compile(r"rune_(.+)_proc_block")


def canonical_name(segment: str) -> str:
    """Return the name that a path's last segment means: ``rune-label-proc-block`` and ``label`` are the same."""
    name = segment.replace("-", "_")
    crate = _CRATE_NAME.fullmatch(name)
    return crate[1] if crate else name


@cache
def names() -> tuple[str, ...]:
    """Return the names of all built-in blocks, sorted."""
    return tuple(sorted(path.parent.name for path in _folder().glob(f"*/{MANIFEST}")))


@cache
def load(name: str) -> Block:
    """Return a built-in block; KeyError when there is none of that name."""
    if name not in names():
        raise KeyError(name)
    return read_block(_folder() / name, is_built_in=True)


def _folder() -> Path:
    return resources.folder("proc_blocks")
