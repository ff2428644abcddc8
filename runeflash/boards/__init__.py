"""Board descriptions: one JSON file per board in ``targets/FAMILY/boards``, or a file of the user's own."""

from runeflash.boards.board import Board, MemoryRegion
from runeflash.boards.registry import all_boards, find_board

__all__ = ["Board", "MemoryRegion", "all_boards", "find_board"]
