"""Running a firmware image on a board at a port: flashed, then fed and read until the session is finished."""

from __future__ import annotations

import contextlib
import time

from runeflash.device.connection import open_port
from runeflash.device.flash import UploadJob, flash_listening
from runeflash.device.monitor import why_silent
from runeflash.device.port import SerialPort
from runeflash.device.ports import check_takes_recordings
from runeflash.device.session import RunSession
from runeflash.errors import DeviceError

_READ_SECONDS = 0.1
#: Seconds within which the firmware's first byte must come.
BOOT_SECONDS = 10.0
#: Seconds without a byte from the board after which it is given up.
SILENCE_SECONDS = 60.0


def run_on_port(job: UploadJob, session: RunSession) -> None:
    """Flash an image and run it until the session is finished.

    Args:
        job: what to flash, and where.
        session: gets the board's lines from its boot on, gives it frames.

    Raises:
        DeviceError: the board cannot be flashed, vanishes, or says nothing for too long.
        ToolError: PlatformIO failed.
    """
    check_takes_recordings(job.port)
    with contextlib.closing(open_port(job.port, job.board.baud)) as first:
        _, serial, data = flash_listening(job, first)
        with contextlib.closing(serial):
            _run(job, serial, session, data)


def _run(job: UploadJob, serial: SerialPort, session: RunSession, data: bytes) -> None:
    heard = time.monotonic()
    answered = bool(data)
    while True:
        now = time.monotonic()
        if data:
            heard, answered = now, True
            session.receive(data, now)
        if session.finished:
            return
        patience = SILENCE_SECONDS if answered else BOOT_SECONDS
        if now - heard > patience:
            raise DeviceError(
                f"the board at {job.port.device} has sent nothing for {patience:g} s", hint=why_silent(job.port)
            )
        serial.write(session.take_outgoing(now))
        data = serial.read(_READ_SECONDS)
