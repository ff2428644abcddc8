"""The functions of a linked image: how much of the stack each takes, and what it calls.

The depth of the stack is followed along every way through a function's instructions. What a compiler writes of its
frames (gcc's ``.su`` files, LLVM's ``.stack_sizes``) says the same of what it has compiled; the image says it of all
that was linked, the support library and hand-written assembly included.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

from runeflash.elf_symbols import symbols_of
from runeflash.firmware.stack.thumb import Flow, Step, decode


@dataclass(frozen=True)
class Function:
    """A function of the image.

    Attributes:
        name: the symbol; one of them where several name the same code.
        address: of its first instruction.
        end: of the first byte behind it.
        frame: the most bytes of the stack that it takes itself.
        calls: direct calls, by the callee's address, with the bytes of the stack taken at the call.
        jumps: direct jumps to other functions (tail calls), likewise.
        indirect_calls: whether it calls through a pointer.
        indirect_jumps: whether it jumps through a pointer.
        problem: why the stack that it takes is not known, or None.
    """

    name: str
    address: int
    end: int
    frame: int
    calls: Mapping[int, int]
    jumps: Mapping[int, int]
    indirect_calls: bool
    indirect_jumps: bool
    problem: str | None


@dataclass(frozen=True)
class Code:
    """The functions of an image by address, and the addresses of all of their names."""

    functions: Mapping[int, Function]
    addresses: Mapping[str, int]

    def at(self, address: int) -> Function | None:
        """Return the function that an address lies in: hand-written ones jump into the middle of each other."""
        if address in self.functions:
            return self.functions[address]
        position = bisect.bisect_right(self._starts, address)
        function = self.functions[self._starts[position - 1]] if position else None
        return function if function is not None and address < function.end else None

    @cached_property
    def _starts(self) -> list[int]:
        return sorted(self.functions)

    def named(self, name: str) -> Function | None:
        """Return the function of a name."""
        address = self.addresses.get(name)
        return None if address is None else self.functions.get(address)


def read_code(path: Path) -> Code:
    """Return the functions of an ELF file for a Cortex-M core."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        symbols = symbols_of(elf)
        sections = {
            number: (section["sh_addr"], section.data())
            for number, section in enumerate(elf.iter_sections())
            if section["sh_flags"] & 4  # SHF_EXECINSTR
        }
    # Mapping symbols (ELF for the Arm architecture, 5.5.5).
    marks = [
        sorted({symbol.value for symbol in symbols if symbol.name.startswith(letters)}) for letters in ("$d", "$t")
    ]
    names: dict[int, tuple[str, int, int]] = {}
    addresses: dict[str, int] = {}
    for symbol in symbols:
        if symbol.is_function and symbol.section is not None and symbol.section in sections:
            address = symbol.address
            addresses[symbol.name] = address
            if address not in names or symbol.size > names[address][1]:
                names[address] = symbol.name, symbol.size, symbol.section
    functions = {}
    ordered = sorted(names)
    for position, address in enumerate(ordered):
        name, size, section = names[address]
        base, data = sections[section]
        following = ordered[position + 1] if position + 1 < len(ordered) else base + len(data)
        end = address + size if size else min(following, base + len(data))
        functions[address] = _Walk(name, address, end, _places(address, end, base, data, *marks)).run()
    return Code(functions, addresses)


#: Deeper than any RAM: a way through a function that takes more at every turn of a loop.
_ENDLESS = 1 << 24


@dataclass(frozen=True, slots=True)
class _Place:
    """An instruction, and whether an IT block makes it conditional."""

    step: Step
    is_conditional: bool


def _places(
    address: int, end: int, base: int, data: bytes, data_marks: Sequence[int], code_marks: Sequence[int]
) -> dict[int, _Place]:
    """Return the instructions from an address to another, without the data between them."""
    places: dict[int, _Place] = {}
    data_from, code_from = (
        marks[bisect.bisect_left(marks, address) : bisect.bisect_left(marks, end)] for marks in (data_marks, code_marks)
    )
    conditional = 0
    while address < end:
        if data_from and data_from[0] <= address:
            later = [place for place in code_from if place > data_from[0]]
            address = later[0] if later else end
            data_from = [place for place in data_from if place >= address]
            continue
        offset = address - base
        first, second = struct.unpack("<HH", data[offset : offset + 4].ljust(4, b"\0"))
        step = decode(address, first, second)
        places[address] = _Place(step, conditional > 0)
        conditional = step.conditional if step.conditional else max(conditional - 1, 0)
        address += step.size
    return places


class _Walk:
    """All ways through one function."""

    def __init__(self, name: str, start: int, end: int, places: Mapping[int, _Place]) -> None:
        self._name, self._start, self._end, self._places = name, start, end, places
        self._depths: dict[int, int] = {}
        self._work = [(start, 0)]
        self._tables: list[int] = []
        self._frame = 0
        self._calls: dict[int, int] = {}
        self._jumps: dict[int, int] = {}
        self._indirect_calls = self._indirect_jumps = False
        self._problem: str | None = None

    def run(self) -> Function:
        """Follow them."""
        while self._next():
            address, depth = self._work.pop()
            if depth <= self._depths.get(address, -1):
                continue
            if depth > _ENDLESS:
                self._complain("takes more of the stack at every turn of a loop", address)
                continue
            self._depths[address] = depth
            place = self._places.get(address)
            if place is None:
                self._complain("runs into what is no instruction", address)
            else:
                self._follow(address, depth, place)
        return Function(
            self._name,
            self._start,
            self._end,
            self._frame,
            self._calls,
            self._jumps,
            self._indirect_calls,
            self._indirect_jumps,
            self._problem,
        )

    def _next(self) -> bool:
        if not self._work and self._tables:
            # A table's targets are instructions that nothing else leads to; all have the depth of its branch.
            depth = max(self._tables)
            self._work = [(address, depth) for address in self._places if address not in self._depths][:1]
        return bool(self._work)

    def _complain(self, what: str, address: int) -> None:
        self._problem = self._problem or f"{what} at 0x{address:x}"

    def _follow(self, address: int, depth: int, place: _Place) -> None:
        step = place.step
        if step.unknown:
            self._complain("moves the stack pointer by what is not fixed", address)
        after = max(depth + step.pushed, 0)
        if place.is_conditional:
            after = max(after, depth)
        self._frame = max(self._frame, after)
        following = address + step.size
        goes_on = place.is_conditional
        match step.flow:
            case Flow.NEXT:
                # Behind the call of a function that does not return, padding leads to data.
                goes_on = following in self._places or not step.is_padding
            case Flow.BRANCH | Flow.BRANCH_IF:
                goes_on = goes_on or step.flow is Flow.BRANCH_IF
                self._branch(step.target, after)
            case Flow.CALL:
                if step.target in self._places and step.target != self._start:
                    self._work.append((step.target, after))  # a piece of hand-written code that it calls itself
                else:
                    self._calls[step.target] = max(self._calls.get(step.target, 0), after)
                # Behind the call of a function that does not return may be anything.
                goes_on = following in self._places
            case Flow.INDIRECT_CALL:
                self._indirect_calls = goes_on = True
            case Flow.INDIRECT_JUMP:
                self._indirect_jumps = True
            case Flow.TABLE:
                self._tables.append(after)
            case Flow.RETURN | Flow.STOP:
                pass
        if goes_on:
            self._work.append((following, after))

    def _branch(self, target: int, depth: int) -> None:
        if target in self._places:
            self._work.append((target, depth))
        else:
            self._jumps[target] = max(self._jumps.get(target, 0), depth)
