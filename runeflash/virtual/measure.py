"""Running a bare program on the emulated Cortex-M4F: put data into its variables, run main, read variables back.

The program is linked with ``targets/measure/`` (start-up and linker script). What it needs of a chip is nothing: there
is no peripheral, and main's end is the end. Used to measure what depends on the core's layout of data, to the byte,
and to run generated kernels as the device does.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from runeflash.elf_symbols import Symbol, symbols_of
from runeflash.errors import DeviceError, InternalError
from runeflash.virtual.machine import Machine, Passage, Region, StopReason

# As in targets/measure/measure.ld.
_FLASH = Region(base=0, size=16 << 20, writable=False)
_RAM = Region(base=0x20000000, size=32 << 20, writable=True)
_NOT_MAIN = 2  # the first mark's store and the branch with link


@dataclass(frozen=True)
class ProgramResult:
    """What a program did.

    Attributes:
        outputs: the bytes of each variable that was asked for.
        instructions: what main executed, with all that it called.
        counts: with ``profile``, how often each instruction was executed, by address.
        passages: the executions of watched instructions.
    """

    outputs: Mapping[str, bytes]
    instructions: int
    counts: Mapping[int, int]
    passages: tuple[Passage, ...]


def run_program(
    elf: bytes | Path,
    inputs: Mapping[str, bytes],
    outputs: Mapping[str, int],
    *,
    max_instructions: int = 2_000_000_000,
    profile: bool = False,
    watch: Sequence[int] = (),
) -> ProgramResult:
    """Run a program to the end of its main.

    Args:
        elf: the ELF file, or where it lies.
        inputs: the bytes that are put into variables, by symbol, before it starts.
        outputs: the variables that are read back, by symbol, with their sizes in bytes.
        max_instructions: after so many the program is given up.
        profile: count every instruction's executions.
        watch: addresses of functions whose beginnings and ends are noted.

    Raises:
        InternalError: the file is not such a program, has no such symbol, or the data are larger than the variable.
        VirtualFault: the program did what a Cortex-M4F would fault on.
        DeviceError: it did not end within ``max_instructions``.
    """
    machine = Machine(flash=_FLASH, ram=_RAM, interrupts=1, priority_bits=8, profile=profile, allow_breakpoint=True)
    machine.power_up()
    try:
        file = ELFFile(io.BytesIO(elf if isinstance(elf, bytes) else elf.read_bytes()))
        for segment in file.iter_segments("PT_LOAD"):
            if segment["p_filesz"]:
                machine.write_memory(segment["p_vaddr"], segment.data())
        symbols = symbols_of(file)
    except ELFError as error:
        raise InternalError(f"the program to measure is not an ELF file ({error})") from error
    if not symbols:
        raise InternalError("the program to measure has no symbols")
    for name, data in inputs.items():
        machine.write_memory(_find(symbols, name, len(data)), data)
    places = {name: _find(symbols, name, size) for name, size in outputs.items()}
    for address in watch:
        machine.watch(address, and_return=True)
    machine.reset_core(_FLASH.base)
    reason = machine.run(max_instructions)
    if reason is not StopReason.BREAKPOINT:
        raise DeviceError(f"the program to measure did not end within {max_instructions:,} instructions")
    begin, end = (stimulus.instructions for stimulus in machine.stimuli if stimulus.port == 0)
    return ProgramResult(
        outputs={name: machine.read_memory(place, outputs[name]) for name, place in places.items()},
        instructions=end - begin - _NOT_MAIN,
        counts=machine.counts(),
        passages=tuple(machine.passages),
    )


def _find(symbols: Sequence[Symbol], name: str, size: int) -> int:
    found = [symbol for symbol in symbols if symbol.name == name and symbol.section is not None]
    if len(found) != 1:
        raise InternalError(f"the program to measure has {len(found)} symbols called {name}")
    (symbol,) = found
    if size > symbol.size:
        raise InternalError(f"{name} has {symbol.size} bytes in the program to measure, not {size}")
    return symbol.value
