"""The built wheel, in an empty environment, run from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from runeflash.toolchain import wasm3
from runeflash.toolchain.cache import cache_folder

PROJECT = Path(__file__).resolve().parent.parent
EXPECTED = '{"channel":2,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}\n'


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment or dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def examples(name: str) -> list[Path]:
    """The files of an example that `runeflash new` copies."""
    return [path for path in (PROJECT / "examples" / name).iterdir() if path.is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, PROJECT, cwd=folder)
    (found,) = folder.glob("runeflash-*.whl")
    return found


def test_the_wheel_carries_what_is_not_python(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "templates/rune/pipeline.c.j2",
        "proc_blocks/label/block.yaml",
        "proc_blocks/include/rune_proc_block.h",
        "targets/arduino/boards/nano33ble.json",
        "targets/common/rune_host.c",
        "targets/common/scons/firmware.py",
        "templates/project/empty/Runefile.yml",
        *(str(path.relative_to(PROJECT)) for example in ("gesture", "sine") for path in examples(example)),
    ):
        assert f"runeflash/data/{name}" in names
    assert "runeflash/runefile/runefile.schema.json" in names
    assert not [name for name in names if name.startswith("runeflash/data/examples/") and "/build/" in name]
    (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
    text = zipfile.ZipFile(wheel).read(entry_points).decode()
    assert "[pytest11]\nruneflash = runeflash.testing.plugin" in text
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_it_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    environment = {**os.environ, "RUNEFLASH_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": ""}
    # the one thing that is downloaded at run time, from the cache of this run of the tests
    wasm3.sources()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "sources").symlink_to(cache_folder() / "sources")
    command = tmp_path / "venv" / "bin" / "runeflash"
    assert "runeflash check" in run(command, "new", "gesture", cwd=tmp_path, environment=environment)
    work = tmp_path / "gesture"
    assert "no errors" in run(command, "check", cwd=work, environment=environment)
    play = ("run", "--accelerometer", "ring.csv")
    assert run(command, *play, cwd=work, environment=environment) == EXPECTED
    board = (*play, "--board", "nano33ble", "--toolchain", "zig")
    assert run(command, *board, cwd=work, environment=environment) == EXPECTED
