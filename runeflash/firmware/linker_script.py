"""A board's linker script: the chip's sections, and in front of them the memory that the board's file gives."""

from __future__ import annotations

from runeflash.boards.board import Board


def linker_script(board: Board, stack: int) -> str:
    """Return the script, with so many bytes of C stack.

    The regions are the board's limits, so the linker too refuses what does not fit.
    """
    return (
        f"__stack_size = {stack};\n"
        "MEMORY\n{\n"
        f"    FLASH (rx)  : ORIGIN = 0x{board.flash.origin:08x}, LENGTH = {board.flash.length}\n"
        f"    RAM   (rwx) : ORIGIN = 0x{board.ram.origin:08x}, LENGTH = {board.ram.length}\n"
        "}\n" + board.linker_script_path.read_text()
    )
