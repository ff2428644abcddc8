"""What a user chooses about a firmware."""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.boards.board import Board

ENGINES = ("wasm3", "aot")
TOOLCHAINS = ("auto", "gcc", "zig")
DEFAULT_INTERVAL_MS = 100
#: Instructions of the rune in one call, about: several times what a second of speech takes, or person detection.
DEFAULT_BUDGET = 50_000_000
LARGEST_BUDGET = 2**31 - 1


@dataclass(frozen=True)
class BuildOptions:
    """The options of ``build`` and of ``run --board``.

    Attributes:
        board: for which the firmware is.
        sensors: a mode of the board, ``stream`` or ``onboard``.
        toolchain: one of :data:`TOOLCHAINS`.
        engine: one of :data:`ENGINES`.
        interval_ms: between calls of a pipeline without a timed sensor.
        budget: what the rune may execute in one call (:mod:`runeflash.firmware.budget`).
        disabled_passes: of the model compiler, those that do not run; sorted.
        profile: the firmware measures itself, and prints a ``profile`` line after each call (docs/wire.md).
    """

    board: Board
    sensors: str
    toolchain: str = "auto"
    engine: str = "wasm3"
    interval_ms: int = DEFAULT_INTERVAL_MS
    budget: int = DEFAULT_BUDGET
    disabled_passes: tuple[str, ...] = ()
    profile: bool = False
