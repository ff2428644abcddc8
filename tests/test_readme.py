"""The README's tutorial and its first test, command by command, as a user would type them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text()
BIN = Path(sys.executable).parent
_WAIT_SECONDS = 300


def commands() -> list[tuple[str, list[str]]]:
    """Each command of a console block, with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found and block.startswith("$"):
                found[-1][1].append(line)
    return found


def matches(line: str, expected: str) -> bool:
    """Whether a line is as expected; ``...`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, expected.split("..."))), line.rstrip()) is not None


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A computer on which no virtual board runs yet."""
    environment = {**os.environ, "RUNEFLASH_BOARDS_DIR": str(tmp_path / "boards")}
    yield environment
    subprocess.run([BIN / "runeflash", "emulate", "--stop"], env=environment, stdout=subprocess.DEVNULL, check=False)


def start(command: list[str], here: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BIN / command[0], *command[1:]],
        cwd=here,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(stream: IO[str], wanted: str, what: str) -> list[str]:
    """Return the lines up to one that matches."""
    seen: list[str] = []
    for line in stream:
        seen.append(line)
        if matches(line, wanted):
            return seen
    raise AssertionError((what, wanted, seen))


def watch(process: subprocess.Popen[str], expected: list[str], what: str) -> None:
    """Wait for the lines before ``^C``, press Ctrl-C, and wait for those after it."""
    assert process.stdout is not None
    before, after = expected[: expected.index("^C")], expected[expected.index("^C") + 1 :]
    for wanted in before:
        read_until(process.stdout, wanted, what)
    process.send_signal(signal.SIGINT)
    for wanted in after:
        read_until(process.stdout, wanted, what)


def test_the_tutorial(tmp_path: Path, environment: dict[str, str]) -> None:
    here = tmp_path
    for command, expected in commands():
        words = command.split()
        if words[0] == "cd":
            here /= words[1]
            continue
        assert words[0] == "runeflash"
        process = start(words, here, environment)
        try:
            if "^C" in expected:
                watch(process, expected, command)
                assert process.wait(_WAIT_SECONDS) == 0
                continue
            printed, _ = process.communicate(timeout=_WAIT_SECONDS)
        finally:
            process.kill()
        lines = printed.splitlines()
        assert len(lines) >= len(expected), (command, printed)
        for line, wanted in zip(lines, expected, strict=False):
            assert matches(line, wanted), (command, line, wanted)
    assert {words.split()[1] for words, _ in commands() if words.startswith("runeflash")} >= {
        *("new", "check", "run", "build", "flash", "monitor"),
    }


def test_the_board_is_killed_while_it_is_watched(tmp_path: Path, environment: dict[str, str]) -> None:
    """And started again: nothing is retyped, and what was lost is said."""

    def runeflash(*arguments: str) -> str:
        done = subprocess.run(
            [BIN / "runeflash", *arguments], cwd=here, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    here = tmp_path
    runeflash("new", "gesture")
    here = tmp_path / "gesture"
    runeflash("build", "--board", "nano33ble")
    started = runeflash("emulate", "--board", "nano33ble")
    runeflash("flash")
    watching = start(
        ["runeflash", "monitor", "--accelerometer", "ring.csv", "--output", "seen.jsonl"], here, environment
    )
    assert watching.stdout is not None
    try:
        read_until(watching.stdout, "... output      Ring", "before")
        match = re.search(r"\(pid (\d+)", started)
        assert match is not None
        os.kill(int(match[1]), signal.SIGKILL)
        read_until(watching.stdout, "-- the port ... has vanished; waiting for the board to come back", "killed")
        assert "(pid" in runeflash("emulate", "--board", "nano33ble")
        read_until(watching.stdout, "-- the board is back at ...; what it sent in the ... s between is lost", "back")
        read_until(watching.stdout, "... output      Ring", "after")
        watching.send_signal(signal.SIGINT)
        last = read_until(watching.stdout, "-- seen: ...", "end")[-1]
        assert watching.wait(_WAIT_SECONDS) == 0
    finally:
        watching.kill()
    assert "1 interruption" in last
    kept = (here / "seen.jsonl").read_text()
    assert "has vanished" in kept
    assert kept.count("Ring") >= 2
    runeflash("emulate", "--stop", "nano33ble")


def test_the_first_test(tmp_path: Path) -> None:
    """At most 8 lines, and it passes as it stands."""
    (source,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(source.splitlines()) <= 8
    shutil.copytree(
        PROJECT / "examples" / "gesture", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build")
    )
    (tmp_path / "test_gesture.py").write_text(source)
    done = subprocess.run(
        [BIN / "pytest", "-c", os.devnull, "--rootdir", tmp_path, "--board", "nano33ble"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nano33ble, virtual (unicorn): 1 passed" in done.stdout


def test_every_command_is_in_the_table() -> None:
    from runeflash.cli.main import COMMANDS

    listed = set(re.findall(r"^\| `runeflash ([\w-]+)", README, re.MULTILINE))
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()
