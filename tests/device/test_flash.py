"""Flashing and running from the inside: what the commands cannot be brought to do at the right moment."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runeflash.boards import find_board
from runeflash.device import emulator
from runeflash.device.flash import UploadJob, flash, flash_listening
from runeflash.device.port import SerialPort
from runeflash.device.port_run import run_on_port
from runeflash.device.ports import find_port
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.errors import DeviceError, UserError

NANO = find_board("nano33ble")


@pytest.fixture
def build(gesture_builds: Callable[[str], Path]) -> Path:
    return gesture_builds("nano33ble")


def job_for(build: Path, image: Path | None = None) -> UploadJob:
    return UploadJob(image or build / "firmware.bin", build / "project", NANO, find_port(None))


def test_a_board_that_is_restarted_while_it_is_flashed(virtual_boards: Path, build: Path) -> None:
    """As a board whose own USB port goes away with every reset: the new pty is another one, and is found."""
    board = emulator.start(NANO)
    taken = []

    def replug() -> None:
        os.kill(board.pid, signal.SIGKILL)
        emulator.stop(board)
        taken.append(os.openpty())
        emulator.start(NANO)

    job, first = job_for(build), SerialPort(board.port, NANO.baud)
    replugging = threading.Thread(target=replug)
    replugging.start()  # PlatformIO takes a second to get to the board
    try:
        _, serial, data = flash_listening(job, first)
        replugging.join()
        with serial:
            assert serial is not first
            # The boot line came while nobody listened, or just after: either way, the board is heard.
            while b"ACCEL" not in data:
                data += serial.read(1)
    finally:
        replugging.join()
        for descriptor in (descriptor for pair in taken for descriptor in pair):
            os.close(descriptor)


def test_firmware_that_never_answers(
    virtual_boards: Path, build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first instruction is undefined: on a real chip, a hard fault in silence."""
    monkeypatch.setattr("runeflash.device.port_run.BOOT_SECONDS", 0.5)
    image = bytearray((build / "firmware.bin").read_bytes())
    entry = (int.from_bytes(image[4:8], "little") & ~1) - NANO.flash.origin
    image[entry : entry + 2] = b"\xff\xde"
    (tmp_path / "broken.bin").write_bytes(image)
    board = emulator.start(NANO)
    session = RunSession(Recordings({}), lines_per_call=1, repeats=1, emit=print, warn=print)
    with pytest.raises(DeviceError, match=rf"the board at {board.port} has sent nothing for 0\.5 s") as caught:
        run_on_port(job_for(build, tmp_path / "broken.bin"), session)
    assert "executes an undefined instruction" in str(caught.value.hint)


def test_what_goes_wrong_inside_platformio_is_said_in_its_own_words(virtual_boards: Path, build: Path) -> None:
    board = emulator.start(NANO)
    job = job_for(build, build / "no-such.bin")
    with pytest.raises(UserError, match=r"the image .*no-such\.bin cannot be read"):
        flash(job)
    job = job_for(build)
    emulator.stop(board)
    with pytest.raises(DeviceError, match=f"there is no port {board.port}"):
        flash(job)


def test_pio_run_in_the_project_builds_and_uploads(
    virtual_boards: Path, build: Path, runeflash, tmp_path: Path
) -> None:
    """As from an editor: the port is found, and what is built there is flashed."""
    shutil.copytree(build / "project", tmp_path / "project", ignore=shutil.ignore_patterns(".pio"))
    main = tmp_path / "project" / "src" / "rune_image.c"
    main.write_text(main.read_text().replace('"gesture"', '"by hand"'))
    board = emulator.start(NANO)
    with SerialPort(board.port, NANO.baud) as port:
        emulator.reset(board)
        done = runeflash("pio", "--", "run", "-d", "project", "-t", "upload", "--upload-port", board.id)
        assert done.returncode == 0, done.stdout + done.stderr
        assert b'"rune":"by hand"' in port.read(5)
