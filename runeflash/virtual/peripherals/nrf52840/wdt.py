"""WDT (PS, WDT): a watchdog that is not running; its state may be asked."""

from __future__ import annotations

from runeflash.virtual.bus import RegisterBank


class Wdt(RegisterBank):
    """The watchdog, never started."""

    def __init__(self) -> None:
        super().__init__("WDT", 0x40010000)
        self.register(0x400, read=lambda: 0)
        self.register(0x508, read=lambda: 1)
