"""The nRF52840 (Product Specification v1.7): Cortex-M4F at 64 MHz, 1 MB of flash, 256 KB of RAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runeflash.errors import UserError
from runeflash.virtual.bus import PAGE, BusError
from runeflash.virtual.chips.chip import Chip
from runeflash.virtual.machine import Machine, Region
from runeflash.virtual.nvic import FIRST_INTERRUPT
from runeflash.virtual.peripherals.nrf52840.clock_power import (
    RESET_PIN,
    RESET_SOFTWARE,
    RESET_WATCHDOG,
    ClockPower,
)
from runeflash.virtual.peripherals.nrf52840.gpio import Gpio
from runeflash.virtual.peripherals.nrf52840.nordic import NordicPeripheral
from runeflash.virtual.peripherals.nrf52840.nvmc import Nvmc
from runeflash.virtual.peripherals.nrf52840.ppi import Ppi
from runeflash.virtual.peripherals.nrf52840.rng import Rng
from runeflash.virtual.peripherals.nrf52840.rtc import Rtc
from runeflash.virtual.peripherals.nrf52840.timer import Timer
from runeflash.virtual.peripherals.nrf52840.uarte import Uarte
from runeflash.virtual.peripherals.nrf52840.usbd import Usbd
from runeflash.virtual.peripherals.nrf52840.wdt import Wdt
from runeflash.virtual.serial_line import SerialLine

_FLASH = Region(base=0, size=1 << 20, writable=False)
_RAM = Region(base=0x20000000, size=256 << 10, writable=True)
_INTERRUPTS = 48
_PRIORITY_BITS = 3
_TIMERS = (
    ("TIMER0", 0x40008000, 4),
    ("TIMER1", 0x40009000, 4),
    ("TIMER2", 0x4000A000, 4),
    ("TIMER3", 0x4001A000, 6),
    ("TIMER4", 0x4001B000, 6),
)
_RTCS = (("RTC0", 0x4000B000), ("RTC1", 0x40011000), ("RTC2", 0x40024000))


class Nrf52840(Chip):
    """The chip, as a bootloader hands it to an application.

    Its peripherals are made anew by every reset; what a bootloader might have left on is left on (USB and an RTC, with
    their interrupts enabled), so that an application which does not clean up fails here too.
    """

    cycles_per_microsecond = 64

    def __init__(
        self, random_bytes: Callable[[int], bytes], *, profile: bool = False, wiring: Mapping[str, Any] | None = None
    ) -> None:
        for name in wiring or ():
            raise UserError(f"the virtual nRF52840 has no {name!r} to wire: its serial line is at UARTE0's own pins")
        self._random_bytes = random_bytes
        self.machine = Machine(
            flash=_FLASH, ram=_RAM, interrupts=_INTERRUPTS, priority_bits=_PRIORITY_BITS, profile=profile
        )
        self.machine.on_reset = self._reset_requested
        self._watchdog_bit = False
        self.serial = SerialLine()
        self._application = 0
        self._clock_power: ClockPower | None = None
        self._tasks: dict[int, NordicPeripheral] = {}
        self._attach(0)
        self.machine.power_up()

    def start(self, image: bytes, address: int) -> None:
        """Put an image into flash and start it; see :meth:`Chip.start`."""
        if len(image) < 8 or address < 0 or address + len(image) > _FLASH.size or address % PAGE:
            raise UserError(f"an image of {len(image)} bytes at 0x{address:x} does not fit into the nRF52840's flash")
        self.machine.write_memory(_FLASH.base, b"\xff" * _FLASH.size)
        self.machine.write_memory(address, image)
        self._application = address
        self._reset(0)

    def press_reset(self) -> None:
        """Reset by the reset pin."""
        self._reset(RESET_PIN)

    def _watchdog_bites(self) -> None:
        self._watchdog_bit = True
        self.machine.request_reset()

    def _reset_requested(self) -> None:
        self._reset(RESET_WATCHDOG if self._watchdog_bit else RESET_SOFTWARE)

    def _reset(self, reason: int) -> None:
        self._watchdog_bit = False
        kept = self._clock_power.reset_reasons if self._clock_power is not None and reason else 0
        self._attach(kept | reason)
        self.machine.reset_core(self._application)
        self._leave_bootloader_state()

    def _attach(self, reset_reasons: int) -> None:
        machine = self.machine
        machine.detach_peripherals()
        self.serial.on_input = lambda: None
        ppi = Ppi(self._trigger)
        ports = [Gpio("P0", 0x50000000, 32), Gpio("P1", 0x50000300, 16)]
        self._clock_power = ClockPower(machine, reset_reasons)
        self._usbd = Usbd(machine)
        self._rtcs = [Rtc(machine, name, base) for name, base in _RTCS]
        nordic: list[NordicPeripheral] = [
            self._clock_power,
            Uarte(machine, "UARTE0", 0x40002000, self.serial, ports, ppi),
            Uarte(machine, "UARTE1", 0x40028000, None, ports, ppi),
            Rng(machine, self._random_bytes),
            self._usbd,
            *(Timer(machine, name, base, compares, ppi) for name, base, compares in _TIMERS),
            *self._rtcs,
        ]
        self._tasks = {peripheral.base: peripheral for peripheral in nordic}
        for peripheral in (*nordic, ppi, *ports, Nvmc(), Wdt(machine, self._watchdog_bites)):
            machine.attach(peripheral)

    def _trigger(self, address: int) -> None:
        peripheral = self._tasks.get(address & ~(PAGE - 1))
        if peripheral is None:
            raise BusError(f"PPI: a task at 0x{address:08x} is triggered, where no peripheral is modelled")
        peripheral.trigger(address & (PAGE - 1))

    def _leave_bootloader_state(self) -> None:
        self._usbd.leave_on()
        self._rtcs[2].leave_running()
        for peripheral in (self._usbd, self._rtcs[2]):
            self.machine.nvic.enabled |= 1 << (FIRST_INTERRUPT + peripheral.interrupt)
