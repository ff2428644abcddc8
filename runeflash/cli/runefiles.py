"""Finding the Runefile. Without click, which plain ``check`` does without."""

from __future__ import annotations

from pathlib import Path

from runeflash.errors import RuneflashError, UserError
from runeflash.file_names import RUNEFILE_NAMES
from runeflash.pipeline import STANDARD_INPUT


class DiagnosedError(RuneflashError):
    """The Runefile has errors, which have been printed."""

    exit_code = 1


def find_input(given: Path | None) -> Path:
    """Return the Runefile (or .rune file) that a command works on.

    Args:
        given: what the user typed: a file, a folder, ``-`` for standard input, or nothing for the current folder.

    Raises:
        UserError: there is none.
    """
    if given is not None and not given.is_dir():
        if not given.exists() and given != STANDARD_INPUT:
            raise UserError(f"there is no file {given}")
        return given
    place = given or Path()
    for name in RUNEFILE_NAMES:
        if (place / name).is_file():
            return place / name
    raise UserError(
        f"there is no Runefile in {place.absolute()}", hint=f"it is called one of {', '.join(RUNEFILE_NAMES)}"
    )
