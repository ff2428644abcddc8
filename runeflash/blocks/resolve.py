"""A proc block's path in a Runefile to the block.

A path is ``base``, then ``@version`` and ``#sub_path``, both optional. A bare name and the paths of the reference's own
blocks (``hotg-ai/...``) mean a built-in block by their last segment; ``./folder`` is a block beside the Runefile; any
other ``owner/repository`` or URL is a git repository, never a built-in block, whatever its name.
"""

from __future__ import annotations

import enum
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from runeflash.blocks import library
from runeflash.blocks.manifest import Block
from runeflash.blocks.reader import MANIFEST, read_block
from runeflash.diagnostics import did_you_mean
from runeflash.errors import ToolError, UserError
from runeflash.records import record

_PATH = re.compile(r"(?P<base>[\w:/_.-]+)(?:@(?P<version>[\w./-]+))?(?:#(?P<sub_path>[\w._/-]+))?")
_GITHUB = r"(?:https?|git|ssh)://(?:git@|www\.)?github\.com/(?P<path>.+?)(?:\.git)?/?"
MAXIMUM_PATH_LENGTH = 500

Suggest = Callable[[str, Iterable[str]], str | None]


class Outcome(enum.Enum):
    """How a path was understood."""

    BUILT_IN = "a built-in block"
    LOCAL = "a folder"
    FALLBACK = "a folder that does not exist, for which a built-in block stands in"
    MISSING = "a folder that does not exist, or a bare name without a block"
    UNKNOWN_BUILT_IN = "one of the reference's blocks that is not built in"
    REPOSITORY = "a git repository"
    MALFORMED = "no path"
    WRONG_MANIFEST = "a folder whose block.yaml is wrong"


@record
class Resolution:
    """What a path means.

    Attributes:
        outcome: how it was understood.
        name: the name of the block.
        block: the block, where there is one.
        message: what is to be reported; empty for the outcomes that are right.
        hint: what to do about it.
    """

    outcome: Outcome
    name: str
    block: Block | None
    message: str = ""
    hint: str | None = None


def is_path(text: str) -> bool:
    """Return whether a text has the form of a path."""
    return len(text) <= MAXIMUM_PATH_LENGTH and _PATH.fullmatch(text) is not None


def resolve(path: str, folder: Path, suggest: Suggest = did_you_mean) -> Resolution:
    """Find the block that a path means.

    Args:
        path: as in the Runefile.
        folder: the Runefile's, to which local paths are relative.
        suggest: gives the "did you mean" of a name.
    """
    match = _PATH.fullmatch(path) if len(path) <= MAXIMUM_PATH_LENGTH else None
    if match is None:
        hint = "write it as base@version#sub_path"
        if "\\" in path:
            hint = "the folders of a path are separated by /, on Windows too"
        return Resolution(Outcome.MALFORMED, path, None, "Unable to parse the path", hint)
    base, sub_path = match["base"], match["sub_path"]
    if base.startswith(("./", "../", "/")) or base in {".", ".."}:
        return _local(path, folder, base, sub_path)
    name = library.canonical_name(_last_segment(sub_path or base))
    if "/" not in base and ":" not in base:
        return _bare(path, name, suggest)
    github = re.fullmatch(_GITHUB, base)
    owner, _, repository = (github["path"] if github else base).partition("/")
    if owner == "hotg-ai" and repository:
        return _reference_block(path, name, suggest)
    return Resolution(
        Outcome.REPOSITORY,
        name,
        None,
        f'The proc block "{path}" is in a git repository, and was not fetched yet',
        "`runeflash build` and `run` fetch it once",
    )


def resolve_repository(path: str, folder: Path, *, may_fetch: bool) -> Resolution:
    """Find the block of a path that :func:`resolve` called a git repository.

    Args:
        path: as in the Runefile.
        folder: the Runefile's.
        may_fetch: whether it is fetched where it is not in the cache.
    """
    # What few Runefiles need is not loaded for all.
    from runeflash.blocks.repository import fetch_block, locked_block

    match = _PATH.fullmatch(path)
    assert match is not None
    base, sub_path = match["base"], (match["sub_path"] or "").strip("/")
    name = library.canonical_name(_last_segment(sub_path or base))
    try:
        if may_fetch:
            block = fetch_block(path, name, base, match["version"], sub_path, folder)
        elif (found := locked_block(path, name, folder)) is not None:
            block = found
        else:
            return resolve(path, folder)
    except (UserError, ToolError) as error:
        return Resolution(Outcome.REPOSITORY, name, None, f'The proc block "{path}": {error.message}', error.hint)
    return Resolution(Outcome.REPOSITORY, name, block)


def _bare(path: str, name: str, suggest: Suggest) -> Resolution:
    if name in library.names():
        return Resolution(Outcome.BUILT_IN, name, library.load(name))
    hint = suggest(name, library.names()) or "`runeflash blocks` lists the built-in ones"
    return Resolution(Outcome.MISSING, name, None, f'There is no built-in proc block "{path}"', hint)


def _reference_block(path: str, name: str, suggest: Suggest) -> Resolution:
    if name in library.names():
        return Resolution(Outcome.BUILT_IN, name, library.load(name))
    return Resolution(
        Outcome.UNKNOWN_BUILT_IN,
        name,
        None,
        f'The proc block "{path}" is not among the built-in ones',
        suggest(name, library.names()),
    )


def _local(path: str, folder: Path, base: str, sub_path: str | None) -> Resolution:
    place = folder / base / (sub_path or "")
    name = library.canonical_name(_last_segment(f"{base}/{sub_path or ''}") or place.resolve().name)
    try:
        # One question where there is nothing: a hostile file has thousands of such paths.
        exists = _status(place) is not None
        manifest = _status(place / MANIFEST) if exists else None
    except OSError as error:
        reason = error.strerror or str(error)
        return Resolution(Outcome.MISSING, name, None, f'The proc block "{path}" cannot be read: {reason}')
    if manifest is not None and stat.S_ISREG(manifest.st_mode):
        try:
            return Resolution(Outcome.LOCAL, name, read_block(place, is_built_in=False))
        except UserError as error:
            return Resolution(Outcome.WRONG_MANIFEST, name, None, error.message, error.hint)
    if exists:
        message = f'The folder "{path}" is no proc block: it has no {MANIFEST}'
        return Resolution(Outcome.MISSING, name, None, message, "docs/proc-blocks.md describes the format")
    if name in library.names():
        message = f'There is no folder "{path}", so the built-in proc block "{name}" is used'
        hint = f'write "{name}" to mean the built-in one'
        return Resolution(Outcome.FALLBACK, name, library.load(name), message, hint)
    return Resolution(Outcome.MISSING, name, None, f'There is no folder "{path}"')


def _status(place: Path) -> os.stat_result | None:
    try:
        return place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _last_segment(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment not in {"", ".", ".."}]
    return segments[-1].removesuffix(".git") if segments else ""
