"""``runeflash build``: firmware, with a report of the flash and RAM that it takes."""

from __future__ import annotations

from pathlib import Path

import click

from runeflash.cli.inputs import build_folder, choose_board, find_input, load_rune
from runeflash.cli.options import BuildChoices, build_options, profile_option
from runeflash.cli.output import progress


@click.command("build")
@click.argument("runefile", required=False, type=click.Path(path_type=Path))
@click.option("--board", "board_name", default=None, help="The board (default: the last one built here).")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Folder instead of build/BOARD.")
@click.option("--json", "as_json", is_flag=True, help="Print the report on standard output.")
@click.option("-v", "--verbose", is_flag=True, help="Show what the tools print.")
@profile_option
@build_options
def command(
    runefile: Path | None,
    board_name: str | None,
    output: Path | None,
    as_json: bool,
    verbose: bool,
    profile: bool,
    build: BuildChoices,
) -> None:
    """Build the firmware of RUNEFILE, a Runefile or a .rune file (default: the Runefile in this folder)."""
    from runeflash.firmware.build import build_firmware
    from runeflash.firmware.report import format_table

    path = find_input(runefile)
    board = choose_board(board_name, path)
    options = build.options_for(board, profile=profile)
    with progress() as show:
        show("compiling the rune")
        rune = load_rune(path, build.resources, lenient=build.lenient)
        firmware = build_firmware(
            rune,
            options,
            (output or build_folder(path) / board.id).absolute(),
            progress=show,
            on_tool_output=(lambda text: click.echo(text, err=True)) if verbose else (lambda text: None),
        )
    if as_json:
        click.echo(firmware.report.read_text(), nl=False)
        return
    click.echo(format_table(firmware.flash, firmware.ram, firmware.flash_limit, firmware.ram_limit))
    state = "built" if firmware.fresh else "unchanged"
    click.echo(f"{state}: {firmware.image} ({firmware.toolchain}, build {firmware.build_id})")
