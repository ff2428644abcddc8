"""What ``monitor`` and ``flash --monitor`` share: the live view, and how it ends."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runeflash.device.lines import Record
    from runeflash.device.port import SerialPort
    from runeflash.device.ports import Port
    from runeflash.device.recordings import Recordings

#: Rich's styles of what is not an output; outputs are as they are.
_STYLES = {
    "boot": "bold cyan",
    "error": "bold red",
    "warning": "yellow",
    "info": "dim",
    "debug": "dim",
    "undecodable": "magenta",
}


def baud_of(port: Port, given: int | None) -> int:
    """Return the speed of a port: the given one, its board's, or that of most boards."""
    from runeflash.boards import all_boards, find_board

    if given is not None:
        return given
    if port.board is not None:
        return find_board(port.board).baud
    return max(board.baud for board in all_boards())


def watch(
    port: Port,
    *,
    baud: int | None,
    as_json: bool,
    output: Path | None,
    lines: int | None,
    timeout: float | None,
    recordings: Recordings | None,
    serial: SerialPort | None = None,
    received: bytes = b"",
) -> int:
    """Watch a board until Ctrl-C, until it has printed ``lines`` outputs, or until it was silent for ``timeout``.

    Args:
        port: where the board is.
        baud: the line's speed; None for the board's.
        as_json: print nothing but outputs, in canonical form.
        output: a file to append records to.
        lines: how many outputs to wait for.
        timeout: seconds.
        recordings: what to play to the board.
        serial: the port, where it is open already.
        received: what has come from it already.

    Returns:
        The exit code: 0, also after Ctrl-C, which is how watching ends.

    Raises:
        DeviceError: the port cannot be opened, or the board was silent.
        UserError: a recording or the file is wrong.
    """
    from runeflash.device.monitor import Monitor
    from runeflash.device.ports import check_takes_recordings
    from runeflash.device.record_file import RecordFile

    if recordings is not None:
        check_takes_recordings(port)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(RecordFile(output)) if output is not None else None
        show = _show_json if as_json else _view()

        def on_record(record: Record, when: datetime) -> None:
            if file is not None:
                file.record(record, when)
            show(record, when)

        def on_notice(sentence: str) -> None:
            if file is not None:
                file.notice(sentence)
            click.echo(f"-- {sentence}", err=True)

        monitor = Monitor(
            port,
            baud_of(port, baud),
            on_record=on_record,
            on_notice=on_notice,
            recordings=recordings,
            timeout=timeout,
            serial=serial,
        )
        stack.callback(lambda: click.echo(f"-- seen: {monitor.counts}", err=True))
        stack.callback(monitor.close)
        with _ended_by_signals(monitor.stop):
            click.echo(f"-- watching {port}; Ctrl-C ends", err=True)
            monitor.receive(received)
            monitor.run(outputs=lines)
    return 0


@contextlib.contextmanager
def _ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at Ctrl-C and at a request to terminate: no line is cut in two. At the second, give in at once."""

    def ask(_number: int, _frame: object) -> None:
        stop()
        for number in before:
            signal.signal(number, give_in)

    def give_in(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # Ctrl-C too: a shell script's background commands begin with it switched off, and somebody may still send it.
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_json(record: Record, when: datetime) -> None:
    from runeflash.device.canonical import canonical_line
    from runeflash.device.lines import Output
    from runeflash.device.record_text import record_text

    if isinstance(record, Output):
        print(canonical_line(record), flush=True)
    else:
        click.echo("  ".join(record_text(record, when)), err=True)


def _view() -> Callable[[Record, datetime], None]:
    """Return what shows a record: in colours on a terminal, as plain lines elsewhere."""
    from runeflash.device.record_text import record_text

    if not sys.stdout.isatty():

        def show_plain(record: Record, when: datetime) -> None:
            clock, kind, text = record_text(record, when)
            print(f"{clock}  {kind:<11} {text}", flush=True)

        return show_plain
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)

    def show(record: Record, when: datetime) -> None:
        clock, kind, text = record_text(record, when)
        console.print(
            Text.assemble(
                (clock, "dim"), "  ", (f"{kind:<11}", _STYLES.get(kind, "green")), " ", (text, _STYLES.get(kind, ""))
            )
        )

    return show
