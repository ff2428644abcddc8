"""A finished build, read back from its folder: what `flash` takes."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import runeflash
from runeflash.boards import Board
from runeflash.boards.board import read_board
from runeflash.errors import UserError
from runeflash.firmware.build import REPORT
from runeflash.templating import render
from runeflash.toolchain import cache

_IMAGE = "firmware.bin"


@dataclass(frozen=True)
class Built:
    """A build.

    Attributes:
        image: the ``.bin``.
        project: the PlatformIO project.
        board: the board that it was built for, as it was described then.
        build_id: what its boot line shows.
        unchanged: whether the image is as the build wrote it.
    """

    image: Path
    project: Path
    board: Board
    build_id: str
    unchanged: bool


def last_build(place: Path, board: str | None = None) -> Path:
    """Return the folder of the last build beside a Runefile.

    Args:
        place: the folder of the Runefile.
        board: the id of a board, to take the build for that one.

    Raises:
        UserError: there is none.
    """
    reports = sorted((place / "build").glob(f"{board or '*'}/{REPORT}"), key=lambda report: report.stat().st_mtime)
    if not reports:
        what = f" for {board}" if board else ""
        raise UserError(
            f"nothing has been built{what} in {place.absolute()}",
            hint=f"run `runeflash build --board {board or 'BOARD'}`, or name a build's folder",
        )
    return reports[-1].parent


def is_build(path: Path) -> bool:
    """Whether a path is a build's folder, its report, or the image in it."""
    folder = path if path.is_dir() else path.parent
    return (folder / REPORT).is_file() and (path.is_dir() or path.name in {REPORT, _IMAGE})


def read_build(path: Path) -> Built:
    """Read a build back.

    Args:
        path: as :func:`is_build` takes it.

    Raises:
        UserError: something is missing or damaged.
    """
    folder = (path if path.is_dir() else path.parent).absolute()
    report, image = folder / REPORT, folder / _IMAGE
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        board_id, build_id, expected = content["board"], content["build"], content["files"][_IMAGE]
        if not all(isinstance(value, str) for value in (board_id, build_id, expected)):
            raise TypeError("not text")
    except OSError as error:
        raise UserError(f"the report {report} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"the report {report} is damaged", hint="build again") from error
    try:
        data = image.read_bytes()
    except OSError as error:
        raise UserError(f"the image {image} cannot be read ({error.strerror})", hint="build again") from error
    project = folder / "project"
    try:
        board = read_board(project / "boards" / f"{board_id}.json", _family(project, board_id))
    except UserError as error:
        raise UserError(f"the build in {folder} cannot be flashed: {error.message}", hint="build again") from error
    return Built(image, project, board, build_id, hashlib.sha256(data).hexdigest() == expected)


def project_for_image(board: Board) -> Path:
    """Return a PlatformIO project of no other use than its upload target, for an image that is there without one."""
    files = (board.path, *board.own_files())
    context = {
        "name": "firmware",
        "board": board.id,
        "platform": board.family,
        "toolchain": "auto",
        "engine": "wasm3",
        "profile": "no",
        "stack": board.stack,
        "version": runeflash.__version__,
    }

    def make(project: Path) -> None:
        (project / "src").mkdir()
        for path in files:
            place = project / "boards" / os.path.relpath(path, board.path.parent)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
        (project / "platformio.ini").write_text(render("firmware/platformio.ini.j2", project=context))

    return cache.entry("uploads", cache.key(str(board.path), *(path.read_bytes() for path in files)), make)


def _family(project: Path, board_id: str) -> str:
    """Return the family of a project's board, as its folder in ``targets/`` is called."""
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read_string((project / "platformio.ini").read_text(encoding="utf-8"))
        return settings[f"env:{board_id}"]["platform"].removeprefix("runeflash-")
    except (OSError, KeyError, ValueError, configparser.Error) as error:
        raise UserError(f"the project {project} is damaged or missing", hint="build again") from error
