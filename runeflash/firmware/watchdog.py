"""How long a board's hardware watchdog waits: longer than any call that keeps within its budget takes."""

from __future__ import annotations

from runeflash.errors import UserError
from runeflash.firmware.options import BuildOptions

#: Cycles of a Cortex-M4F that a unit of the budget is taken to need at most, in either engine: a copy or a square root
#: is a call of the same library in both. On virtual boards speech takes 8 instructions in wasm3 and 0.3 in aot; the
#: rest is room for wait states and for code that has nothing but the dearest instructions.
_CYCLES = 24
#: What the host does between two meals: a model's inference, a long line.
_HOST_MILLISECONDS = 5000


def watchdog_milliseconds(options: BuildOptions) -> int:
    """Return the time after which the watchdog resets the board; 0 for a board that has none.

    Raises:
        UserError: a call could legally take longer than the board's watchdog can wait.
    """
    board = options.board
    if board.watchdog_longest_ms is None:
        return 0
    needed = options.budget * _CYCLES * 1000 // board.clock_hz + _HOST_MILLISECONDS
    if needed > board.watchdog_longest_ms:
        most = (board.watchdog_longest_ms - _HOST_MILLISECONDS) * board.clock_hz // (1000 * _CYCLES)
        raise UserError(
            f"a call with the budget {options.budget:,} can take {needed / 1000:.0f} s, but the watchdog of {board.id} "
            f"waits no longer than {board.watchdog_longest_ms / 1000:.0f} s",
            hint=f"--budget {most // 1000 * 1000} is the most",
        )
    return needed
