"""wasm3's source: pinned, and a clear error where it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from runeflash.errors import ToolError
from runeflash.toolchain import cache, wasm3


def test_all_sources_are_there() -> None:
    place = wasm3.sources()
    assert {name for name in wasm3.SOURCES if not (place / name).is_file()} == set()
    assert (place / "wasm3.h").is_file()
    assert wasm3.cached() == place


def test_no_network(runeflash, tmp_path: Path) -> None:
    (tmp_path / "Runefile.yml").write_text(
        "version: 1\nimage: runicos/base\npipeline:\n"
        "  a: {capability: RAND, outputs: [{type: u8, dimensions: [1]}]}\n  b: {out: serial, inputs: [a]}\n"
    )
    environment = {
        "RUNEFLASH_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    done = runeflash("run", environment=environment)
    assert done.returncode == 3
    assert "pywasm3-0.5.0.tar.gz, the source of the wasm3 interpreter, is not in the cache" in done.stderr
    assert "connect to the network once, or put the file at" in done.stderr


def test_another_file_of_the_same_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.ENVIRONMENT_VARIABLE, str(tmp_path))
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / wasm3.ARCHIVE).write_bytes(b"something else")
    with pytest.raises(ToolError, match="has the SHA-256"):
        wasm3.sources()
    assert wasm3.cached() is None
    assert not list((tmp_path / "sources").glob("*"))
