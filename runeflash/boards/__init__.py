"""Board descriptions: one JSON file per board in ``targets/FAMILY/boards``, or a file of the user's own."""

from runeflash.boards.board import Board, MemoryRegion, families
from runeflash.boards.registry import all_boards, built_for, find_board

__all__ = ["Board", "MemoryRegion", "all_boards", "built_for", "families", "find_board"]
