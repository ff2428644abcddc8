"""Virtual chips, one per file; a board's description names its chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runeflash.errors import UserError
from runeflash.virtual.chips.chip import Chip
from runeflash.virtual.chips.nrf52840 import Nrf52840
from runeflash.virtual.chips.stm32f405 import Stm32F405

#: Draws a number of random bytes.
RandomSource = Callable[[int], bytes]

_CHIPS: dict[str, type[Chip]] = {"nrf52840": Nrf52840, "stm32f405": Stm32F405}


def names() -> list[str]:
    """Return the names of all virtual chips."""
    return sorted(_CHIPS)


def make(
    name: str, random_bytes: RandomSource, *, profile: bool = False, wiring: Mapping[str, Any] | None = None
) -> Chip:
    """Return a chip, switched on but without a program; ``wiring`` is what its board connects to it.

    Raises:
        UserError: there is no virtual chip of this name, or it has nothing that can be wired so.
    """
    chip = _CHIPS.get(name)
    if chip is None:
        raise UserError(f"there is no virtual chip {name!r}", hint=f"there are {', '.join(names())}")
    return chip(random_bytes, profile=profile, wiring=wiring)
