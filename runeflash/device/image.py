"""Whether an image can be a board's, from its bytes alone."""

from __future__ import annotations

import struct

from runeflash.boards import Board, all_boards
from runeflash.errors import DeviceError


def check_image(image: bytes, board: Board) -> None:
    """Check that an image's vector table fits the memory of a board (ARMv7-M, B1.5.3: stack pointer, reset vector).

    Raises:
        DeviceError: it does not: the image is for another board, or is no image.
    """
    problem = _problem(image, board)
    if problem is None:
        return
    others = [other.id for other in all_boards() if other.id != board.id and _problem(image, other) is None]
    raise DeviceError(
        f"the image is not for {board.id}: {problem}",
        hint=f"it looks like one for {' or '.join(others)}" if others else "flash the firmware.bin that a build wrote",
    )


def _problem(image: bytes, board: Board) -> str | None:
    """Return what is wrong, or None."""
    if len(image) > board.flash.length:
        return f"it has {len(image):,} bytes, and the board has room for {board.flash.length:,}"
    if len(image) < 8:
        return f"it has {len(image)} bytes, which is no vector table"
    stack, reset = struct.unpack_from("<II", image)
    if not board.ram.origin < stack <= board.ram.origin + board.ram.length:
        return f"its stack at 0x{stack:08x} does not lie in the board's RAM"
    entry = reset & ~1
    if not reset & 1 or not board.flash.origin <= entry < board.flash.origin + len(image):
        return f"its reset vector 0x{reset:08x} does not lie in the flash that it is written to"
    return None
