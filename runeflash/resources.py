"""Where the files that are not Python lie: templates, proc blocks, targets, examples.

In an installed wheel they are ``runeflash/data/NAME``; in a checkout, ``NAME`` at its top.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the absolute path of ``templates``, ``proc_blocks``, ``targets`` or ``examples``."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
