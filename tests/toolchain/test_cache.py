"""The cache: whole entries, made once."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runeflash.errors import ToolError
from runeflash.toolchain import cache


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(cache.ENVIRONMENT_VARIABLE, str(tmp_path))
    return tmp_path


def test_entries_are_whole() -> None:
    def fail(work: Path) -> None:
        (work / "half").write_text("")
        raise ToolError("no")

    with pytest.raises(ToolError):
        cache.entry("kind", "name", fail)
    place = cache.entry("kind", "name", lambda work: (work / "whole").touch())
    assert [path.name for path in place.iterdir()] == ["whole"]
    assert list(place.parent.iterdir()) == [place]
    shutil.rmtree(place)


def test_who_comes_meanwhile_waits(own_cache: Path) -> None:
    makers = []
    first_is_at_work = threading.Event()

    def make(work: Path) -> None:
        makers.append(work)
        first_is_at_work.set()
        time.sleep(0.2)  # others come while this one makes it
        (work / "made").touch()

    def ask(number: int) -> Path:
        if number:
            first_is_at_work.wait()
        return cache.entry("kind", "name", make)

    with ThreadPoolExecutor(3) as pool:
        places = set(pool.map(ask, range(3)))
    assert len(makers) == 1
    assert places == {own_cache / "kind" / "name"}


def test_an_entry_may_need_another(own_cache: Path) -> None:
    def make(work: Path) -> None:
        inner = cache.entry("kind", "inner", lambda folder: (folder / "text").write_text("x"))
        (work / "text").write_text((inner / "text").read_text() * 2)

    assert (cache.entry("kind", "outer", make) / "text").read_text() == "xx"


def test_keys_depend_on_content_and_order() -> None:
    assert cache.key("a", "b") != cache.key("b", "a")
    assert cache.key("ab") != cache.key("a", "b")
    assert cache.key("a", b"b") == cache.key("a", "b")
