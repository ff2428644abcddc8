"""The command line: one file per command, each imported only when it is the one that is run."""

from __future__ import annotations

from runeflash.cli.start import main

__all__ = ["main"]
