"""A Cortex-M4F with memory, exceptions, virtual time and a bus for a chip's peripherals; the same for every chip.

Time is counted in cycles of the core clock: executed instructions, plus the cycles that the core slept.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from unicorn import arm_const as arm
from unicorn import unicorn_const as constants
from unicorn.unicorn_py3.unicorn import Uc, UcError

from runeflash.virtual.bus import PAGE, Bus, BusError, Peripheral
from runeflash.virtual.core import Core
from runeflash.virtual.events import Event, EventQueue
from runeflash.virtual.faults import VirtualFault
from runeflash.virtual.hook import InstructionHook, Stop
from runeflash.virtual.itm import Itm
from runeflash.virtual.nvic import FIRST_INTERRUPT, SVCALL, Nvic
from runeflash.virtual.system_control import SystemControl
from runeflash.virtual.systick import SysTick

_NEVER = (1 << 64) - 1
_NO_END = 0xFFFFFFFE  # an address that is never executed: only the hook ends a slice
_INTERRUPT_SVC, _INTERRUPT_BREAKPOINT, _INTERRUPT_EXCEPTION_RETURN = 2, 7, 8  # the emulator's numbers
_INVALID_ACCESS = {
    constants.UC_MEM_READ_UNMAPPED: "reads where there is no memory",
    constants.UC_MEM_WRITE_UNMAPPED: "writes where there is no memory",
    constants.UC_MEM_FETCH_UNMAPPED: "jumps to where there is no memory",
    constants.UC_MEM_WRITE_PROT: "writes to flash",
    constants.UC_MEM_READ_PROT: "reads what cannot be read",
    constants.UC_MEM_FETCH_PROT: "executes what is not executable",
}
_BELOW = 1 << 16  # an access so close to a stack at the bottom of RAM is the stack's overflow
_PERIPHERAL_SPACE = range(0x40000000, 0x60000000)


def _below(region: Region) -> range:
    return range(region.base - _BELOW, region.base)


class StopReason(enum.Enum):
    """Why :meth:`Machine.run` came back."""

    BUDGET = "budget"  # the instructions were executed
    TIME = "time"  # the virtual time has come
    REQUEST = "request"  # a model asked for it, such as a serial line that was completed
    ASLEEP = "asleep"  # the core sleeps, and nothing is scheduled that could wake it
    BREAKPOINT = "breakpoint"  # BKPT, where the machine was told to allow it


@dataclass(frozen=True)
class Region:
    """Real memory. Flash is read and executed; RAM is written too."""

    base: int
    size: int
    writable: bool


@dataclass(frozen=True)
class StimulusWrite:
    """A write to an ITM stimulus port, with the instructions and cycles before it; with ``profile`` also how often each
    instruction had been executed.
    """

    port: int
    value: int
    instructions: int
    cycles: int
    counts: Mapping[int, int]


@dataclass(frozen=True)
class Passage:
    """The execution of a watched instruction, with what was executed before it; where it is the first of a function
    whose return is watched too, also the address that this call returns to.
    """

    address: int
    instructions: int
    counts: Mapping[int, int]
    returns_to: int | None = None


@dataclass(frozen=True)
class Write:
    """A write to a watched word, with what was executed up to it, the instruction that wrote included."""

    value: int
    instructions: int
    counts: Mapping[int, int]


class Machine:
    """The machine. A chip attaches its peripherals to ``bus``, then calls :meth:`power_up` once.

    Args:
        flash: where the code lies; also what ``profile`` counts.
        ram: memory that may be written, and reached by DMA.
        interrupts: the chip's external interrupts.
        priority_bits: of its NVIC.
        profile: count the executions of every instruction in flash (:meth:`counts`).
        allow_breakpoint: BKPT ends :meth:`run` rather than being a fault.
    """

    def __init__(
        self,
        *,
        flash: Region,
        ram: Region,
        interrupts: int,
        priority_bits: int,
        profile: bool = False,
        allow_breakpoint: bool = False,
    ) -> None:
        self.flash = flash
        self.ram = ram
        self.nvic = Nvic(interrupts, priority_bits)
        self.nvic.on_pending = self._became_pending
        self.bus = Bus()
        self.systick = SysTick(self)
        self.control = SystemControl(self)
        self._itm = Itm(self._stimulus, lambda: self.control.trace_enabled)
        self.detach_peripherals()
        self.stimuli: list[StimulusWrite] = []
        self.passages: list[Passage] = []
        self.writes: list[Write] = []
        self.on_reset: Callable[[], None] = self._no_reset
        self._events = EventQueue()
        self._slept = 0
        self._event_time: int | None = None  # while an event's action runs
        self._sleeping: Stop | None = None
        self._event_register = False
        self._stop_requested = False
        self._reset_requested = False
        self._fault: VirtualFault | None = None
        self._error: Exception | None = None
        self._error_pc = 0
        self._error_address = 0
        self._interrupt: int | None = None
        self._invalid: tuple[int, int] | None = None
        self._allow_breakpoint = allow_breakpoint
        self._in_slice = False

        engine: Any = Uc(constants.UC_ARCH_ARM, constants.UC_MODE_THUMB | constants.UC_MODE_MCLASS)
        engine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        self._engine = engine
        for region in (flash, ram):
            engine.mem_map(
                region.base,
                -(-region.size // PAGE) * PAGE,
                constants.UC_PROT_ALL if region.writable else constants.UC_PROT_READ | constants.UC_PROT_EXEC,
            )
        engine.hook_add(constants.UC_HOOK_INTR, self._on_interrupt)
        engine.hook_add(constants.UC_HOOK_MEM_INVALID, self._on_invalid)
        self.hook = InstructionHook(engine, flash.base, flash.size, profile=profile)
        self.core = Core(engine, self.hook.state)

    # -- building

    def attach(self, peripheral: Peripheral) -> None:
        """Attach a chip's peripheral to the bus."""
        self.bus.attach(peripheral)

    def detach_peripherals(self) -> None:
        """Detach all peripherals but the core's own; a chip that is reset attaches new ones at the same addresses."""
        self.bus.clear()
        self.bus.attach(self.control)
        self.bus.attach(self._itm)

    def power_up(self) -> None:
        """Map the pages of all attached peripherals; no other page can be attached to after this."""
        for page in self.bus.pages:
            self._engine.mmio_map(page, PAGE, self._on_read, page, self._on_write, page)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory from outside, flash too, as a debugger would."""
        self._engine.mem_write(address, data)
        if address < self.flash.base + self.flash.size:
            self.hook.forget_code()
            self._engine.ctl_remove_cache(self.flash.base, self.flash.base + self.flash.size)

    def read_memory(self, address: int, size: int) -> bytes:
        """Read memory from outside."""
        return bytes(self._engine.mem_read(address, size))

    # -- what models use

    @property
    def instructions(self) -> int:
        """Instructions executed since the start."""
        return self.hook.state.executed

    @property
    def now(self) -> int:
        """Virtual time in cycles; while an event's action runs, the event's time."""
        if self._event_time is not None:
            return self._event_time
        return self.hook.state.executed + self._slept

    def schedule(self, time: int, action: Callable[[], None]) -> Event:
        """Let ``action`` happen at a time."""
        if self._in_slice:  # the running slice must end in time for it
            state = self.hook.state
            state.limit = min(state.limit, state.executed + max(0, time - self.now))
        return self._events.add(time, action)

    def set_interrupt_line(self, interrupt: int, level: bool) -> None:
        """Set the level of an interrupt's line."""
        self.nvic.set_line(FIRST_INTERRUPT + interrupt, level)

    def look_again(self) -> None:
        """End the running slice after this instruction: something about exceptions has changed."""
        if self._in_slice:
            self.hook.state.limit = 0

    def request_stop(self) -> None:
        """Let :meth:`run` come back before the next instruction."""
        self._stop_requested = True
        self.look_again()

    def request_reset(self) -> None:
        """Reset the chip before the next instruction."""
        self._reset_requested = True
        self.look_again()

    def dma_read(self, who: str, address: int, size: int) -> bytes:
        """Read RAM for a peripheral.

        Raises:
            BusError: the bytes do not all lie in RAM.
        """
        self._check_dma(who, address, size)
        return self.read_memory(address, size)

    def dma_write(self, who: str, address: int, data: bytes) -> None:
        """Write RAM for a peripheral.

        Raises:
            BusError: the bytes do not all lie in RAM.
        """
        self._check_dma(who, address, len(data))
        self._engine.mem_write(address, data)

    def check_dma(self, who: str, address: int, size: int) -> None:
        """Check a transfer before it begins.

        Raises:
            BusError: the bytes do not all lie in RAM.
        """
        self._check_dma(who, address, size)

    def _check_dma(self, who: str, address: int, size: int) -> None:
        if address < self.ram.base or address + size > self.ram.base + self.ram.size:
            raise BusError(f"{who}: DMA of {size} bytes at 0x{address:08x} does not lie in RAM")

    def _became_pending(self) -> None:
        if self.control.send_event_on_pending:
            self._event_register = True
        self.look_again()

    # -- resetting

    def reset_core(self, vector_table: int) -> None:
        """Reset the core and start at a vector table, as reset or a bootloader's jump does. RAM keeps its bytes."""
        self.nvic.reset()
        self.systick.reset()
        self.control.reset()
        self.control.vector_table = vector_table
        self._events.clear()
        self._sleeping = None
        self._event_register = False
        sp, pc = (int.from_bytes(self.read_memory(vector_table + n, 4), "little") for n in (0, 4))
        if not pc & 1:
            self._fail(f"the reset vector 0x{pc:08x} is no Thumb address", pc=vector_table)
        self.core.reset(sp, pc)

    def _no_reset(self) -> None:
        raise BusError("a reset is requested, which this machine does not have")

    # -- watching

    def watch(self, address: int, *, and_return: bool = False) -> None:
        """Note every execution of the instruction at an address in ``passages``.

        Args:
            address: of an instruction.
            and_return: it is a function's first; the instruction to which it returns is watched too, from then on.
        """
        watched = {address}

        def pass_by(_engine: Any, at: int, _size: int, _data: object) -> None:
            if self.hook.state.stop != Stop.NONE:
                return  # the hook has ended the slice before this instruction: it will come again
            entered = and_return and at == address
            back = self.core.return_address if entered else None
            self.passages.append(Passage(at, self.instructions - 1, self.counts(), back))
            if back is not None and back not in watched:
                watched.add(back)
                self._engine.hook_add(constants.UC_HOOK_CODE, pass_by, None, back, back)

        self._engine.hook_add(constants.UC_HOOK_CODE, pass_by, None, address, address)

    def watch_word(self, address: int, *, points_to_it: bool = False) -> None:
        """Note every write to a word of RAM in ``writes``.

        Args:
            address: of the word, or of a pointer to it.
            points_to_it: it is a pointer's; what that points to is watched from when it is written on.
        """
        followed: set[int] = set()

        def written(_engine: Any, _access: int, at: int, _size: int, value: int, follow: bool) -> None:
            value &= 0xFFFFFFFF
            if not follow:
                self.writes.append(Write(value, self.instructions, self.counts()))
            elif value not in (0, *followed):
                followed.add(value)
                self._engine.hook_add(constants.UC_HOOK_MEM_WRITE, written, False, value, value)

        self._engine.hook_add(constants.UC_HOOK_MEM_WRITE, written, points_to_it, address, address)

    # -- running

    def run(self, max_instructions: int, *, until: int | None = None) -> StopReason:
        """Execute until ``max_instructions`` more are done, or the virtual time ``until`` (cycles) has come, or a
        model asks for a stop, or nothing can wake the core any more.

        Raises:
            VirtualFault: the firmware did what it must not; every later run raises it again.
        """
        if self._fault is not None:
            raise self._fault
        try:
            return self._run(self.instructions + max_instructions, until)
        except VirtualFault as fault:
            self._fault = fault
            raise
        except BusError as error:
            self._fault = VirtualFault(str(error), pc=self.core.pc & ~1)
            raise self._fault from None

    def counts(self) -> dict[int, int]:
        """Return how often each instruction was executed, by its address; empty without ``profile``."""
        return self.hook.counts()

    def _run(self, end: int, until: int | None) -> StopReason:
        state = self.hook.state
        self._stop_requested = False
        while True:
            self._run_events()
            if self._reset_requested:
                self._reset_requested = False
                self.on_reset()
                continue
            if self._stop_requested:
                return StopReason.REQUEST
            if until is not None and self.now >= until:
                return StopReason.TIME
            if state.executed >= end:
                return StopReason.BUDGET
            candidate = self._take_exception()
            next_event = self._events.next_time()
            if self._sleeping is not None:
                if not self._wakes(candidate):
                    wake = next_event if until is None or (next_event or _NEVER) < until else until
                    if wake is None:
                        return StopReason.ASLEEP
                    self._slept += max(0, wake - self.now)
                    continue
                self._sleeping = None
            horizon = min(next_event if next_event is not None else _NEVER, until if until is not None else _NEVER)
            state.limit = min(end, state.executed + max(0, horizon - self.now))
            state.attention = int(self.nvic.pending & self.nvic.enabled != 0)
            if self._slice():
                return StopReason.BREAKPOINT

    def _run_events(self) -> None:
        """Run the actions of all events whose time has come."""
        while (event := self._events.pop_due(self.now)) is not None:
            self._event_time = event.time
            try:
                event.action()
            finally:
                self._event_time = None

    def _take_exception(self) -> int | None:
        """Enter the most urgent pending exception if it beats what runs; else return it."""
        candidate = self.nvic.most_urgent()
        if candidate is None:
            return None
        if self.nvic.priority(candidate) >= self.nvic.execution_priority(*self.core.masks()):
            return candidate
        self._enter(candidate)
        return None

    def _enter(self, exception: int) -> None:
        vector = self.control.vector_table + 4 * exception
        try:
            handler = int.from_bytes(self.read_memory(vector, 4), "little")
        except UcError:
            self._fail(f"the vector of exception {exception} does not lie in memory", address=vector)
        self.core.enter(exception, handler, nested=bool(self.nvic.active))
        self.nvic.enter(exception)
        self._sleeping = None
        self._event_register = True

    def _wakes(self, candidate: int | None) -> bool:
        """Whether a sleeping core wakes: by an exception that only PRIMASK holds off, or (WFE) by an event."""
        if self._sleeping is Stop.WAIT_FOR_EVENT and self._event_register:
            self._event_register = False
            return True
        if candidate is None:
            return False
        _, basepri, faultmask = self.core.masks()
        return self.nvic.priority(candidate) < self.nvic.execution_priority(0, basepri, faultmask)

    def _slice(self) -> bool:
        """Run the core until the hook stops it. Return whether it met an allowed breakpoint."""
        state = self.hook.state
        state.stop = Stop.NONE
        self._interrupt = None
        self._invalid = None
        self._in_slice = True
        failure: UcError | None = None
        try:
            self._engine.emu_start(self.core.pc | 1, _NO_END)
        except UcError as error:
            failure = error
        finally:
            self._in_slice = False
        if self._error is not None:
            kept, self._error = self._error, None
            if isinstance(kept, BusError):
                self._fail(str(kept), pc=self._error_pc, address=self._error_address)
            raise kept
        if failure is not None:
            self._explain(failure)
        if self._interrupt is not None:
            return self._deliver(self._interrupt)
        self._after_stop(Stop(state.stop))
        return False

    def _deliver(self, interrupt: int) -> bool:
        """Deal with what the emulator calls an interrupt: an exception return, SVC or BKPT."""
        if interrupt == _INTERRUPT_EXCEPTION_RETURN:
            exc_return = self.core.pc & ~1
            if not self.nvic.active:
                self._fail(f"jumps to 0x{exc_return | 1:08x} outside of any exception", pc=self.hook.state.address)
            self.nvic.leave()
            self.core.leave(exc_return, nested=bool(self.nvic.active))
            self._event_register = True
            return False
        if interrupt == _INTERRUPT_SVC:
            self.nvic.set_pending(SVCALL)
            if self.nvic.priority(SVCALL) >= self.nvic.execution_priority(*self.core.masks()):
                self._fail("SVC is executed where it cannot be taken", pc=self.hook.state.address)
            return False
        if interrupt == _INTERRUPT_BREAKPOINT and self._allow_breakpoint:
            return True
        what = "meets a breakpoint instruction" if interrupt == _INTERRUPT_BREAKPOINT else f"trap {interrupt}"
        raise VirtualFault(what, pc=self.core.pc & ~1)

    def _after_stop(self, stop: Stop) -> None:
        state = self.hook.state
        if stop in (Stop.WAIT_FOR_INTERRUPT, Stop.WAIT_FOR_EVENT, Stop.SEND_EVENT):
            self.core.pc = state.address + state.size
            if stop is Stop.SEND_EVENT:
                self._event_register = True
            else:
                self._sleeping = stop
        elif stop is Stop.UNALIGNED:
            self._fail("loads or stores words at an unaligned address", pc=state.address, address=state.base)
        elif stop is Stop.FPU_OFF:
            self._fail("uses the FPU while it is off (CPACR)", pc=state.address)
        elif stop is Stop.UNSUPPORTED:
            self._fail("executes an instruction that is not modelled", pc=state.address)

    # -- called by the emulator

    def _on_interrupt(self, engine: Any, number: int, _data: object) -> None:
        self._interrupt = number
        engine.emu_stop()

    def _on_invalid(self, _engine: Any, access: int, address: int, _size: int, _value: int, _data: object) -> bool:
        self._invalid = (access, address)
        return False

    def _on_read(self, _engine: Any, offset: int, size: int, page: int) -> int:
        try:
            return self.bus.read(page + offset, size)
        except Exception as error:
            self._keep(error, page + offset)
            return 0

    def _on_write(self, _engine: Any, offset: int, size: int, value: int, page: int) -> None:
        try:
            self.bus.write(page + offset, size, value)
        except Exception as error:
            self._keep(error, page + offset)

    def _keep(self, error: Exception, address: int) -> None:
        """Keep an error until the emulator has come back; it cannot pass through it."""
        if self._error is None:
            self._error = error
            self._error_pc = self.hook.state.address
            self._error_address = address
        self.hook.state.limit = 0

    def _stimulus(self, port: int, value: int) -> None:
        # The write itself is not counted before it.
        self.stimuli.append(StimulusWrite(port, value, self.instructions - 1, self.now - 1, self.counts()))

    # -- faults

    def _explain(self, error: UcError) -> NoReturn:
        pc = self.hook.state.address
        if self._invalid is not None:
            access, address = self._invalid
            what = _INVALID_ACCESS.get(access, "accesses memory wrongly")
            if address in _PERIPHERAL_SPACE:
                what = "uses a peripheral that is not modelled"
            elif address in _below(self.ram) and self.core.sp < self.ram.base + _BELOW:
                what = "overflows the stack"
            self._fail(what, pc=pc, address=address)
        if error.errno in (constants.UC_ERR_INSN_INVALID, constants.UC_ERR_EXCEPTION):
            self._fail("executes an undefined instruction", pc=pc)
        self._fail(f"stops the emulator ({error})", pc=pc)

    def _fail(self, what: str, *, pc: int | None = None, address: int | None = None) -> NoReturn:
        raise VirtualFault(what, pc=self.core.pc & ~1 if pc is None else pc, address=address)
