"""USART (RM, Universal synchronous asynchronous receiver transmitter): a serial port, timed by its baud rate."""

from __future__ import annotations

from collections.abc import Callable

from runeflash.virtual.bus import BusError
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.stm32f405.gpio import Gpio
from runeflash.virtual.peripherals.stm32f405.stm32 import CYCLES_PER_SECOND, Stm32Peripheral
from runeflash.virtual.serial_line import SerialLine

_ORE, _RXNE, _TC, _TXE = 1 << 3, 1 << 5, 1 << 6, 1 << 7
_RE, _TE, _RXNEIE, _TCIE, _TXEIE, _UE = 1 << 2, 1 << 3, 1 << 5, 1 << 6, 1 << 7, 1 << 13
_STATUS_RESET = _TXE | _TC
_LOWEST_DIVIDER = 16
_BITS_PER_BYTE = 10  # start, 8 data bits, stop


class Usart(Stm32Peripheral):
    """The port: a data register and a shift register each way. Strict where the chip only goes wrong in silence.

    Args:
        machine: the machine.
        name: as in RM.
        base: its address.
        interrupt: its number.
        clock_hz: the clock of its bus.
        line: what it is connected to, or None.
        pins: for sending and receiving: port, pin, and the alternate function that connects it.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        base: int,
        interrupt: int,
        clock_hz: Callable[[], int],
        line: SerialLine | None,
        pins: tuple[tuple[Gpio, int, int], tuple[Gpio, int, int]],
    ) -> None:
        super().__init__(name, base)
        self._machine = machine
        self._interrupt = interrupt
        self._clock_hz = clock_hz
        self._line = line
        self._transmit_pin, self._receive_pin = pins
        self._arriving = False
        self.reset()
        self.register(0x00, read=self._read_status, write=self._write_status)
        self.register(0x04, read=self._read_data, write=self._write_data)
        self.register(0x08, read=lambda: self._divider, write=self._write_divider)
        self.register(0x0C, read=lambda: self._control, write=self._write_control)
        self.register(0x10, read=lambda: 0, write=self.only(0x10, 0))
        self.register(0x14, read=lambda: 0, write=self.only(0x14, 0))
        if line is not None:
            line.on_input = self._input

    def reset(self) -> None:
        """Off."""
        self._status = _STATUS_RESET
        self._status_was_read = False
        self._divider = 0
        self._control = 0
        self._received = 0
        self._waiting: int | None = None  # in the data register
        self._shifting: int | None = None
        self._generation = getattr(self, "_generation", 0) + 1
        self._update_line()

    @property
    def _byte_cycles(self) -> int:
        return CYCLES_PER_SECOND * _BITS_PER_BYTE * self._divider // self._clock_hz()

    # -- registers

    def _read_status(self) -> int:
        self._status_was_read = True
        return self._status

    def _write_status(self, value: int) -> None:
        self._status &= value | ~(_RXNE | _TC)  # written zeros clear these
        self._update_line()

    def _write_divider(self, value: int) -> None:
        if not _LOWEST_DIVIDER <= value <= 0xFFFF:
            raise BusError(f"{self.name}: BRR is written with 0x{value:x}, which gives no baud rate")
        if self._control & _UE:
            raise BusError(f"{self.name}: BRR is written while the port is on")
        self._divider = value

    def _write_control(self, value: int) -> None:
        self.only(0x0C, _RE | _TE | _RXNEIE | _TCIE | _TXEIE | _UE)(value)
        if value & _UE and not self._divider:
            raise BusError(f"{self.name}: is enabled without a baud rate (BRR)")
        if self._control & ~value & (_UE | _TE) and self._shifting is not None:
            raise BusError(f"{self.name}: is disabled while it sends")
        if value & _UE and value & _RE:
            self._check_pin(self._receive_pin, "receiver")
        self._control = value
        self._update_line()

    def _check_pin(self, where: tuple[Gpio, int, int], what: str) -> None:
        port, pin, function = where
        if port.alternate(pin) != function:
            raise BusError(f"{self.name}: the {what} is used while {port.name} pin {pin} is not connected to it")

    def _update_line(self) -> None:
        status, control = self._status, self._control
        level = (
            (status & (_RXNE | _ORE) and control & _RXNEIE)
            or (status & _TXE and control & _TXEIE)
            or (status & _TC and control & _TCIE)
        )
        self._machine.set_interrupt_line(self._interrupt, bool(level) and bool(control & _UE))

    # -- sending

    def _write_data(self, value: int) -> None:
        if not self._control & _UE or not self._control & _TE:
            raise BusError(f"{self.name}: DR is written while the transmitter is off")
        self._check_pin(self._transmit_pin, "transmitter")
        if self._waiting is not None:
            raise BusError(f"{self.name}: DR is written before it is empty (TXE)")
        if self._status_was_read:
            self._status &= ~_TC
            self._status_was_read = False
        if self._shifting is None:
            self._shift(value & 0xFF)
        else:
            self._waiting = value & 0xFF
            self._status &= ~_TXE
        self._update_line()

    def _shift(self, byte: int) -> None:
        self._shifting = byte
        generation = self._generation
        self._machine.schedule(self._machine.now + self._byte_cycles, lambda: self._sent(generation))

    def _sent(self, generation: int) -> None:
        if generation != self._generation or self._shifting is None:
            return
        byte, self._shifting = self._shifting, None
        if self._line is not None:
            self._line.send_to_host(bytes([byte]))
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._status |= _TXE
            self._shift(waiting)
        else:
            self._status |= _TC
        self._update_line()

    # -- receiving

    def _read_data(self) -> int:
        self._status &= ~_RXNE
        if self._status_was_read:
            self._status &= ~_ORE
            self._status_was_read = False
        self._update_line()
        return self._received

    def _input(self) -> None:
        """Let the next byte from the host arrive, one character's time after now."""
        if not self._arriving and self._line is not None and self._line.waiting:
            self._arriving = True
            # A port without a baud rate cannot tell how long; what arrives at it is lost anyway.
            cycles = self._byte_cycles if self._divider else CYCLES_PER_SECOND // 100_000
            self._machine.schedule(self._machine.now + cycles, self._arrive)

    def _arrive(self) -> None:
        self._arriving = False
        if self._line is None or not self._line.waiting:
            return
        byte = self._line.waiting.popleft()
        self._input()
        if not self._control & _UE or not self._control & _RE:
            self._line.lost += 1
            return
        if self._status & _RXNE:
            self._line.lost += 1
            self._status |= _ORE
        else:
            self._received = byte
            self._status |= _RXNE
        self._update_line()
