"""Files that a Runefile names: models and resources."""

from __future__ import annotations

import stat
from pathlib import Path

from runeflash.records import record

# A microcontroller has no use for more, and a device file has no end.
MAXIMUM_FILE_BYTES = 64 << 20


@record
class FileContent:
    """What was found at a path; exactly one of the three is so.

    Attributes:
        data: a file's bytes, or None.
        is_folder: there is a folder.
        error: why it cannot be read, or None.
    """

    data: bytes | None
    is_folder: bool
    error: str | None


def read_file(folder: Path, path: str) -> FileContent:
    """Read the file at a path relative to a folder."""
    try:
        place = folder / path
        status = place.stat()
        if stat.S_ISDIR(status.st_mode):
            return FileContent(None, True, None)
        if not stat.S_ISREG(status.st_mode):
            return FileContent(None, False, "it is not a regular file")
        with place.open("rb") as file:
            data = file.read(MAXIMUM_FILE_BYTES + 1)
    except OSError as error:
        number = f" (os error {error.errno})" if error.errno is not None else ""
        return FileContent(None, False, f"{error.strerror or error}{number}")
    except ValueError:  # a zero byte, or a character that the file system's encoding does not have
        return FileContent(None, False, "it is no path")
    if len(data) > MAXIMUM_FILE_BYTES:
        return FileContent(None, False, f"it is larger than {MAXIMUM_FILE_BYTES:,} bytes")
    return FileContent(data, False, None)


def path_hint(path: str) -> str | None:
    """Return what may be wrong with the path of a file that cannot be read, or None."""
    return "the folders of a path are separated by /, on Windows too" if "\\" in path else None
