"""The entry point: finds the command, runs it, and turns whatever happens into one message and an exit code."""

from __future__ import annotations

import importlib
import os
import sys

import click

import runeflash
from runeflash.cli.inputs import DiagnosedError
from runeflash.cli.output import print_error
from runeflash.errors import RuneflashError, UsageError, UserError

#: Command to the module that has it as ``command``; the summary is here so that --help imports none of them.
COMMANDS = {
    "blocks": "List the built-in proc blocks, or describe one.",
    "boards": "List the boards.",
    "build": "Build firmware from a Runefile or a .rune file.",
    "check": "Check a Runefile: every error and warning at once.",
    "clean": "Delete what was built here, or the whole cache.",
    "doctor": "Show the tools, caches, folders and ports, and what is missing.",
    "emulate": "Start a virtual board in the background; list them, stop them.",
    "flash": "Flash a build to a board.",
    "graph": "Draw the pipeline of a Runefile.",
    "inspect": "Show what is inside a .rune file.",
    "model-info": "Show what a .tflite file holds, and whether it can be compiled.",
    "monitor": "Watch a board: its outputs, decoded, live.",
    "new": "Make a folder with a project to start from.",
    "pio": "Run PlatformIO as runeflash sets it up.",
    "profile": "Show what a rune's stages, host calls and model layers cost, on a virtual or a real board.",
    "run": "Run a Runefile on this computer, or its firmware on a board.",
    "schema": "Print the JSON schema of YAML Runefiles.",
    "version": "Show the version.",
}

#: What users of like tools type.
ALIASES = {"compile": "build", "upload": "flash", "logs": "monitor", "config": "check"}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"runeflash.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; explain a name that is none."""
        name = args[0]
        if name in ALIASES:
            raise UsageError(f"there is no command {name!r}", hint=f"you want: runeflash {ALIASES[name]}")
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # slow to import, and only a wrong name needs it

            close = difflib.get_close_matches(name, COMMANDS, n=1)
            raise UsageError(
                f"there is no command {name!r}",
                hint=f"did you mean: runeflash {close[0]}?" if close else "runeflash --help lists them",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(runeflash.__version__, prog_name="runeflash", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn a Runefile (sensor, signal processing, TensorFlow Lite model, output) into firmware."""


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code (design: 0 to 4, 70 for a bug, 130 for Ctrl-C)."""
    try:
        result = cli.main(args=arguments, prog_name="runeflash", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        return report(error)
    return result if isinstance(result, int) else 0


def report(error: Exception | KeyboardInterrupt) -> int:
    """Print what a command ended in, while it is being handled, and return the exit code."""
    if isinstance(error, DiagnosedError):
        return error.exit_code
    if isinstance(error, RuneflashError):
        print_error(error)
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return 130
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone; Python must not complain about that while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError) and error.filename is not None:
        # A folder that cannot be written, a full disk: not ours to mend, and no bug.
        print_error(UserError(f"{os.fsdecode(error.filename)}: {error.strerror}"))
        return UserError.exit_code
    return _bug(error)


def _bug(error: Exception) -> int:
    """Say that this is our fault, keep the traceback in a file, and return 70."""
    import traceback  # only needed here

    if os.environ.get("RUNEFLASH_DEBUG"):
        traceback.print_exc()
        return 70
    from runeflash.toolchain.cache import cache_folder  # only needed here

    place = cache_folder() / "last-bug.txt"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(traceback.format_exc())
        kept = f"details are in {place}"
    except OSError:
        kept = "run again with RUNEFLASH_DEBUG=1 for details"
    click.echo(f"error: this is a bug in runeflash ({type(error).__name__}: {error}); {kept}", err=True)
    return 70
