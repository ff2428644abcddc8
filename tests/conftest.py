"""What tests share: the reference system's fixtures, the installed command, the hypothesis profiles."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parent.parent
FIXTURES = PROJECT.parent / "shared" / "fixtures"

sys.path.insert(0, str(PROJECT / "tests" / "support"))

hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=20_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of data that is not the project's own."""
    if not FIXTURES.is_dir():
        pytest.skip("the folder ../shared/fixtures, with data that is not the project's own, is not there")
    return FIXTURES


@pytest.fixture(params=["gcc", "zig"])
def toolchain(request: pytest.FixtureRequest) -> str:
    """Each firmware toolchain; gcc where it is installed."""
    if request.param == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    return str(request.param)


Runeflash = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def runeflash(tmp_path: Path) -> Runeflash:
    """Run the installed command as a user does: ``runeflash("check", path)``."""

    def run(
        *arguments: str | Path,
        cwd: Path = tmp_path,
        environment: dict[str, str] | None = None,
        standard_input: str = "",
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [Path(sys.executable).parent / "runeflash", *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode != 70, done.stderr
        return done

    return run


@pytest.fixture
def virtual_boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place of its own for the virtual boards of a test; none of them outlives it."""
    from runeflash.device import emulator

    place = tmp_path / "virtual-boards"
    monkeypatch.setenv("RUNEFLASH_BOARDS_DIR", str(place))
    yield place
    for board in emulator.running_boards():
        emulator.stop(board)


@pytest.fixture(scope="session")
def gesture_builds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of the example `gesture`, built for a board: once per run, and not to be changed."""
    project = tmp_path_factory.mktemp("gesture-builds") / "gesture"
    shutil.copytree(PROJECT / "examples" / "gesture", project, ignore=shutil.ignore_patterns("build"))

    @functools.cache
    def build(board: str) -> Path:
        subprocess.run(
            [Path(sys.executable).parent / "runeflash", "build", "--board", board],
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=True,
        )
        return project / "build" / board

    return build
