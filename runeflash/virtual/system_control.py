"""The system control space: SCB, NVIC, SysTick and DEMCR as registers at 0xE000E000.

ARMv7-M Architecture Reference Manual (DDI 0403E), B3.2 to B3.4 and C1.6.5. What a firmware could switch on and the
machine does not do (the MPU, sleep modes, traps by CCR) is an error when it is switched on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runeflash.virtual.bus import BusError, Peripheral
from runeflash.virtual.nvic import FIRST_INTERRUPT, PENDSV, SYSTICK

if TYPE_CHECKING:
    from runeflash.virtual.machine import Machine

_AIRCR_KEY = 0x05FA
_AIRCR_READ_KEY = 0xFA05
_SYSRESETREQ = 1 << 2
_SEVONPEND = 1 << 4
_CCR_STKALIGN = 1 << 9
_FPU_ACCESS = 0xF << 20
_TRCENA = 1 << 24
_FPCCR_RESET = 0xC0000000  # ASPEN and LSPEN
_CPUID_CORTEX_M4_R0P1 = 0x410FC241
_NMIPENDSET, _PENDSVSET, _PENDSVCLR, _PENDSTSET, _PENDSTCLR = 1 << 31, 1 << 28, 1 << 27, 1 << 26, 1 << 25


class SystemControl(Peripheral):
    """The registers. Priorities may be accessed by bytes, all others by words."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("SCS", 0xE000E000)
        self._machine = machine
        self.reset()

    def reset(self) -> None:
        """Back to the values after reset; the vector table is set by whoever starts the machine."""
        self.vector_table = 0
        self.trace_enabled = False
        self.send_event_on_pending = False
        self._cpacr = 0
        self._demcr = 0

    def read(self, offset: int, size: int) -> int:
        """Read a register."""
        machine = self._machine
        nvic = machine.nvic
        if 0x400 <= offset < 0x400 + nvic.interrupts:
            return self._read_priorities(FIRST_INTERRUPT + offset - 0x400, size)
        if 0xD18 <= offset < 0xD24:
            return self._read_priorities(4 + offset - 0xD18, size)
        if size != 4 or offset % 4:
            raise BusError(f"SCS: register 0x{offset:03x} is accessed with {size} byte(s), not as a word")
        if 0x100 <= offset < 0x400:
            return self._read_interrupt_bits(offset)
        simple = {
            0x004: (nvic.interrupts - 1) // 32,
            0x014: machine.systick.read_reload(),
            0xD00: _CPUID_CORTEX_M4_R0P1,
            0xD08: self.vector_table,
            0xD0C: _AIRCR_READ_KEY << 16,
            0xD10: _SEVONPEND if self.send_event_on_pending else 0,
            0xD14: _CCR_STKALIGN,
            0xD24: 0,  # SHCSR: no configurable fault is enabled
            0xD28: 0,  # CFSR, HFSR, MMFAR, BFAR: faults end the run, so firmware never sees one
            0xD2C: 0,
            0xD34: 0,
            0xD38: 0,
            0xD88: self._cpacr,
            0xDFC: self._demcr,
            0xF34: _FPCCR_RESET,
        }
        if offset in simple:
            return simple[offset]
        if offset == 0x010:
            return machine.systick.read_control()
        if offset == 0x018:
            return machine.systick.read_value()
        if offset == 0xD04:
            return self._read_interrupt_state()
        raise BusError(f"SCS: register 0x{offset:03x} is read, which is not modelled")

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register."""
        machine = self._machine
        nvic = machine.nvic
        if 0x400 <= offset < 0x400 + nvic.interrupts:
            self._write_priorities(FIRST_INTERRUPT + offset - 0x400, size, value)
        elif 0xD18 <= offset < 0xD24:
            self._write_priorities(4 + offset - 0xD18, size, value)
        elif size != 4 or offset % 4:
            raise BusError(f"SCS: register 0x{offset:03x} is accessed with {size} byte(s), not as a word")
        elif 0x100 <= offset < 0x300:
            self._write_interrupt_bits(offset, value)
        elif offset == 0x010:
            machine.systick.write_control(value)
        elif offset == 0x014:
            machine.systick.write_reload(value)
        elif offset == 0x018:
            machine.systick.write_value(value)
        elif offset == 0xD04:
            self._write_interrupt_state(value)
        elif offset == 0xD08:
            self._write_vector_table(value)
        elif offset == 0xD0C:
            self._write_aircr(value)
        elif offset == 0xD10:
            self._expect(offset, value, 0, allowed=_SEVONPEND)
            self.send_event_on_pending = bool(value & _SEVONPEND)
        elif offset == 0xD14:
            self._expect(offset, value, _CCR_STKALIGN, allowed=0)
        elif offset == 0xD28:
            pass  # writing ones clears fault bits that are never set
        elif offset == 0xD88:
            self._cpacr = value & _FPU_ACCESS
            machine.hook.state.fpu_on = int(self._cpacr == _FPU_ACCESS)
        elif offset == 0xDFC:
            self._expect(offset, value, 0, allowed=_TRCENA)
            self._demcr = value
            self.trace_enabled = bool(value & _TRCENA)
        elif offset == 0xF34:
            self._expect(offset, value, _FPCCR_RESET, allowed=0)
        else:
            raise BusError(f"SCS: register 0x{offset:03x} is written (0x{value:x}), which is not modelled")
        machine.look_again()

    def _expect(self, offset: int, value: int, required: int, *, allowed: int) -> None:
        if value & ~allowed != required:
            raise BusError(f"SCS: register 0x{offset:03x} is written with 0x{value:x}, which is not modelled")

    def _write_vector_table(self, value: int) -> None:
        # B3.2.5: aligned to the table's size rounded up to a power of 2, and at least to 128 bytes.
        entries = FIRST_INTERRUPT + self._machine.nvic.interrupts
        alignment = max(128, 1 << (4 * entries - 1).bit_length())
        if value % alignment:
            raise BusError(f"SCS: VTOR 0x{value:08x} is not aligned to the {alignment} bytes of the vector table")
        self.vector_table = value

    def _write_aircr(self, value: int) -> None:
        if value >> 16 != _AIRCR_KEY:
            raise BusError(f"SCS: AIRCR is written without its key (0x{value:08x})")
        if value & 0xFFFF == _SYSRESETREQ:
            self._machine.request_reset()
        elif value & 0xFFFF:
            raise BusError(f"SCS: AIRCR is written with 0x{value:08x}, which is not modelled")

    def _read_interrupt_state(self) -> int:
        nvic = self._machine.nvic
        value = nvic.active[-1] if nvic.active else 0
        pending = nvic.most_urgent()
        if pending is not None:
            value |= pending << 12
        if nvic.pending >> FIRST_INTERRUPT:
            value |= 1 << 22
        if len(nvic.active) <= 1:
            value |= 1 << 11  # RETTOBASE
        if nvic.pending & (1 << SYSTICK):
            value |= _PENDSTSET
        if nvic.pending & (1 << PENDSV):
            value |= _PENDSVSET
        return value

    def _write_interrupt_state(self, value: int) -> None:
        nvic = self._machine.nvic
        if value & _NMIPENDSET:
            nvic.set_pending(2)
        if value & _PENDSVSET:
            nvic.set_pending(PENDSV)
        if value & _PENDSVCLR:
            nvic.clear_pending(PENDSV)
        if value & _PENDSTSET:
            nvic.set_pending(SYSTICK)
        if value & _PENDSTCLR:
            nvic.clear_pending(SYSTICK)

    def _interrupts_of(self, offset: int) -> range:
        first = (offset & 0x7F) * 8
        return range(first, min(first + 32, self._machine.nvic.interrupts))

    def _read_interrupt_bits(self, offset: int) -> int:
        nvic = self._machine.nvic
        active = sum(1 << e for e in nvic.active)
        source = {0x100: nvic.enabled, 0x180: nvic.enabled, 0x200: nvic.pending, 0x280: nvic.pending, 0x300: active}
        bits = source.get(offset & 0x780)
        if bits is None:
            raise BusError(f"SCS: register 0x{offset:03x} is read, which is not modelled")
        return sum(1 << (n & 31) for n in self._interrupts_of(offset) if bits >> (FIRST_INTERRUPT + n) & 1)

    def _write_interrupt_bits(self, offset: int, value: int) -> None:
        nvic = self._machine.nvic
        for n in self._interrupts_of(offset):
            if not value >> (n & 31) & 1:
                continue
            exception = FIRST_INTERRUPT + n
            kind = offset & 0x780
            if kind == 0x100:
                nvic.enabled |= 1 << exception
            elif kind == 0x180:
                nvic.enabled &= ~(1 << exception)
            elif kind == 0x200:
                nvic.set_pending(exception)
            else:
                nvic.clear_pending(exception)

    def _read_priorities(self, exception: int, size: int) -> int:
        nvic = self._machine.nvic
        return sum(nvic.priority(exception + n) << (8 * n) for n in range(size))

    def _write_priorities(self, exception: int, size: int, value: int) -> None:
        for n in range(size):
            self._machine.nvic.set_priority(exception + n, value >> (8 * n) & 0xFF)
