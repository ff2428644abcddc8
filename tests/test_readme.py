"""The README's tutorial, command by command, as a user would type it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text()


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


def test_the_tutorial(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("build"))
    here = tmp_path
    bin_folder = Path(sys.executable).parent
    for command, expected in commands():
        words = command.split()
        if words[0] == "cd":
            here /= words[1]
            continue
        assert words[0] == "runeflash"
        done = subprocess.run(
            [bin_folder / "runeflash", *words[1:]],
            cwd=here,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        lines = done.stdout.splitlines()
        assert len(lines) >= len(expected), (command, done.stdout)
        for line, wanted in zip(lines, expected, strict=False):
            assert matches(line, wanted), (command, line, wanted)


def test_every_command_is_in_the_table() -> None:
    from runeflash.cli.main import COMMANDS

    listed = set(re.findall(r"^\| `runeflash ([\w-]+)", README, re.MULTILINE))
    assert listed == set(COMMANDS)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()
