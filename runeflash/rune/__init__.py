"""Pipeline to rune: C from templates, compiled to WebAssembly, with custom sections.

Entry points: :func:`build_rune` (a pipeline becomes a :class:`Rune`) and :func:`read_rune`
(the bytes of a ``.rune`` file become a :class:`Rune`).
"""

from runeflash.rune.build import build_rune
from runeflash.rune.container import MemoryLayout, Rune, RuneModel, read_rune

__all__ = ["MemoryLayout", "Rune", "RuneModel", "build_rune", "read_rune"]
