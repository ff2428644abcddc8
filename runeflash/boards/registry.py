"""Finding a board by its name, by the path of a file of the user's own, or by what was built for it."""

from __future__ import annotations

import difflib
import json
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
        UserError: there is no such board or file, or something is wrong in it.
    """
    if name.endswith(".json"):
        return read_board(Path(name).absolute())
    for path in folder("targets").glob("*/boards/*.json"):
        if path.stem == name:
            return read_board(path, path.parent.parent.name)
    if Path(f"{name}.json").is_file():
        raise UserError(f"there is no board called {name!r}", hint=f"a file is named with its ending: {name}.json")
    boards = [board.id for board in all_boards()]
    close = difflib.get_close_matches(name, boards, n=1)
    raise UserError(
        f"there is no board called {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"the boards are: {', '.join(boards)}, or a file of your own",
    )


def built_for(report: Path) -> Board:
    """Return the board that a build is for, by its ``report.json``.

    Raises:
        UserError: the report cannot be read, or the board's file is no longer there.
    """
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        own = content.get("board_file")
        name = str((report.parent / own).resolve()) if isinstance(own, str) else str(content["board"])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UserError(
            f"{report} does not say for which board it is", hint="build again with --board, or name one"
        ) from error
    try:
        return find_board(name)
    except UserError as error:
        raise UserError(
            f"the last build here, {report.parent}, cannot be taken for the board: {error.message}",
            hint=error.hint or "name a board with --board",
        ) from error
