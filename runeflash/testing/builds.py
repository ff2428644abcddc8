"""Building what a test runs: once for all tests, in all processes, and again only when something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runeflash.boards import Board
from runeflash.diagnostics import render
from runeflash.errors import UsageError, UserError
from runeflash.file_names import RUNEFILE_NAMES
from runeflash.firmware.build import Firmware
from runeflash.firmware.cached import cached_firmware
from runeflash.firmware.options import DEFAULT_INTERVAL_MS, ENGINES, TOOLCHAINS, BuildOptions
from runeflash.pipeline import load
from runeflash.rune import Rune, build_rune, read_rune


@dataclass(frozen=True)
class Recipe:
    """What a test runs.

    Attributes:
        path: the Runefile or .rune file.
        engine, toolchain, sensors, interval_ms, lenient: as the options of ``runeflash build``.
        resources: data by resource name.
    """

    path: Path
    engine: str = "wasm3"
    toolchain: str = "auto"
    sensors: str | None = None
    interval_ms: int = DEFAULT_INTERVAL_MS
    lenient: bool = False
    resources: Mapping[str, bytes] = field(default_factory=dict)

    def options(self, board: Board) -> BuildOptions:
        """Return the options of the build for a board.

        Raises:
            UsageError: one that there is not.
        """
        sensors = self.sensors or board.sensors[0]
        for name, value, known in (
            ("engine", self.engine, ENGINES),
            ("toolchain", self.toolchain, TOOLCHAINS),
            ("sensors", sensors, board.sensors),
        ):
            if value not in known:
                raise UsageError(f"{name} is one of {', '.join(known)} for {board.id}, not {value!r}")
        return BuildOptions(board, sensors, self.toolchain, self.engine, self.interval_ms)


def find_runefile(start: Path, top: Path) -> Path:
    """Return the Runefile in the folder ``start``, or the nearest one above it, up to the folder ``top``.

    Raises:
        UserError: there is none.
    """
    for folder in (start, *start.parents):
        for name in RUNEFILE_NAMES:
            if (folder / name).is_file():
                return folder / name
        if folder == top:
            break
    raise UserError(
        f"there is no Runefile in {start} or above", hint='name one: @pytest.mark.rune("../my-project/Runefile.yml")'
    )


def runefile_at(place: Path) -> Path:
    """Return the file that the marker names, or the Runefile in the folder that it names.

    Raises:
        UserError: there is none.
    """
    if place.is_file():
        return place
    for name in RUNEFILE_NAMES:
        if (place / name).is_file():
            return place / name
    raise UserError(f"there is no Runefile at {place}")


def make_rune(recipe: Recipe) -> Rune:
    """Compile a recipe's rune.

    Raises:
        UserError: the Runefile has errors, which the message shows, or a file cannot be read.
        ToolError: a tool failed.
    """
    path = recipe.path
    if path.suffix == ".rune":
        if recipe.resources:
            raise UsageError("resources cannot change a .rune file: it was built with its own")
        try:
            return read_rune(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror})") from error
    source, pipeline, diagnostics = load(path, lenient=recipe.lenient, for_build=True, resources=recipe.resources)
    if pipeline is None or diagnostics.has_errors:
        found = [render(item, source) for item in diagnostics.in_order()]
        raise UserError("\n".join(["the Runefile has errors", *found]))
    return build_rune(pipeline)


class Builds:
    """The runes and firmwares of one process; others share them through the cache."""

    def __init__(self) -> None:
        self._runes: dict[tuple[object, ...], Rune] = {}
        self._firmwares: dict[tuple[object, ...], Firmware] = {}

    def rune(self, recipe: Recipe) -> Rune:
        """Return a recipe's rune; see :func:`make_rune`."""
        key = (recipe.path, recipe.lenient, *sorted(recipe.resources.items()))
        if key not in self._runes:
            self._runes[key] = make_rune(recipe)
        return self._runes[key]

    def firmware(self, recipe: Recipe, board: Board) -> Firmware:
        """Return the firmware of a recipe for a board.

        Raises:
            UserError: the board lacks something, or the rune does not fit it.
            ToolError: a tool failed.
        """
        options = recipe.options(board)
        rune = self.rune(recipe)
        key = (rune.data, board.path, options.engine, options.toolchain, options.sensors, options.interval_ms)
        if key not in self._firmwares:
            self._firmwares[key] = cached_firmware(rune, options, recipe.path)
        return self._firmwares[key]
