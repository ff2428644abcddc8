"""Finding a board by its name, or by the path of a file of the user's own."""

from __future__ import annotations

import difflib
from pathlib import Path

from runeflash.boards.board import Board, read_board
from runeflash.errors import UserError
from runeflash.resources import folder


def all_boards() -> tuple[Board, ...]:
    """Return the boards that runeflash knows, by name."""
    files = folder("targets").glob("*/boards/*.json")
    return tuple(read_board(path, path.parent.parent.name) for path in sorted(files, key=lambda path: path.stem))


def find_board(name: str) -> Board:
    """Return the board called ``name``, or the one in the file ``name`` when that ends in ``.json``.

    Raises:
        UserError: there is no such board or file.
    """
    if name.endswith(".json"):
        return read_board(Path(name).absolute())
    boards = {board.id: board for board in all_boards()}
    if name in boards:
        return boards[name]
    close = difflib.get_close_matches(name, boards, n=1)
    raise UserError(
        f"there is no board called {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"the boards are: {', '.join(boards)}",
    )
