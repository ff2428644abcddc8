"""Board: whether one has what a pipeline needs."""

from __future__ import annotations

from collections.abc import Set

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Diagnostics
from runeflash.pipeline.graph import Pipeline


def check_board(pipeline: Pipeline, board: str, capabilities: Set[str], diagnostics: Diagnostics) -> None:
    """Report every capability of a pipeline that a board does not have.

    Args:
        pipeline: the pipeline.
        board: the board's name, for messages.
        capabilities: the kinds that the board has, as the Runefile names them.
        diagnostics: what is missing is added here.
    """
    for stage in pipeline.capabilities:
        if stage.kind.name not in capabilities:
            has = f"it has {', '.join(sorted(capabilities))}" if capabilities else "it has none"
            diagnostics.error(
                codes.BOARD_LACKS,
                f'The board {board} has no {stage.kind.name} for "{stage.name}"',
                pipeline.spans.get(stage.name),
                hint=f"{has}; with --sensors stream the host plays data in",
            )
