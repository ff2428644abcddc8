"""Switching on the virtual board of a board's description."""

from __future__ import annotations

import os
from collections.abc import Callable

from runeflash.boards.board import Board
from runeflash.errors import UserError
from runeflash.virtual.board import VirtualBoard


def virtual_board(
    board: Board, image: bytes, *, random_bytes: Callable[[int], bytes] = os.urandom, profile: bool = False
) -> VirtualBoard:
    """Return a virtual board that has been switched on.

    Args:
        board: a board that has a virtual one.
        image: what is flashed.
        random_bytes: draws a number of bytes for the chip's random generator.
        profile: count how often each instruction is executed.

    Raises:
        UserError: the board has no virtual one, its description names a chip that there is not or wires what that has
            not, or the image does not fit.
    """
    if board.virtual is None:
        raise UserError(f"there is no virtual {board.id}", hint="`runeflash boards` shows which boards have one")
    chip, wiring = board.virtual.get("chip"), board.virtual.get("wiring", {})
    if not isinstance(chip, str):
        raise UserError(f"the board file {board.path} should have a text at runeflash.virtual.chip")
    if not isinstance(wiring, dict):
        raise UserError(f"the board file {board.path} should have an object at runeflash.virtual.wiring")
    try:
        return VirtualBoard(
            chip,
            image,
            board.flash.origin,
            random_bytes=random_bytes,
            profile=profile,
            wiring=wiring,
        )
    except UserError as error:
        raise UserError(f"the virtual {board.id} ({board.path}): {error.message}", hint=error.hint) from error
