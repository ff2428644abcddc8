"""Whether an instruction budget pays for what no call of a rune can do without."""

from __future__ import annotations

from collections.abc import Sequence

from runeflash.boards import Board
from runeflash.errors import UserError
from runeflash.firmware.budget import HOST_CALL, entry_weight, inference_units
from runeflash.firmware.watchdog import most_budget
from runeflash.model import CompiledModel
from runeflash.rune.wasm import Module


def check_inferences(models: Sequence[CompiledModel], budget: int, board: Board | None) -> None:
    """Refuse models of which one inference alone can take more than the budget of a call.

    Args:
        models: a rune's, compiled.
        budget: units for one call.
        board: on which the rune is to run; None for this computer.

    Raises:
        UserError: there is one.
    """
    for model in models:
        units = inference_units(model.most_cycles) + HOST_CALL
        _check(f"one inference of the model {model.name} is charged", units, budget, board)


def check_entries(module: Module, budget: int, board: Board | None) -> None:
    """Refuse a rune of which one of the functions that the host calls could not even begin.

    Args:
        module: the rune's, with its instructions counted.
        budget: units for one call.
        board: on which the rune is to run; None for this computer.

    Raises:
        UserError: there is one.
    """
    for name in ("_manifest", "_call"):
        what = f"the rune's {name}, with every model that it calls, is charged at least"
        _check(what, entry_weight(module, name), budget, board)


def _check(what: str, units: int, budget: int, board: Board | None) -> None:
    if units <= budget:
        return
    most = most_budget(board)
    if units > most:
        hint = f"--budget {most} is the most{f' for {board.id}' if board else ''}: use smaller models"
    else:
        hint = f"give --budget {2 * units} or more" if 2 * units <= most else f"give --budget {most}"
    raise UserError(f"{what} {units:,} units of the instruction budget, but a call has only {budget:,}", hint=hint)
