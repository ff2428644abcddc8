"""Hardware in the loop: a pytest plugin that builds a Runefile, flashes boards, and gives their decoded output.

Entry point: the fixture ``device`` (:mod:`runeflash.testing.plugin`), a :class:`Device`. docs/testing.md says how it is
used. The plugin is loaded by every pytest of an environment that has runeflash, so nothing here is imported before a
test asks for a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runeflash.testing.decoded import DecodedOutput, Tensor
    from runeflash.testing.device import Device

__all__ = ["DecodedOutput", "Device", "Tensor"]


def __getattr__(name: str) -> Any:
    if name == "Device":
        from runeflash.testing import device

        return device.Device
    if name in __all__:
        from runeflash.testing import decoded

        return getattr(decoded, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
