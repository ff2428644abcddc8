"""What a firmware takes, by part, against what its board has."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from runeflash.errors import UserError


@dataclass(frozen=True)
class FlashUse:
    """Bytes of flash by part: code (constants of ours included), the models' weights, the rune, initial data."""

    code: int
    model_weights: int
    rune: int
    initial_data: int

    @property
    def total(self) -> int:
        """The whole image."""
        return self.code + self.model_weights + self.rune + self.initial_data


@dataclass(frozen=True)
class RamUse:
    """Bytes of RAM by part; ``static_data`` is everything that has no line of its own."""

    engine_heap: int
    linear_memory: int
    model_arena: int
    stack: int
    static_data: int

    @property
    def total(self) -> int:
        """All RAM in use: nothing else is ever allocated."""
        return self.engine_heap + self.linear_memory + self.model_arena + self.stack + self.static_data


#: Cells of a bar in the table.
_BAR = 32


def ram_methods(engine: str) -> dict[str, str]:
    """Return how each part of RAM was found."""
    return {
        "engine_heap": "measured: an emulated core loads this rune with the same code" if engine == "wasm3" else "none",
        "linear_memory": "exact: stack from the module's call graph, data, and tensors placed by lifetime",
        "model_arena": "exact: activations placed by lifetime",
        "stack": "proved: the call graph and frames of the linked image"
        + (", and measured while the engine loads the rune" if engine == "wasm3" else ""),
        "static_data": "exact: as linked",
    }


def format_table(flash: FlashUse, ram: RamUse, flash_limit: int, ram_limit: int) -> str:
    """Return the two uses as a table for people; the bars of the parts follow each other and make the sum."""
    lines = []
    for title, use, limit in (("flash", flash, flash_limit), ("RAM", ram, ram_limit)):
        share = 100 * use.total / limit
        lines.append(f"{title:<18}{use.total:>9,} of {limit:,} bytes ({share:.1f} %)")
        before = 0
        # Not every engine has a heap.
        parts = {name: size for name, size in asdict(use).items() if size or name != "engine_heap"}
        for name, size in parts.items():
            bar = _bar(before, size, use.total)
            lines.append(f"  {name.replace('_', ' '):<16}{size:>9,}  {bar}".rstrip())
            before += size
    return "\n".join(lines)


def _bar(before: int, size: int, total: int) -> str:
    """Return the stretch of a bar that a part takes, behind the parts before it; what is there is seen."""
    first, end = (round(_BAR * edge / total) if total else 0 for edge in (before, before + size))
    first = min(first, _BAR - 1)
    return " " * first + "█" * max(end - first, int(size > 0))


def check_fit(flash: FlashUse, ram: RamUse, flash_limit: int, ram_limit: int, board: str) -> None:
    """Check the uses against the limits.

    Raises:
        UserError: something does not fit; the message has the parts, largest first.
    """
    for title, use, limit in (("flash", flash, flash_limit), ("RAM", ram, ram_limit)):
        if use.total > limit:
            raise does_not_fit(title, asdict(use), use.total, limit, board)


def does_not_fit(title: str, parts: dict[str, Any], total: int, limit: int, board: str) -> UserError:
    """Return the error for too large an image."""
    largest = sorted(((int(size), name) for name, size in parts.items()), reverse=True)
    listed = ", ".join(f"{name.replace('_', ' ')} {size:,}" for size, name in largest if size)
    return UserError(
        f"the firmware does not fit {board}: it needs {total:,} bytes of {title}, {total - limit:,} more than "
        f"the {limit:,} there are ({listed})",
        hint=_ADVICE.get(largest[0][1], "choose a board with more memory"),
    )


_ADVICE = {
    "model_weights": "use a smaller or a quantised model, or a board with more flash",
    "model_arena": "use a model with smaller layers, or a board with more RAM",
    "linear_memory": "declare smaller tensors (a shorter recording, a smaller image), or choose a board with more RAM",
}
