"""Running a tool, with one way to say that it failed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from runeflash.errors import ToolError

_QUOTED_LINES = 200


def run_tool(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command and return its standard output and error together.

    Raises:
        ToolError: it cannot be started, takes longer than ``timeout`` seconds, or ends with another
            status than 0; the message begins with ``what`` ("compiling the rune") and quotes its output.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise ToolError(f"{what} failed: {command[0]} cannot be started ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{what} failed: {command[0]} did not end within {timeout:.0f} s") from error
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise ToolError(f"{what} failed (status {done.returncode}):\n{_last_lines(output)}")
    return output


def _last_lines(output: str) -> str:
    lines = output.strip().splitlines()
    if len(lines) > _QUOTED_LINES:
        lines = [f"[{len(lines) - _QUOTED_LINES} lines before this]", *lines[-_QUOTED_LINES:]]
    return "\n".join(f"  {line}" for line in lines)
