"""Passes: each a function from one graph to the next that computes the same, in a file of its own."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.model.graph import Graph
from runeflash.model.passes.remove_reshapes import remove_reshapes
from runeflash.model.passes.remove_unused import remove_unused

#: In the order in which they run.
PASSES: tuple[Callable[[Graph], Graph], ...] = (remove_unused, remove_reshapes)

__all__ = ["PASSES"]
