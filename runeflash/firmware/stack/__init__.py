"""The most C stack that a firmware can take: instructions, frames, the call graph, and the bound."""

from __future__ import annotations

from runeflash.firmware.stack.bound import StackBound, stack_bound

__all__ = ["StackBound", "stack_bound"]
