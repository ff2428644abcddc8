"""The STM32F405 (reference manual RM0090): Cortex-M4F at 168 MHz, 1 MB of flash, 128 KB of RAM.

Its 64 KB of core-coupled memory are not there: firmware that uses them by mistake faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from runeflash.errors import UserError
from runeflash.virtual.chips.chip import Chip
from runeflash.virtual.machine import Machine, Region
from runeflash.virtual.peripherals.stm32f405 import rcc
from runeflash.virtual.peripherals.stm32f405.flash import Flash
from runeflash.virtual.peripherals.stm32f405.gpio import Gpio
from runeflash.virtual.peripherals.stm32f405.iwdg import Iwdg
from runeflash.virtual.peripherals.stm32f405.pwr import Pwr
from runeflash.virtual.peripherals.stm32f405.rcc import Rcc
from runeflash.virtual.peripherals.stm32f405.rng import Rng
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral
from runeflash.virtual.peripherals.stm32f405.timer import Timer
from runeflash.virtual.peripherals.stm32f405.usart import Usart
from runeflash.virtual.serial_line import SerialLine

_FLASH = Region(base=0x08000000, size=1 << 20, writable=False)
_RAM = Region(base=0x20000000, size=128 << 10, writable=True)
_INTERRUPTS = 82
_PRIORITY_BITS = 4
#: The serial ports: base, interrupt, the function that connects a pin, whether on APB2, the bit that switches it on.
_USARTS = {
    1: (0x40011000, 37, 7, True, (rcc.APB2, 4)),
    2: (0x40004400, 38, 7, False, (rcc.APB1, 17)),
    3: (0x40004800, 39, 7, False, (rcc.APB1, 18)),
    6: (0x40011400, 71, 8, True, (rcc.APB2, 5)),
}
#: Which pins can be a port's (data sheet, alternate function mapping; ports A to D), sending and receiving.
_USART_PINS = {
    1: (("PA9", "PB6"), ("PA10", "PB7")),
    2: (("PA2", "PD5"), ("PA3", "PD6")),
    3: (("PB10", "PC10", "PD8"), ("PB11", "PC11", "PD9")),
    6: (("PC6",), ("PC7",)),
}
_POWER_ON = rcc.POWER_ON | rcc.BROWN_OUT | rcc.PIN


@dataclass(frozen=True)
class _Wiring:
    crystal_hz: int = 25_000_000
    usart: int = 6
    pin_tx: str = "PC6"
    pin_rx: str = "PC7"


class Stm32F405(Chip):
    """The chip, as power-on leaves it. Its peripherals are made anew by every reset.

    Its wiring: ``crystal_hz``, 0 for none, and the serial line's ``usart`` (1, 2, 3 or 6), ``pin_tx`` and ``pin_rx``.
    """

    cycles_per_microsecond = CYCLES_PER_SECOND // 1_000_000

    def __init__(
        self, random_bytes: Callable[[int], bytes], *, profile: bool = False, wiring: Mapping[str, Any] | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._wiring = _read_wiring(wiring or {})
        self.machine = Machine(
            flash=_FLASH, ram=_RAM, interrupts=_INTERRUPTS, priority_bits=_PRIORITY_BITS, profile=profile
        )
        self.machine.on_reset = self._reset_requested
        self._watchdog_bit = False
        self.serial = SerialLine()
        self._rcc = self._attach(_POWER_ON)
        self.machine.power_up()

    def start(self, image: bytes, address: int) -> None:
        """Put an image into flash and start it; see :meth:`Chip.start`."""
        if len(image) < 8 or address != _FLASH.base or len(image) > _FLASH.size:
            raise UserError(f"an image of {len(image)} bytes at 0x{address:x} does not fit into the STM32F405's flash")
        self.machine.write_memory(_FLASH.base, b"\xff" * _FLASH.size)
        self.machine.write_memory(address, image)
        self._rcc.reset_flags = 0
        self._reset(_POWER_ON)

    def press_reset(self) -> None:
        """Reset by the reset pin."""
        self._reset(rcc.PIN)

    def _watchdog_bites(self) -> None:
        self._watchdog_bit = True
        self.machine.request_reset()

    def _reset_requested(self) -> None:
        self._reset((rcc.WATCHDOG if self._watchdog_bit else rcc.SOFTWARE) | rcc.PIN)

    def _reset(self, flags: int) -> None:
        self._watchdog_bit = False
        self._rcc = self._attach(self._rcc.reset_flags | flags)
        self.machine.reset_core(_FLASH.base)

    def _attach(self, flags: int) -> Rcc:
        machine = self.machine
        machine.detach_peripherals()
        self.serial.on_input = lambda: None
        ports = [Gpio(f"GPIO{letter}", 0x40020000 + 0x400 * n) for n, letter in enumerate("ABCD")]
        flash, pwr = Flash(), Pwr()
        # What they run at is RCC's to say, which is made after them: it switches them on and off.
        tim2 = Timer(machine, "TIM2", 0x40000000, 28, lambda: controller.apb1_timers_hz)
        tim5 = Timer(machine, "TIM5", 0x40000C00, 50, lambda: controller.apb1_timers_hz)
        wiring = self._wiring
        base, interrupt, function, on_apb2, usart_clock = _USARTS[wiring.usart]
        usart = Usart(
            machine,
            f"USART{wiring.usart}",
            base,
            interrupt,
            lambda: controller.apb2_hz if on_apb2 else controller.apb1_hz,
            self.serial,
            (_pin(ports, wiring.pin_tx, function), _pin(ports, wiring.pin_rx, function)),
        )
        rng = Rng(machine, self._random_bytes, lambda: controller.clock_48_hz)
        clocks: dict[tuple[int, int], Stm32Peripheral] = {
            **{(rcc.AHB1, n): port for n, port in enumerate(ports)},
            (rcc.AHB2, 6): rng,
            (rcc.APB1, 0): tim2,
            (rcc.APB1, 3): tim5,
            (rcc.APB1, 28): pwr,
            usart_clock: usart,
        }
        controller = Rcc(machine, flags, wiring.crystal_hz or None, flash, pwr, clocks)
        for peripheral in (*clocks.values(), controller, flash, Iwdg(machine, self._watchdog_bites)):
            machine.attach(peripheral)
        return controller


def _read_wiring(wiring: Mapping[str, Any]) -> _Wiring:
    """Return what a board's description says is wired to the chip.

    Raises:
        UserError: a name or value that there is not.
    """
    known = {field.name: type(field.default) for field in fields(_Wiring)}
    for name, value in wiring.items():
        if name not in known:
            raise UserError(f"the virtual STM32F405 has no {name!r} to wire", hint=f"it has {', '.join(known)}")
        if type(value) is not known[name]:
            kind = "number" if known[name] is int else "text"
            raise UserError(f"the virtual STM32F405 wants a {kind} for {name}, not {value!r}")
    wanted = _Wiring(**wiring)
    if wanted.usart not in _USARTS:
        raise UserError(f"the virtual STM32F405 has no USART{wanted.usart}", hint="usart is one of 1, 2, 3 and 6")
    for name, pin, possible in zip(
        ("pin_tx", "pin_rx"), (wanted.pin_tx, wanted.pin_rx), _USART_PINS[wanted.usart], strict=True
    ):
        if pin not in possible:
            raise UserError(
                f"USART{wanted.usart} of the STM32F405 has no {name} at {pin!r}",
                hint=f"it can be {', '.join(possible)}",
            )
    if wanted.crystal_hz != 0 and not 4_000_000 <= wanted.crystal_hz <= 26_000_000:
        raise UserError(f"the STM32F405 takes no crystal of {wanted.crystal_hz} Hz", hint="4 to 26 MHz, or 0 for none")
    return wanted


def _pin(ports: list[Gpio], name: str, function: int) -> tuple[Gpio, int, int]:
    """Return a pin named as in ``PC6`` with the function that connects it."""
    return ports["ABCD".index(name[1])], int(name[2:]), function
