"""Every Runefile of the reference's tests and examples, on noise: the same output in both engines, on every board.

Whether an output is right is checked elsewhere, where it is known; here it is one output for all.
"""

from __future__ import annotations

import itertools
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runeflash.boards import all_boards, find_board
from runeflash.firmware.options import ENGINES
from runeflash.virtual.qemu import PROGRAM as QEMU

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
#: Those that cannot be built, and why: their models are not there, or none that a microcontroller could run, or their
#: blocks are those of a version before.
REFUSED = {
    "rune-examples/v0.2.2/gesture/Runefile": 'gives f32[4], but "gesture_agg" takes f32[64]',
    "rune-examples/v0.5.3/gesture/Runefile": "No such file or directory",
    "rune-examples/v0.5.3/microspeech/Runefile": "No such file or directory",
    "rune-examples/v0.5.3/person_detection/Runefile": "No such file or directory",
    "rune-examples/v0.5.3/sine/Runefile": "No such file or directory",
    "rune-suite/compile-pass/directories-are-zipped-when-used-for-models/Runefile.yml": "tensorflow-js format",
    "rune-suite/compile-pass/known-model-formats/Runefile.yml": "tensorflow-js format",
    "rune-suite/compile-pass/model-arguments-should-be-used/Runefile.yml": "has no data",
    "rune-suite/compile-pass/models-with-multiple-inputs/Runefile.yml": "has 1 input, but 2 are connected",
}
_PLACES = ("rune-examples/*/*/Runefile*", "rune-suite/*-pass/*/Runefile*", "seeds/Runefile", "seeds/Runefile.yml")
NAMES = sorted(str(path.relative_to(FIXTURES)) for place in _PLACES for path in FIXTURES.glob(place))
RUNNING = [name for name in NAMES if name not in REFUSED]
#: Small ones that no other test runs: on this computer in the default run.
DEFAULT = [name for name in RUNNING if "compile-pass" in name or name.endswith("debugging/Runefile.yml")]
BOARDS = [board.id for board in all_boards() if board.virtual is not None]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Noise of every kind: a rune takes what it asks for."""
    place = tmp_path_factory.mktemp("noise")
    generator = np.random.default_rng(11)
    for name in ("one.bin", "two.bin"):
        (place / name).write_bytes(generator.normal(size=20_000).astype(np.float32).tobytes())
    rows = "\n".join(",".join(f"{value:.4f}" for value in row) for row in generator.normal(size=(256, 3)) * 5)
    (place / "motion.csv").write_text(rows + "\n")
    with wave.open(str(place / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        sound.writeframes((generator.normal(size=32_000) * 3000).astype(np.int16).tobytes())
    Image.fromarray(generator.integers(0, 256, (120, 100, 3), dtype=np.uint8)).save(place / "picture.png")
    return [
        *("--raw", place / "one.bin", "--raw", place / "two.bin", "--accelerometer", place / "motion.csv"),
        *("--sound", place / "sound.wav", "--image", place / "picture.png", "--random", "4", "-r", "2", "--advance"),
    ]


def copy(name: str, to: Path) -> Path:
    """Return a Runefile's copy, with all that lies beside it."""
    shutil.copytree((FIXTURES / name).parent, to, dirs_exist_ok=True)
    return to / Path(name).name


def outcome(runeflash, runefile: Path, recordings: list[str | Path], *where: str) -> tuple[int, str]:
    done = runeflash("run", runefile, *recordings, *where)
    assert done.returncode == 0 or "the rune failed" in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in DEFAULT else pytest.mark.exhaustive) for name in RUNNING]
)
def test_both_engines(name: str, runeflash, recordings: list[str | Path], tmp_path: Path) -> None:
    runefile = copy(name, tmp_path)
    first, *others = [outcome(runeflash, runefile, recordings, "--engine", engine) for engine in ENGINES]
    assert first[1] or first[0]
    assert [other for other in others if other != first] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", RUNNING)
@pytest.mark.parametrize(("board", "engine", "compiler"), list(itertools.product(BOARDS, ENGINES, ("gcc", "zig"))))
def test_every_board(
    name: str, board: str, engine: str, compiler: str, runeflash, recordings: list[str | Path], tmp_path: Path
) -> None:
    if compiler == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    runefile = copy(name, tmp_path)
    here = outcome(runeflash, runefile, recordings)
    options = ["--board", board, "--engine", engine, "--toolchain", compiler]
    assert outcome(runeflash, runefile, recordings, *options) == here
    asks_for_random = "RAND" in runefile.read_text()  # which QEMU's board has not
    if not asks_for_random and "qemu" in (find_board(board).virtual or {}) and shutil.which(QEMU) is not None:
        assert outcome(runeflash, runefile, recordings, *options, "--emulator", "qemu") == here


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused(name: str, fixtures: Path, runeflash, tmp_path: Path) -> None:
    done = runeflash("run", copy(name, tmp_path))
    assert done.returncode == 1
    assert REFUSED[name] in done.stderr


def test_all_are_here(fixtures: Path) -> None:
    """But those that must fail, and the history of files without their models, have tests of their own."""
    elsewhere = {"runefile-history", "compile-fail", "run-fail"}
    found = [path.relative_to(fixtures) for path in fixtures.rglob("Runefile*") if path.is_file()]
    known = {*NAMES, "seeds/Runefile.as-printed"}
    assert [str(path) for path in found if str(path) not in known and not elsewhere & set(path.parts)] == []
    assert len(RUNNING) > 20
