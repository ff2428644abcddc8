"""Flashing a build: PlatformIO's upload target, told to take the image as it is."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from runeflash.boards import Board
from runeflash.device.connection import open_port
from runeflash.device.lines import BOOT_LINE
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port, find_again
from runeflash.device.upload import IMAGE_VARIABLE, RESULT_VARIABLE, cannot_flash, check_board
from runeflash.errors import DeviceError, PortLostError, RuneflashError, ToolError, UserError
from runeflash.toolchain import platformio
from runeflash.toolchain.lock import folder_lock

_UPLOAD_SECONDS = 120.0
_READ_SECONDS = 0.05
_BOOT_SECONDS = 2.0
_RETURN_SECONDS = 10.0
_KEPT_BYTES = 1 << 20


@dataclass(frozen=True)
class UploadJob:
    """What is flashed, and to where.

    Attributes:
        image: the ``.bin``.
        project: the PlatformIO project whose upload target is run.
        board: which the image is for.
        port: where the board is.
    """

    image: Path
    project: Path
    board: Board
    port: Port


def flash(job: UploadJob) -> str:
    """Flash an image through PlatformIO; return what that printed.

    Raises:
        DeviceError: the board is another one, cannot be flashed, or does not take the image.
        UserError: the image cannot be read.
        ToolError: PlatformIO failed.
    """
    check_board(job.port, job.board)
    if job.port.virtual is None:
        raise cannot_flash(job.port, job.board)
    try:
        job.image.open("rb").close()
    except OSError as error:
        raise UserError(f"the image {job.image} cannot be read ({error.strerror})") from error
    # Not while a build is written there.
    with folder_lock(job.project.parent), tempfile.TemporaryDirectory(prefix="runeflash-") as place:
        result = Path(place) / "result.json"
        try:
            return platformio.run(
                [
                    *("run", "--project-dir", str(job.project), "--environment", job.board.id),
                    *("--target", "nobuild", "--target", "upload", "--upload-port", job.port.device),
                ],
                what="flashing with PlatformIO",
                timeout=_UPLOAD_SECONDS,
                variables={IMAGE_VARIABLE: str(job.image.absolute()), RESULT_VARIABLE: str(result)},
            )
        except ToolError as error:
            raise _explained(result) or error from None


def flash_listening(job: UploadJob, serial: SerialPort) -> tuple[str, SerialPort, bytes]:
    """Flash an image while a program of ours has the board's port open, so that not even the boot line is missed.

    A port that vanishes meanwhile, as a board's own USB port does, is opened again under whatever name it comes back.

    Args:
        job: what to flash.
        serial: the port, open.

    Returns:
        What PlatformIO printed; the port, open; and what the board has sent from its boot line on. If it has sent none
        within some seconds, all that it has sent.

    Raises:
        DeviceError, UserError, ToolError: as :func:`flash`, or the port does not come back.
    """
    received = bytearray()
    lost = False
    with ThreadPoolExecutor(1) as pool:
        flashed = pool.submit(flash, job)
        while not flashed.done():
            if lost:
                wait([flashed])
                break
            try:
                received += serial.read(_READ_SECONDS)
            except PortLostError:
                lost = True
            del received[:-_KEPT_BYTES]
        printed = flashed.result()
    if lost:
        serial.close()
        serial = _open_again(job)
    deadline = time.monotonic() + _BOOT_SECONDS
    while (start := received.rfind(BOOT_LINE)) < 0 and time.monotonic() < deadline:
        received += serial.read(_READ_SECONDS)
    return printed, serial, bytes(received[max(start, 0) :])


def _open_again(job: UploadJob) -> SerialPort:
    """Open a board's port when it has come back.

    Raises:
        DeviceError: it has not.
    """
    deadline = time.monotonic() + _RETURN_SECONDS
    while time.monotonic() < deadline:
        port = find_again(job.port)
        if port is not None:
            with contextlib.suppress(DeviceError):
                return open_port(port, job.board.baud)
        time.sleep(_READ_SECONDS)
    raise DeviceError(
        f"the board at {job.port.device} was flashed, but has not come back within {_RETURN_SECONDS:.0f} s",
        hint="unplug it and plug it in again",
    )


def _explained(result: Path) -> RuneflashError | None:
    """Return the error that the upload itself has left, or None where it did not get so far."""
    try:
        content = json.loads(result.read_text())
    except (OSError, ValueError):
        return None
    kind = UserError if content["exit_code"] == UserError.exit_code else DeviceError
    return kind(content["error"], hint=content["hint"])
