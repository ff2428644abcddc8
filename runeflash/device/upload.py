"""Handing an image to a board at a port: what PlatformIO's target ``upload`` calls.

Run as ``python -m runeflash.device.upload --board FILE.json --family NAME --port PORT IMAGE.bin``; an empty PORT is
looked for. What went wrong is also written, as JSON, to the file that the environment variable
RUNEFLASH_UPLOAD_RESULT names, because PlatformIO passes on no more than that something did.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from runeflash.boards import Board
from runeflash.boards.board import read_board
from runeflash.device import emulator
from runeflash.device.image import check_image
from runeflash.device.ports import Port, find_port
from runeflash.errors import DeviceError, RuneflashError, UserError

#: Names the file to write the result to.
RESULT_VARIABLE = "RUNEFLASH_UPLOAD_RESULT"
#: Names the image that the target takes instead of the one that it builds.
IMAGE_VARIABLE = "RUNEFLASH_UPLOAD_IMAGE"


def upload_image(image: bytes, board: Board, port: Port) -> None:
    """Flash an image; the board starts anew with it.

    Args:
        image: the bytes of the ``.bin``.
        board: which the image is for.
        port: where the board is.

    Raises:
        DeviceError: another board is there, the image is for another one, or the board does not take it.
    """
    check_board(port, board)
    check_image(image, board)
    if port.virtual is None:
        raise cannot_flash(port, board)
    emulator.flash(emulator.find_running(port.virtual), image)


def check_board(port: Port, board: Board) -> None:
    """Check that the board at a port is the one that an image was built for, where that can be seen.

    Raises:
        DeviceError: it is another one.
    """
    if port.board_id not in {None, board.id}:
        raise DeviceError(
            f"the firmware is for {board.id}, but at {port.device} there is a {port.board_id}",
            hint=f"build for it (--board {port.board}), or choose another port with --port",
        )


def cannot_flash(port: Port, board: Board) -> DeviceError:
    """Return the error for a real board, whose protocol is not there yet."""
    plan = board.flashing or {}
    by = f" by {plan['protocol']}" if "protocol" in plan else ""
    other = plan.get("meanwhile", "the board's own tool with firmware.bin or firmware.hex")
    return DeviceError(
        f"real boards cannot be flashed by this version yet: {board.id} at {port.device}{by} is to come",
        hint=f"until then use {other}; a virtual board can be flashed: runeflash emulate --board {board.id}",
    )


def main(arguments: list[str]) -> int:
    """Upload; return the exit status."""
    parser = argparse.ArgumentParser(prog="runeflash.device.upload")
    parser.add_argument("--board", type=Path, required=True)
    parser.add_argument("--family", required=True)
    parser.add_argument("--port", default="")
    parser.add_argument("image", type=Path)
    given = parser.parse_args(arguments)
    try:
        board = read_board(given.board, given.family)
        port = find_port(given.port or None, board.id)
        print(f"Flashing {board.id} at {port}", flush=True)
        try:
            image = given.image.read_bytes()
        except OSError as error:
            raise UserError(f"the image {given.image} cannot be read ({error.strerror})") from error
        upload_image(image, board, port)
    except RuneflashError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
        result = os.environ.get(RESULT_VARIABLE)
        if result:
            content = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
            Path(result).write_text(json.dumps(content))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
