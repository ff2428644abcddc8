"""``run --emulator qemu``: what it cannot do is said, and a QEMU that is missing or fails is an error."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from runeflash.errors import DeviceError, ToolError
from runeflash.virtual.qemu import PROGRAM, QemuBoard

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
BOARD = ("--board", "netduinoplus2", "--emulator", "qemu")


@pytest.fixture
def sine(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES / "sine", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--emulator", "qemu"), 2, "--emulator needs --board"),
        ((*BOARD, "--count"), 2, "it counts no instructions"),
        (("--board", "nano33ble", "--emulator", "qemu"), 1, "QEMU has no nano33ble"),
        (("--emulator", "bochs"), 2, "bochs"),
    ],
)
def test_what_it_cannot_do(runeflash, sine: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    done = runeflash("run", *arguments, "--raw", "input.bin")
    assert done.returncode == code
    assert text in done.stderr


def test_random_numbers(runeflash, sine: Path) -> None:
    runefile = sine / "Runefile.yml"
    runefile.write_text(runefile.read_text().replace("capability: RAW", "capability: RAND"))
    done = runeflash("run", *BOARD)
    assert done.returncode == 1
    assert "no random number generator" in done.stderr


def test_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=f"{PROGRAM} is not on the PATH"):
        QemuBoard("netduinoplus2", b"", 0x08000000, serial_port=5)


def test_it_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / PROGRAM
    fake.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such machine')\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with QemuBoard("none", b"", 0, serial_port=0) as board, pytest.raises(DeviceError, match="no such machine"):
        for _ in range(100):
            board.serial_input(b"x" * 100_000)
            board.serial_output(0.1)
