"""UARTE (PS, UARTE): a serial port with EasyDMA, timed by its baud rate."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from runeflash.virtual.bus import BusError
from runeflash.virtual.machine import Machine
from runeflash.virtual.peripherals.nrf52840.gpio import Gpio
from runeflash.virtual.peripherals.nrf52840.nordic import EventListener, NordicPeripheral
from runeflash.virtual.serial_line import SerialLine

_CTS, _NCTS, _RXDRDY, _ENDRX, _TXDRDY, _ENDTX, _ERROR = 0x100, 0x104, 0x108, 0x110, 0x11C, 0x120, 0x124
_RXTO, _RXSTARTED, _TXSTARTED, _TXSTOPPED = 0x144, 0x14C, 0x150, 0x158
_ENABLED = 8
_DISCONNECTED = 1 << 31
_OVERRUN = 1 << 0
_FIFO_BYTES = 6  # PS, UARTE, reception: what arrives while no transfer is under way
_DMA_CYCLES = 16  # from RXDRDY to the byte in RAM: PS says only that it comes later
_BITS_PER_BYTE = 10  # start, 8 data bits, stop
_CORE_CLOCK = 64_000_000
#: PS, UARTE, transmission0, BAUDRATE: the register's values and what they give.
_BAUD_RATES: Mapping[int, int] = {
    0x0004F000: 1200,
    0x0009D000: 2400,
    0x0013B000: 4800,
    0x00275000: 9600,
    0x003AF000: 14400,
    0x004EA000: 19200,
    0x0075C000: 28800,
    0x00800000: 31250,
    0x009D0000: 38400,
    0x00E50000: 56000,
    0x00EB0000: 57600,
    0x013A9000: 76800,
    0x01D60000: 115200,
    0x03B00000: 230400,
    0x04000000: 250000,
    0x07400000: 460800,
    0x0F000000: 921600,
    0x10000000: 1000000,
}


class Uarte(NordicPeripheral):
    """The port. Strict where the chip only goes wrong in silence: see the ``BusError`` messages."""

    def __init__(
        self,
        machine: Machine,
        name: str,
        base: int,
        line: SerialLine | None,
        ports: list[Gpio],
        ppi: EventListener | None = None,
    ) -> None:
        super().__init__(machine, name, base, ppi)
        self._line = line
        self._ports = ports
        self._enabled = False
        self._error_source = 0
        # Reception. The transfer's pointer and size are latched when it starts.
        self._receiving = False
        self._receive_at = 0
        self._receive_size = 0
        self._received = 0  # of this transfer, counted when the byte has arrived
        self._stored = 0  # and when it is in RAM
        self._fifo: deque[int] = deque()
        self._arriving = False
        # Transmission.
        self._sending: tuple[int, bytes] | None = None

        for offset, action in (
            (0x000, self._start_receiving),
            (0x004, self._stop_receiving),
            (0x008, self._start_sending),
            (0x00C, self._stop_sending),
            (0x02C, self._flush_fifo),
        ):
            self.task(offset, action)
        for event in (_CTS, _NCTS, _RXDRDY, _ENDRX, _TXDRDY, _ENDTX, _ERROR, _RXTO, _RXSTARTED, _TXSTARTED):
            self.event(event)
        self.event(_TXSTOPPED)
        self.shorts({5: (_ENDRX, self._start_receiving), 6: (_ENDRX, self._stop_receiving)})
        self.interrupts()
        self.register(0x480, read=lambda: self._error_source, write=self._clear_errors)
        self.register(0x500, read=lambda: _ENABLED if self._enabled else 0, write=self._write_enable)
        reset_pin = 0xFFFFFFFF
        self._rts = self.value(0x508, reset_pin, allowed=lambda value: bool(value & _DISCONNECTED))
        self._txd = self.value(0x50C, reset_pin, allowed=self._pin_can_be_selected)
        self._cts = self.value(0x510, reset_pin, allowed=lambda value: bool(value & _DISCONNECTED))
        self._rxd = self.value(0x514, reset_pin, allowed=self._pin_can_be_selected)
        self._baud_rate = self.value(
            0x524, 0x04000000, allowed=lambda value: value in _BAUD_RATES and self._sending is None
        )
        self._rx_pointer = self.value(0x534)
        self._rx_count = self.value(0x538, allowed=lambda value: value < 1 << 16)
        self.register(0x53C, read=lambda: self._amount_received)
        self._tx_pointer = self.value(0x544)
        self._tx_count = self.value(0x548, allowed=lambda value: value < 1 << 16)
        self.register(0x54C, read=lambda: self._amount_sent)
        self.value(0x56C, allowed=lambda value: value == 0)
        self._amount_received = 0
        self._amount_sent = 0
        if line is not None:
            line.on_input = self._input

    @property
    def _byte_cycles(self) -> int:
        return _CORE_CLOCK * _BITS_PER_BYTE // _BAUD_RATES[self._baud_rate()]

    # -- configuration

    def _pin_can_be_selected(self, value: int) -> bool:
        if self._enabled:
            return False  # PS, UARTE: PSEL only while disabled
        return bool(value & _DISCONNECTED) or (value & 31) < self._ports[value >> 5 & 1].pins

    def _write_enable(self, value: int) -> None:
        if value not in (0, _ENABLED):
            raise BusError(f"{self.name}: ENABLE is written with {value}, which is not modelled")
        if value == 0 and (self._sending is not None or self._receiving):
            raise BusError(f"{self.name}: is disabled while a transfer is under way (STOPRX, STOPTX, RXTO, TXSTOPPED)")
        self._enabled = value == _ENABLED
        if self._enabled:
            self._check_pins()

    def _check_pins(self) -> None:
        txd, rxd = self._txd(), self._rxd()
        if not txd & _DISCONNECTED:
            port = self._ports[txd >> 5 & 1]
            if not port.is_output(txd & 31) or not port.output(txd & 31):
                raise BusError(f"{self.name}: is enabled before its TXD pin is an output that is high")
        if not rxd & _DISCONNECTED:
            port = self._ports[rxd >> 5 & 1]
            if port.is_output(rxd & 31) or not port.is_input(rxd & 31):
                raise BusError(f"{self.name}: is enabled before its RXD pin is an input")

    def _check_enabled(self, what: str) -> None:
        if not self._enabled:
            raise BusError(f"{self.name}: {what} while the peripheral is disabled (ENABLE)")

    def _clear_errors(self, value: int) -> None:
        self._error_source &= ~value

    # -- sending

    def _start_sending(self) -> None:
        self._check_enabled("STARTTX")
        if self._txd() & _DISCONNECTED:
            raise BusError(f"{self.name}: STARTTX without a TXD pin")
        if self._sending is not None:
            raise BusError(f"{self.name}: STARTTX while a transfer is under way")
        address, count = self._tx_pointer(), self._tx_count()
        data = self.machine.dma_read(self.name, address, count)
        self._sending = (address, data)
        self.raise_event(_TXSTARTED)
        self.machine.schedule(self.machine.now + count * self._byte_cycles, self._sent)

    def _sent(self) -> None:
        if self._sending is None:
            return
        address, data = self._sending
        self._sending = None
        if self.machine.dma_read(self.name, address, len(data)) != data:
            raise BusError(f"{self.name}: the buffer at 0x{address:08x} was changed while it was being sent")
        self._amount_sent = len(data)
        if self._line is not None:
            self._line.send_to_host(data)
        if data:
            self.raise_event(_TXDRDY)
        self.raise_event(_ENDTX)

    def _stop_sending(self) -> None:
        self._check_enabled("STOPTX")
        if self._sending is not None:
            raise BusError(f"{self.name}: STOPTX while a transfer is under way, which is not modelled")
        self.raise_event(_TXSTOPPED)

    # -- receiving

    def _start_receiving(self) -> None:
        self._check_enabled("STARTRX")
        if self._rxd() & _DISCONNECTED:
            raise BusError(f"{self.name}: STARTRX without an RXD pin")
        if self._receiving:
            raise BusError(f"{self.name}: STARTRX while a transfer is under way")
        self.machine.check_dma(self.name, self._rx_pointer(), self._rx_count())
        if self._rx_count() == 0:
            raise BusError(f"{self.name}: STARTRX with an empty buffer, which is not modelled")
        self._receiving = True
        self._receive_at = self._rx_pointer()
        self._receive_size = self._rx_count()
        self._received = 0
        self._stored = 0
        self.raise_event(_RXSTARTED)
        while self._fifo and self._receiving and self._received < self._receive_size:
            self._take(self._fifo.popleft())

    def _stop_receiving(self) -> None:
        self._check_enabled("STOPRX")
        if self._receiving:
            self._end_receiving()
        self.raise_event(_RXTO)

    def _flush_fifo(self) -> None:
        raise BusError(f"{self.name}: FLUSHRX is not modelled")

    def _end_receiving(self) -> None:
        self._amount_received = self._stored
        self._receiving = False
        self.raise_event(_ENDRX)

    def _input(self) -> None:
        """Let the next byte from the host arrive, one character's time after now."""
        if not self._arriving and self._line is not None and self._line.waiting:
            self._arriving = True
            self.machine.schedule(self.machine.now + self._byte_cycles, self._arrive)

    def _arrive(self) -> None:
        self._arriving = False
        if self._line is None or not self._line.waiting:
            return
        byte = self._line.waiting.popleft()
        self._input()
        if not self._enabled or self._rxd() & _DISCONNECTED:
            self._line.lost += 1
            return
        if self._receiving and self._received < self._receive_size:
            self.raise_event(_RXDRDY)
            self._take(byte)
        elif len(self._fifo) < _FIFO_BYTES:
            self.raise_event(_RXDRDY)
            self._fifo.append(byte)
        else:
            self._line.lost += 1
            self._error_source |= _OVERRUN
            self.raise_event(_ERROR)

    def _take(self, byte: int) -> None:
        """Move a byte to RAM, a little after it was announced."""
        address = self._receive_at + self._received
        self._received += 1
        last = self._received == self._receive_size

        def store() -> None:
            self.machine.dma_write(self.name, address, bytes([byte]))
            self._stored += 1
            if last and self._receiving:
                self._end_receiving()

        self.machine.schedule(self.machine.now + _DMA_CYCLES, store)
