"""RCC (RM, Reset and clock control): oscillators, PLL, dividers, clock enables, resets and their causes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from runeflash.virtual.bus import BusError
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.stm32f405.flash import Flash
from runeflash.virtual.peripherals.stm32f405.pwr import Pwr
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral

_HSI_HZ = 16_000_000
_HSION, _HSIRDY, _HSEON, _HSERDY, _PLLON, _PLLRDY = 1 << 0, 1 << 1, 1 << 16, 1 << 17, 1 << 24, 1 << 25
_CR_RESET = 0x83
_PLLCFGR_RESET = 0x24003010
# Data sheet, electrical characteristics: a crystal's start-up time, and the PLL's lock time.
_HSE_START = CYCLES_PER_SECOND * 2 // 1000
_PLL_LOCK = CYCLES_PER_SECOND * 200 // 1_000_000
_LIMITS = {"AHB": 168_000_000, "APB1": 42_000_000, "APB2": 84_000_000}
_HSI, _HSE, _PLL = 0, 1, 2

#: Bits of CSR.
REMOVE_FLAGS = 1 << 24
BROWN_OUT, PIN, POWER_ON, SOFTWARE, WATCHDOG = 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29

#: The registers that switch clocks on: their offsets by bus; the bus's reset register lies 0x20 before each.
AHB1, AHB2, APB1, APB2 = 0x30, 0x34, 0x40, 0x44
_ENABLE_RESET = {AHB1: 0x00100000, AHB2: 0, APB1: 0, APB2: 0}
_ENABLE_EXISTING = {AHB1: 0x607411FF, AHB2: 0xC0, APB1: 0x36FEC9FF, APB2: 0x00075F33}
_RESET_EXISTING = {AHB1: 0x206011FF, AHB2: 0xC0, APB1: 0x36FEC9FF, APB2: 0x00075933}


class Rcc(Stm32Peripheral):
    """The clock controller.

    Args:
        machine: the machine.
        flags: the reset causes in CSR.
        hse_hz: the board's crystal, or None where there is none.
        flash, pwr: what a fast core needs set before.
        clocks: the peripherals by the bit that switches each on: (register, bit).
    """

    def __init__(
        self,
        machine: Machine,
        flags: int,
        hse_hz: int | None,
        flash: Flash,
        pwr: Pwr,
        clocks: Mapping[tuple[int, int], Stm32Peripheral],
    ) -> None:
        super().__init__("RCC", 0x40023800, clocked=True)
        self.machine = machine
        self.reset_flags = flags
        self._hse_hz = hse_hz
        self._flash = flash
        self._pwr = pwr
        self._clocks = clocks
        self._control = _CR_RESET
        self._pll = _PLLCFGR_RESET
        self._config = 0
        self._enables = dict(_ENABLE_RESET)
        self.register(0x00, read=lambda: self._control, write=self._write_control)
        self.register(0x04, read=lambda: self._pll, write=self._write_pll)
        self.register(0x08, read=lambda: self._config | (self._config & 3) << 2, write=self._write_config)
        for bus in _ENABLE_RESET:
            self.register(bus, read=partial(self._enables.__getitem__, bus), write=partial(self._write_enable, bus))
            self.register(bus - 0x20, read=lambda: 0, write=partial(self._write_reset, bus))
        self.register(0x74, read=lambda: self.reset_flags, write=self._write_status)

    # -- what the clocks are, in Hz

    @property
    def core_hz(self) -> int:
        """The core's clock (AHB)."""
        return self._system_hz(self._config & 3) // _ahb_divider(self._config)

    @property
    def apb1_timers_hz(self) -> int:
        """The clock of TIM2 to TIM5: twice APB1's where that is divided."""
        return self._timers_hz(_apb_divider(self._config >> 10))

    @property
    def apb1_hz(self) -> int:
        """The clock of USART2 and USART3."""
        return self.core_hz // _apb_divider(self._config >> 10)

    @property
    def apb2_hz(self) -> int:
        """The clock of USART1 and USART6."""
        return self.core_hz // _apb_divider(self._config >> 13)

    @property
    def clock_48_hz(self) -> int:
        """The PLL's third output, that the RNG runs from; 0 while it is off."""
        if not self._control & _PLLRDY:
            return 0
        return self._vco_hz() // (self._pll >> 24 & 15)

    def _timers_hz(self, divider: int) -> int:
        return self.core_hz // divider * (1 if divider == 1 else 2)

    def _vco_hz(self) -> int:
        source = self._hse_hz if self._pll >> 22 & 1 else _HSI_HZ
        return (source or 0) // (self._pll & 63) * (self._pll >> 6 & 511)

    def _system_hz(self, source: int) -> int:
        if source == _PLL:
            return self._vco_hz() // (2 * (self._pll >> 16 & 3) + 2)
        return _HSI_HZ if source == _HSI else self._hse_hz or 0

    # -- registers

    def _write_control(self, value: int) -> None:
        settable = _HSION | _HSEON | _PLLON
        if (value ^ self._control) & ~(settable | _HSIRDY | _HSERDY | _PLLRDY):
            raise BusError(f"RCC: CR is written with 0x{value:x}, which is not modelled")
        source = self._config & 3
        needed = {_HSI: _HSION, _HSE: _HSEON, _PLL: _PLLON}[source]
        if not value & needed:
            raise BusError("RCC: the oscillator that the core runs from is switched off")
        started = value & ~self._control
        ready = {_HSION: _HSIRDY, _HSEON: _HSERDY, _PLLON: _PLLRDY}
        for on, flag in ready.items():
            if not value & on:
                self._control &= ~flag
        self._control = self._control & ~settable | value & settable
        if started & _HSION:
            self._control |= _HSIRDY
        if started & _HSEON and self._hse_hz is not None:
            self.machine.schedule(self.machine.now + _HSE_START, lambda: self._become_ready(_HSEON, _HSERDY))
        if started & _PLLON:
            self._check_pll()
            self.machine.schedule(self.machine.now + _PLL_LOCK, lambda: self._become_ready(_PLLON, _PLLRDY))

    def _become_ready(self, on: int, flag: int) -> None:
        if self._control & on:
            self._control |= flag

    def _check_pll(self) -> None:
        source = self._hse_hz if self._pll >> 22 & 1 else _HSI_HZ
        if self._pll >> 22 & 1 and not self._control & _HSERDY:
            raise BusError("RCC: the PLL is switched on before its source is ready")
        factor_m, factor_n, factor_q = self._pll & 63, self._pll >> 6 & 511, self._pll >> 24 & 15
        if factor_m < 2 or not 50 <= factor_n <= 432 or factor_q < 2 or source is None:
            raise BusError(f"RCC: PLLCFGR has 0x{self._pll:08x}, which RM forbids")
        if not 950_000 <= source // factor_m <= 2_100_000 or not 100_000_000 <= self._vco_hz() <= 432_000_000:
            raise BusError(f"RCC: PLLCFGR has 0x{self._pll:08x}: the PLL's input or VCO is out of range")

    def _write_pll(self, value: int) -> None:
        if self._control & _PLLON:
            raise BusError("RCC: PLLCFGR is written while the PLL is on")
        self._pll = value & 0x0F437FFF | _PLLCFGR_RESET & 0xF0000000

    def _write_config(self, value: int) -> None:
        if value & ~(3 | 3 << 2 | 15 << 4 | 7 << 10 | 7 << 13):
            raise BusError(f"RCC: CFGR is written with 0x{value:x}, which is not modelled")
        source = value & 3
        if source not in (_HSI, _HSE, _PLL):
            raise BusError("RCC: CFGR selects a clock that there is not")
        if not self._control & {_HSI: _HSIRDY, _HSE: _HSERDY, _PLL: _PLLRDY}[source]:
            raise BusError("RCC: the core's clock is switched to one that is not ready")
        core = self._system_hz(source) // _ahb_divider(value)
        speeds = {
            "AHB": core,
            "APB1": core // _apb_divider(value >> 10),
            "APB2": core // _apb_divider(value >> 13),
        }
        for bus, speed in speeds.items():
            if speed > _LIMITS[bus]:
                raise BusError(f"RCC: {bus} gets {speed} Hz, more than its {_LIMITS[bus]}")
        self._flash.check_speed(core)
        self._pwr.check_speed(core)
        self._config = value & ~(3 << 2)

    def _write_enable(self, bus: int, value: int) -> None:
        if value & ~_ENABLE_EXISTING[bus]:
            raise BusError(f"RCC: register 0x{bus:02x} is written with 0x{value:x}: there is no such peripheral")
        self._enables[bus] = value
        for (register, bit), peripheral in self._clocks.items():
            if register == bus:
                peripheral.clocked = bool(value >> bit & 1)

    def _write_reset(self, bus: int, value: int) -> None:
        if value & ~_RESET_EXISTING[bus]:
            raise BusError(f"RCC: register 0x{bus - 0x20:02x} is written with 0x{value:x}: there is no such peripheral")
        for (register, bit), peripheral in self._clocks.items():
            if register == bus and value >> bit & 1:
                peripheral.reset()

    def _write_status(self, value: int) -> None:
        if value & 3:
            raise BusError("RCC: the low-speed oscillator is not modelled")
        if value & REMOVE_FLAGS:
            self.reset_flags = 0


def _ahb_divider(config: int) -> int:
    code = config >> 4 & 15
    return 1 if code < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[code - 8]


def _apb_divider(code: int) -> int:
    return 1 if not code & 4 else 2 << (code & 3)
