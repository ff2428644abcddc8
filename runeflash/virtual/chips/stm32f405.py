"""The STM32F405 (reference manual RM0090): Cortex-M4F at 168 MHz, 1 MB of flash, 128 KB of RAM.

Its 64 KB of core-coupled memory are not there: firmware that uses them by mistake faults.
"""

from __future__ import annotations

from collections.abc import Callable

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
_HSE_HZ = 25_000_000  # the Netduino Plus 2's crystal
_USART6_FUNCTION = 8
_POWER_ON = rcc.POWER_ON | rcc.BROWN_OUT | rcc.PIN


class Stm32F405(Chip):
    """The chip, as power-on leaves it. Its peripherals are made anew by every reset.

    The serial line is at USART6, on PC6 and PC7.
    """

    cycles_per_microsecond = CYCLES_PER_SECOND // 1_000_000

    def __init__(self, random_bytes: Callable[[int], bytes], *, profile: bool = False) -> None:
        self._random_bytes = random_bytes
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
        usart6 = Usart(
            machine,
            "USART6",
            0x40011400,
            71,
            lambda: controller.apb2_hz,
            self.serial,
            ((ports[2], 6, _USART6_FUNCTION), (ports[2], 7, _USART6_FUNCTION)),
        )
        rng = Rng(machine, self._random_bytes, lambda: controller.clock_48_hz)
        clocks: dict[tuple[int, int], Stm32Peripheral] = {
            **{(rcc.AHB1, n): port for n, port in enumerate(ports)},
            (rcc.AHB2, 6): rng,
            (rcc.APB1, 0): tim2,
            (rcc.APB1, 3): tim5,
            (rcc.APB1, 28): pwr,
            (rcc.APB2, 5): usart6,
        }
        controller = Rcc(machine, flags, _HSE_HZ, flash, pwr, clocks)
        for peripheral in (*clocks.values(), controller, flash, Iwdg(machine, self._watchdog_bites)):
            machine.attach(peripheral)
        return controller
