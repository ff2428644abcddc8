"""``runeflash monitor``: a board's lines, decoded, live."""

from __future__ import annotations

from pathlib import Path

import click

from runeflash.cli.options import RecordingChoices, recording_options


@click.command("monitor")
@click.option("--port", default=None, help="A serial port, a URL, or a virtual board's name (default: the one found).")
@click.option("--baud", type=click.IntRange(1), default=None, help="The line's speed (default: the board's).")
@click.option("--json", "as_json", is_flag=True, help="Outputs only, as canonical JSON lines; the rest on stderr.")
@click.option("--output", type=click.Path(path_type=Path), default=None, help="Append records with times to a file.")
@click.option("-n", "--lines", type=click.IntRange(1), default=None, help="End after so many outputs.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=None, help="Seconds of silence to give up after."
)
@recording_options
def command(
    port: str | None,
    baud: int | None,
    as_json: bool,
    output: Path | None,
    lines: int | None,
    timeout: float | None,
    recorded: RecordingChoices,
) -> int:
    """Show what a board prints: outputs, boots, log and error lines. Ctrl-C ends it.

    The board may be reset, unplugged and plugged in again meanwhile. Recordings are played to firmware that takes its
    sensor data from the host.
    """
    from runeflash.cli.watching import watch
    from runeflash.device.ports import find_port

    recordings = recorded.checked()
    return watch(
        find_port(port),
        baud=baud,
        as_json=as_json,
        output=output,
        lines=lines,
        timeout=timeout,
        recordings=recordings,
    )
