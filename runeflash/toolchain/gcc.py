"""arm-none-eabi-gcc, where it is installed: preferred for firmware, never needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

PREFIX = "arm-none-eabi-"
_MINIMUM_MAJOR = 10


def executable() -> Path | None:
    """Return the compiler on the PATH, or None."""
    found = shutil.which(f"{PREFIX}gcc")
    return Path(found) if found else None


@cache
def version() -> str | None:
    """Return the compiler's version ("12.2.1"), or None when there is none that can be used."""
    gcc = executable()
    if gcc is None:
        return None
    try:
        done = subprocess.run(
            [gcc, "-dumpfullversion"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.decode("ascii", "replace").strip()
    match = re.fullmatch(r"(\d+)(\.\d+)*", text)
    return text if match and int(match[1]) >= _MINIMUM_MAJOR else None
