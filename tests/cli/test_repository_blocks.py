"""Proc blocks in git repositories: fetched by a build, locked, and never by a check. The repository is a local one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from runeflash.toolchain import cache

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

RUNEFILE = """
version: 1
image: runicos/base
pipeline:
  input: {{capability: RAW, outputs: [{{type: u8, dimensions: [2]}}]}}
  plus: {{proc-block: "{path}", inputs: [input], outputs: [{{type: u8, dimensions: [2]}}]}}
  serial: {{out: serial, inputs: [plus]}}
"""
MANIFEST = "summary: Adds.\ninputs: [{name: x, types: u8, shape: [n]}]\noutputs: [{name: y, types: u8, shape: [n]}]\n"
SOURCE = """
#include "rune_proc_block.h"
void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        ((uint8_t *)out[0].data)[i] = ((const uint8_t *)in[0].data)[i] + ADDED;
    }
}
"""


class Repository:
    """A git repository with a block called modulo, which no built-in one may stand in for."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.block = place / "blocks" / "modulo"
        self.block.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return self.place.as_uri()

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.place, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, added: int) -> str:
        (self.block / "block.yaml").write_text(MANIFEST)
        (self.block / "modulo.c").write_text(SOURCE.replace("ADDED", str(added)))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"plus {added}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(1)
    made.git("tag", "v1")
    return made


@pytest.fixture
def own_cache(tmp_path: Path) -> dict[str, str]:
    """A cache whose fetched blocks are this test's; everything else is the usual one's."""
    place = tmp_path / "cache"
    place.mkdir()
    for entry in cache.cache_folder().iterdir():
        if entry.name != "git-blocks":
            (place / entry.name).symlink_to(entry)
    return {cache.ENVIRONMENT_VARIABLE: str(place)}


def run(runeflash, path: str, environment: dict[str, str], command: str = "run"):  # type: ignore[no-untyped-def]
    folder = Path(environment[cache.ENVIRONMENT_VARIABLE]).parent
    (folder / "Runefile.yml").write_text(RUNEFILE.format(path=path))
    (folder / "input.bin").write_bytes(bytes([10, 255]))
    return runeflash(command, *(("--raw", "input.bin") if command == "run" else ()), environment=environment)


def elements(done: subprocess.CompletedProcess[str]) -> list[int]:
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["elements"])


def test_it_is_fetched_once_and_stays(runeflash, repository: Repository, own_cache, tmp_path: Path) -> None:
    path = f"{repository.url}#blocks/modulo"
    # check fetches nothing, and says what is missing
    done = run(runeflash, path, own_cache, "check")
    assert done.returncode == 0
    assert "was not fetched yet" in done.stderr
    assert not (tmp_path / "runeflash.lock").exists()
    first = repository.git("rev-parse", "HEAD")
    done = run(runeflash, path, own_cache)
    assert elements(done) == [11, 0]
    assert f"runeflash: fetching {repository.url} (a proc block, once)" in done.stderr
    lock = json.loads((tmp_path / "runeflash.lock").read_text())
    assert lock["blocks"][path]["commit"] == first
    # a new commit changes nothing, and nothing is fetched, nor could be
    repository.commit(2)
    kept = repository.place.rename(tmp_path / "elsewhere")
    done = run(runeflash, path, own_cache)
    assert elements(done) == [11, 0]
    assert "fetching" not in done.stderr
    assert run(runeflash, path, own_cache, "check").stderr == ""
    # another computer, with the lock but without the cache, gets the same commit
    kept.rename(repository.place)
    shutil.rmtree(Path(own_cache[cache.ENVIRONMENT_VARIABLE]) / "git-blocks")
    done = run(runeflash, path, own_cache)
    assert elements(done) == [11, 0]
    assert "fetching" in done.stderr
    # without the entry what is there now is taken
    (tmp_path / "runeflash.lock").unlink()
    assert elements(run(runeflash, path, own_cache)) == [12, 1]


def test_a_tag_a_branch_and_a_commit(runeflash, repository: Repository, own_cache) -> None:
    second = repository.commit(2)
    repository.git("branch", "stable")
    repository.commit(3)
    for revision, added in (("v1", 1), ("stable", 2), (second, 2), (second[:10], 2), ("main", 3)):
        done = run(runeflash, f"{repository.url}@{revision}#blocks/modulo", own_cache)
        assert elements(done) == [10 + added, added - 1], revision


def test_history_that_was_written_anew_is_noticed(runeflash, repository: Repository, own_cache, tmp_path: Path) -> None:
    path = f"{repository.url}#blocks/modulo"
    assert elements(run(runeflash, path, own_cache)) == [11, 0]
    lock = json.loads((tmp_path / "runeflash.lock").read_text())
    lock["blocks"][path]["sha256"] = "0" * 64
    (tmp_path / "runeflash.lock").write_text(json.dumps(lock))
    done = run(runeflash, path, own_cache)
    assert done.returncode == 1
    assert "has other files at" in done.stderr
    assert "delete the entry" in done.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{url}#blocks/nothing", 'has no folder "blocks/nothing"'),
        ("{url}@nowhere#blocks/modulo", "fetching nowhere of file://"),
        ("{url}", "has no repository.c"),
        ("file:///nowhere/at/all#modulo", "fetching HEAD of file:///nowhere/at/all failed"),
        ("{url}@--upload-pack#blocks/modulo", "is no revision"),
        ("ext::sh/x#modulo", "is no git repository"),
        ("a/b/c#modulo", "is no git repository"),
    ],
)
def test_what_cannot_be_fetched(
    runeflash, repository: Repository, own_cache, tmp_path: Path, path: str, message: str
) -> None:
    done = run(runeflash, path.format(url=repository.url), own_cache)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Runefile.yml:6:" in done.stderr
    assert not (tmp_path / "runeflash.lock").exists()


def test_links_are_refused(runeflash, repository: Repository, own_cache) -> None:
    (repository.block / "passwords").symlink_to("/etc/passwd")
    repository.commit(2)
    done = run(runeflash, f"{repository.url}#blocks/modulo", own_cache)
    assert done.returncode == 1
    assert "passwords of file://" in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"blocks": {"a": 5}}', '{"blocks": {"a": {"url": "x"}}}', "\xff"])
def test_a_damaged_lock(runeflash, repository: Repository, own_cache, tmp_path: Path, text: str) -> None:
    (tmp_path / "runeflash.lock").write_bytes(text.encode("latin-1"))
    done = run(runeflash, f"{repository.url}#blocks/modulo", own_cache)
    assert done.returncode == 1
    assert "runeflash.lock" in done.stderr
