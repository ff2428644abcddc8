"""Proc blocks in git repositories: fetched once, recorded in ``runeflash.lock``, never changed behind a user's back.

``runeflash.lock`` lies beside the Runefile: JSON, for each path the URL, the commit and a hash of the block's files. A
path that is in it means that commit for ever; deleting its entry fetches anew. The files of a commit are kept in the
cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from runeflash.blocks.manifest import Block
from runeflash.blocks.reader import read_block
from runeflash.errors import ToolError, UserError
from runeflash.toolchain import cache
from runeflash.toolchain.process import run_tool

LOCK_FILE = "runeflash.lock"
_SECONDS = 120
_MAXIMUM_BYTES = 16 << 20  # of a block's files
_URL = re.compile(r"(?:https?|ssh|git|file)://[^/-].*|file:///.+")
_OWNER_AND_REPOSITORY = re.compile(r"[\w.][\w.-]*/[\w.][\w.-]*")
_HEX = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class LockedBlock:
    """What ``runeflash.lock`` says about a path.

    Attributes:
        url: the repository.
        commit: the full hash of the commit.
        sub_path: the block's folder in it; empty for the root.
        sha256: of the folder's files, names and contents.
    """

    url: str
    commit: str
    sub_path: str
    sha256: str


def locked_block(path: str, name: str, folder: Path) -> Block | None:
    """Return the block of a path that was fetched before; None where it was not. The network is not needed.

    Args:
        path: as in the Runefile.
        name: the block's name.
        folder: the Runefile's.

    Raises:
        UserError: ``runeflash.lock``, or the block, is wrong.
    """
    locked = _read_lock(folder / LOCK_FILE).get(path)
    place = _cached(locked, name) if locked is not None else None
    return read_block(place, is_built_in=False) if place is not None else None


def fetch_block(path: str, name: str, base: str, revision: str | None, sub_path: str, folder: Path) -> Block:
    """Return the block of a path, fetching it where it is not in the cache; says so on standard error.

    Args:
        path: as in the Runefile; its parts are ``base@revision#sub_path``.
        name: the block's name.
        base: ``owner/repository`` of GitHub, or a URL.
        revision: a branch, tag or commit; None for the repository's default branch.
        sub_path: the block's folder, empty for the repository's root.
        folder: the Runefile's, where ``runeflash.lock`` is written.

    Raises:
        UserError: the path, the lock or the block is wrong, or the files are not those that were locked.
        ToolError: git is missing or failed.
    """
    lock = _read_lock(folder / LOCK_FILE)
    locked = lock.get(path)
    place = _cached(locked, name) if locked is not None else None
    if place is None:
        url = _url(base)
        if (revision or "").startswith("-"):
            raise UserError(f'"{revision}" is no revision of a git repository')
        with tempfile.TemporaryDirectory(prefix="runeflash-") as work:
            commit = _fetch(url, locked.commit if locked is not None else revision, Path(work))
            files = _files(Path(work), commit, sub_path, url)
        found = LockedBlock(url, commit, sub_path, _hash(files))
        if locked is not None and found != locked:
            raise UserError(
                f"{url} has other files at {locked.commit[:12]} than {LOCK_FILE} recorded",
                hint=f'delete the entry "{path}" of {folder / LOCK_FILE} to take what is there now',
            )
        place = _keep(found, name, files)
        # A block that cannot be read is not recorded: the next commit may be right.
        block = read_block(place, is_built_in=False)
        if locked is None:
            _write_lock(folder / LOCK_FILE, {**lock, path: found})
        return block
    return read_block(place, is_built_in=False)


# --- git ----------------------------------------------------------------------------------------------------


def _url(base: str) -> str:
    if _URL.fullmatch(base):
        return base
    if "://" not in base and _OWNER_AND_REPOSITORY.fullmatch(base):
        return f"https://github.com/{base}"
    raise UserError(
        f'"{base}" is no git repository', hint="write owner/repository, or a URL of https, ssh, git or file"
    )


def _git(work: Path, *arguments: str, what: str) -> str:
    program = shutil.which("git")
    if program is None:
        raise ToolError("git is not on the PATH, and a proc block is in a git repository", hint="install git")
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_DIR": str(work / "repository")}
    return run_tool([program, *arguments], what=what, cwd=work, environment=environment, timeout=_SECONDS)


def _fetch(url: str, revision: str | None, work: Path) -> str:
    """Fetch one commit, its history left out where the server can, and return its hash."""
    print(f"runeflash: fetching {url} (a proc block, once)", file=sys.stderr)
    _git(work, "init", "--quiet", "--bare", str(work / "repository"), what="making a git repository")
    wanted = revision or "HEAD"
    try:
        _git(work, "fetch", "--quiet", "--depth=1", "--", url, wanted, what=f"fetching {wanted} of {url}")
        name = "FETCH_HEAD"
    except ToolError:
        if revision is None or not re.fullmatch(r"[0-9a-f]{7,64}", revision):
            raise
        # Servers need not give single commits, and never short hashes.
        everything = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        _git(work, "fetch", "--quiet", "--", url, *everything, what=f"fetching {url}")
        name = revision
    what = f"looking for {wanted} in {url}"
    return _git(work, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", what=what).strip()


def _files(work: Path, commit: str, sub_path: str, url: str) -> dict[str, bytes]:
    """Return the files of a folder of a commit."""
    archive = work / "block.tar"
    try:
        _git(work, "archive", "--format=tar", f"--output={archive}", f"{commit}:{sub_path}", what="reading the folder")
    except ToolError:
        raise UserError(f'{url} has no folder "{sub_path}" at {commit[:12]}') from None
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isdir():
                continue
            parts = PurePosixPath(member.name).parts
            if not member.isfile() or ".." in parts or member.name.startswith("/"):
                raise UserError(f"{member.name} of {url} is no plain file, which a proc block has alone")
            content = tar.extractfile(member)
            files[member.name] = content.read() if content is not None else b""
            if sum(map(len, files.values())) > _MAXIMUM_BYTES:
                raise UserError(f"the folder of {url} has more than {_MAXIMUM_BYTES:,} bytes: name the block's own")
    return files


def _hash(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


# --- cache and lock -----------------------------------------------------------------------------------------


def _entry_name(locked: LockedBlock, name: str) -> str:
    return cache.key(locked.sha256, name)


def _cached(locked: LockedBlock, name: str) -> Path | None:
    """Return the block's folder in the cache, if it is there and as it was locked."""
    place = cache.cache_folder() / "git-blocks" / _entry_name(locked, name) / name
    if not place.is_dir():
        return None
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    if _hash(files) != locked.sha256:
        shutil.rmtree(place.parent, ignore_errors=True)
        return None
    return place


def _keep(locked: LockedBlock, name: str, files: dict[str, bytes]) -> Path:
    def make(work: Path) -> None:
        for file, content in files.items():
            target = work / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    return cache.entry("git-blocks", _entry_name(locked, name), make) / name


def _read_lock(path: Path) -> dict[str, LockedBlock]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error})") from None
    try:
        entries = json.loads(text)["blocks"]
        lock = {str(key): LockedBlock(**value) for key, value in entries.items()}
        if not all(isinstance(part, str) for entry in lock.values() for part in asdict(entry).values()):
            raise ValueError("an entry has something that is no text")
        if not all(_HEX.fullmatch(entry.commit) for entry in lock.values()):
            raise ValueError("a commit is a hash")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged: {error}", hint="restore it, or delete it to fetch what the Runefile names now"
        ) from None
    return lock


def _write_lock(path: Path, lock: dict[str, LockedBlock]) -> None:
    content = {"blocks": {key: asdict(lock[key]) for key in sorted(lock)}}
    work = path.with_name(path.name + ".part")
    try:
        work.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        work.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror})") from None
