"""How long a board's hardware watchdog waits: longer than any call that keeps within its budget takes."""

from __future__ import annotations

from runeflash.boards import Board
from runeflash.errors import UserError
from runeflash.firmware.budget import CYCLES_OF_A_UNIT
from runeflash.firmware.options import LARGEST_BUDGET, BuildOptions

#: What no budget pays for, between two meals: wasm3 loads a rune, the data of an output are looked through.
_HOST_MILLISECONDS = 2500


def watchdog_milliseconds(options: BuildOptions) -> int:
    """Return the time after which the watchdog resets the board; 0 for a board that has none.

    Raises:
        UserError: a call could legally take longer than the board's watchdog can wait.
    """
    board = options.board
    if board.watchdog_longest_ms is None:
        return 0
    needed = options.budget * CYCLES_OF_A_UNIT * 1000 // board.clock_hz + _HOST_MILLISECONDS
    if needed > board.watchdog_longest_ms:
        raise UserError(
            f"a call with the budget {options.budget:,} can take {needed / 1000:.1f} s, but the watchdog of {board.id} "
            f"waits no longer than {board.watchdog_longest_ms / 1000:.0f} s",
            hint=f"--budget {most_budget(board)} is the most",
        )
    return needed


def most_budget(board: Board | None) -> int:
    """Return the largest budget that the board's watchdog, if it has one, can wait for, in round thousands.

    Args:
        board: None for this computer.
    """
    if board is None or board.watchdog_longest_ms is None:
        return LARGEST_BUDGET
    milliseconds = board.watchdog_longest_ms - _HOST_MILLISECONDS
    return min(milliseconds * board.clock_hz // (1000 * CYCLES_OF_A_UNIT) // 1000 * 1000, LARGEST_BUDGET)
