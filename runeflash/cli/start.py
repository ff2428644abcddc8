"""The entry point of the ``runeflash`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    # An editor runs `check FILE` at every pause, and click takes as long to load as the check itself.
    if arguments[:1] == ["check"] and len(arguments) <= 2 and not any(word.startswith("-") for word in arguments):
        sys.exit(_check(arguments[1:]))
    from runeflash.cli.main import run

    sys.exit(run(arguments))


def _check(files: list[str]) -> int:
    """Run ``check`` without options, as :mod:`runeflash.cli.check` would."""
    try:
        from pathlib import Path

        from runeflash.cli.checking import check

        return check(Path(files[0]) if files else None)
    except (Exception, KeyboardInterrupt) as error:
        from runeflash.cli.main import report

        return report(error)
