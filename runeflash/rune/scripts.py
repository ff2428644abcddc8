"""Where the programs that came with this Python's packages are."""

from __future__ import annotations

import os
import sysconfig


def scripts_path() -> str:
    """Return the folder of the scripts of this Python's packages, before the PATH."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
