"""PlatformIO's command line with its registry switched off.

A package that is not there is then an error at once, instead of one after a minute of retries.
Run as ``python -m runeflash.toolchain.platformio_offline``.
"""

from __future__ import annotations

import sys

import platformio.http
from platformio.__main__ import main


def _registry_is_off(raise_exception: bool = False) -> bool:
    if raise_exception:
        raise platformio.http.InternetConnectionError
    return False


if __name__ == "__main__":
    platformio.http.ensure_internet_on = _registry_is_off
    sys.exit(main())
