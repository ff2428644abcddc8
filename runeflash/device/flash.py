"""Flashing a build: PlatformIO's upload target, told to take the image as it is."""

from __future__ import annotations

import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from runeflash.boards import Board
from runeflash.device.lines import BOOT_LINE
from runeflash.device.port import SerialPort
from runeflash.device.ports import Port
from runeflash.device.upload import IMAGE_VARIABLE, RESULT_VARIABLE, cannot_flash, check_board
from runeflash.errors import DeviceError, RuneflashError, ToolError, UserError
from runeflash.toolchain import platformio

_UPLOAD_SECONDS = 120.0
_READ_SECONDS = 0.05
_BOOT_SECONDS = 2.0
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
    with tempfile.TemporaryDirectory(prefix="runeflash-") as place:
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


def flash_listening(job: UploadJob, serial: SerialPort) -> tuple[str, bytes]:
    """Flash an image while a program of ours has the board's port open, so that not even the boot line is missed.

    Returns:
        What PlatformIO printed, and what the board has sent from its boot line on; if it has sent none within some
        seconds, all that it has sent.

    Raises:
        DeviceError, UserError, ToolError: as :func:`flash`.
    """
    received = bytearray()
    with ThreadPoolExecutor(1) as pool:
        flashed = pool.submit(flash, job)
        while not flashed.done():
            received += serial.read(_READ_SECONDS)
            del received[:-_KEPT_BYTES]
        printed = flashed.result()
    deadline = time.monotonic() + _BOOT_SECONDS
    while (start := received.rfind(BOOT_LINE)) < 0 and time.monotonic() < deadline:
        received += serial.read(_READ_SECONDS)
    return printed, bytes(received[max(start, 0) :])


def _explained(result: Path) -> RuneflashError | None:
    """Return the error that the upload itself has left, or None where it did not get so far."""
    try:
        content = json.loads(result.read_text())
    except (OSError, ValueError):
        return None
    kind = UserError if content["exit_code"] == UserError.exit_code else DeviceError
    return kind(content["error"], hint=content["hint"])
