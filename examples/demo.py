"""A tour in five commands: ``make demo``, or ``python -m examples.demo`` from the project's top.

Checks the gesture example, builds its firmware for an Arduino Nano 33 BLE, and plays recorded gestures into that
firmware on a virtual board. Fails with a message if a command fails or the firmware takes a gesture for another.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLE = "examples/gesture"
BOARD = "nano33ble"
GESTURES = {"wing.csv": "Wing", "ring.csv": "Ring", "slope.csv": "Slope"}


class DemoError(Exception):
    """A step did not do what it should; the message says which and why."""


def main() -> int:
    """Run the tour; return the exit code."""
    try:
        tour()
    except DemoError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def tour() -> None:
    """Run each command and show what it prints.

    Raises:
        DemoError: a step failed.
    """
    say(
        f"{EXAMPLE} holds a Runefile (accelerometer -> normalize -> neural network -> label -> serial port),",
        "its model, and recordings of gestures. First: is the pipeline sound?",
    )
    runeflash("check", EXAMPLE)
    say(
        "Now the firmware for an Arduino Nano 33 BLE, with what it takes of the chip's memory.",
        "(The first build compiles the WebAssembly engine: it may take a minute.)",
    )
    runeflash("build", EXAMPLE, "--board", BOARD, "-o", "build/demo")
    say(
        "The same image on a virtual board. Instead of moving it, we play recordings into its serial port:",
        "5 seconds each, of a hand that draws a W, a circle, and an angle.",
    )
    seen = {}
    for recording in GESTURES:
        output = runeflash("run", EXAMPLE, "--board", BOARD, "--accelerometer", f"{EXAMPLE}/{recording}")
        seen[recording] = decode(output)
    say("The gestures that the firmware saw:")
    for recording, gesture in seen.items():
        print(f"  {recording:<10} {gesture}")
    wrong = [recording for recording, gesture in GESTURES.items() if seen[recording] != gesture]
    if wrong:
        raise DemoError(f"{', '.join(wrong)} should have been {', '.join(GESTURES[name] for name in wrong)}")


def say(*lines: str) -> None:
    """Print an explanation, after an empty line."""
    print("", *lines, sep="\n")


def runeflash(*arguments: str) -> str:
    """Show a command, run it, show and return what it prints on standard output.

    Raises:
        DemoError: it is not installed, or failed.
    """
    program = Path(sys.executable).parent / "runeflash"
    print(f"\n$ {shlex.join(['runeflash', *arguments])}", flush=True)
    try:
        # Its errors, warnings and progress go straight to the terminal.
        done = subprocess.run([program, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise DemoError(f"{program} cannot be run ({error.strerror}); `make demo` installs it") from error
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise DemoError(f"`runeflash {arguments[0]}` failed with exit code {done.returncode}; the reason is above")
    return done.stdout


def decode(output: str) -> str:
    """Return the label in the one line of JSON that ``runeflash run`` prints.

    Raises:
        DemoError: that is not what it printed.
    """
    try:
        elements: Sequence[str] = json.loads(output)["elements"]
        (label,) = elements
    except (ValueError, KeyError, TypeError) as error:
        raise DemoError("`runeflash run` did not print one line of JSON with one label") from error
    return label


if __name__ == "__main__":
    sys.exit(main())
