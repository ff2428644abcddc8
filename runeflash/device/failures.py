"""What a device says has gone wrong, as an error."""

from __future__ import annotations

from runeflash.device.lines import Status
from runeflash.errors import DeviceError


def rune_failure(status: Status) -> DeviceError:
    """Return the error of an ``error`` line: the rune has failed, and is restarted (docs/wire.md)."""
    stage = status.fields.get("stage")
    where = f" in the stage {stage}" if stage else ""
    code = status.fields.get("code", "unknown")
    hint = "a larger --budget helps, unless the rune is in an endless loop" if code == "budget-exhausted" else None
    return DeviceError(f"the rune failed{where} ({code}): {status.fields.get('message', '')}", hint=hint)
