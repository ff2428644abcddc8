"""NVMC (PS 4.3): the instruction cache's switch. Erasing and writing flash is not modelled."""

from __future__ import annotations

from runeflash.virtual.bus import BusError, RegisterBank


class Nvmc(RegisterBank):
    """The controller."""

    def __init__(self) -> None:
        super().__init__("NVMC", 0x4001E000)
        self._cache = 0
        self.register(0x400, read=lambda: 1)
        self.register(0x504, read=lambda: 0, write=self._write_config)
        self.register(0x540, read=lambda: self._cache, write=self._write_cache)

    def _write_cache(self, value: int) -> None:
        if value & ~0x101:
            raise BusError(f"NVMC: ICACHECNF is written with 0x{value:x}")
        self._cache = value

    def _write_config(self, value: int) -> None:
        if value:
            raise BusError("NVMC: writing or erasing flash is not modelled")
