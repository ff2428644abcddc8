"""The sources of wasm3 0.5.0, from the source package that PyPI has of it, checked against a pinned hash."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from runeflash.errors import ToolError
from runeflash.toolchain import cache

PACKAGE = "pywasm3"
VERSION = "0.5.0"
ARCHIVE = f"{PACKAGE}-{VERSION}.tar.gz"
SHA256 = "5a47c8a39f7f6ae71b3316b2e5d86c9d0db6e771a65f09a86e4d4aa3a19aefcc"

#: The core: the binding's own module and wasm3's WASI are not wanted.
SOURCES = (
    "m3_bind.c",
    "m3_code.c",
    "m3_compile.c",
    "m3_core.c",
    "m3_emit.c",
    "m3_env.c",
    "m3_exec.c",
    "m3_function.c",
    "m3_info.c",
    "m3_module.c",
    "m3_parse.c",
)

_DOWNLOAD_SECONDS = 180


def cached() -> Path | None:
    """Return the folder of the sources if they are in the cache."""
    place = cache.cache_folder() / "sources" / _entry_name() / "wasm3"
    return place if place.is_dir() else None


def sources() -> Path:
    """Return the folder of wasm3's .c and .h files, downloading them through pip where they are not cached.

    Raises:
        ToolError: they cannot be downloaded, or what came has another hash.
    """
    return cache.entry("sources", _entry_name(), _make) / "wasm3"


def _entry_name() -> str:
    return f"{PACKAGE}-{VERSION}-{SHA256[:12]}"


def _make(work: Path) -> None:
    offered = cache.cache_folder() / "downloads" / ARCHIVE
    if offered.is_file():
        _unpack(offered, work)
        return
    with tempfile.TemporaryDirectory(prefix="runeflash-") as folder:
        print(f"runeflash: downloading {ARCHIVE} (wasm3's source, once)", file=sys.stderr)
        _download(Path(folder), offered)
        _unpack(Path(folder) / ARCHIVE, work)


def _download(folder: Path, offered: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--no-binary", ":all:", "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PIP_RETRIES": os.environ.get("PIP_RETRIES", "1")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DOWNLOAD_SECONDS,
            check=False,
        )
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
    except subprocess.TimeoutExpired:
        reason = [f"no answer within {_DOWNLOAD_SECONDS} s"]
    if not (folder / ARCHIVE).is_file():
        raise ToolError(
            f"{ARCHIVE}, the source of the wasm3 interpreter, is not in the cache and could not be downloaded with pip"
            + (f" ({reason[-1]})" if reason else ""),
            hint=f"connect to the network once, or put the file at {offered}",
        )


def _unpack(archive: Path, work: Path) -> None:
    data = archive.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ToolError(
            f"{archive} has the SHA-256 {found}, not {SHA256}: it is not the file that runeflash was made with",
            hint="delete it, and see which package index pip is configured to use",
        )
    prefix = f"{PACKAGE}-{VERSION}/wasm3/"
    (work / "wasm3").mkdir()
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = member.name.removeprefix(prefix)
            source = tar.extractfile(member) if member.name.startswith(prefix) and "/" not in name else None
            if source is not None:
                (work / "wasm3" / name).write_bytes(source.read())
