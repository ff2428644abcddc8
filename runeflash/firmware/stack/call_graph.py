"""The deepest way down from a function: its own frame and those of whatever it calls.

Calls through pointers are followed to the functions that the caller's source file may find there: the tables in the
image that it reads them from, named below. A pointer that is not listed is an error, and so is recursion.
"""

from __future__ import annotations

import fnmatch
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from elftools.elf.elffile import ELFFile

from runeflash.elf_symbols import symbols_of
from runeflash.errors import InternalError, UserError
from runeflash.firmware.stack.frames import Code, Function

#: Source file to the symbols in whose data it finds the functions that it calls through pointers; a name that is a
#: function's stands for itself.
POINTERS: Mapping[str, tuple[str, ...]] = {
    "rune_json": ("rune_board_self",),
    "rune_profile": ("rune_board_self",),
    "rune_line": ("rune_board_self",),
    "rune_output_tensor": ("rune_board_self", "rune_image_self"),
    "rune_stream": ("rune_board_self",),
    "rune_host": ("rune_board_self", "rune_stream_drivers", "drivers", "model_[0-9]*"),
    "rune_runtime": ("rune_board_self", "model_[0-9]*"),
    "rune_aot_protect": ("rune_aot_manifest", "rune_aot_call"),
    "rune_code": ("table",),
    "rune_aot_manifest": ("table",),
    "rune_aot_call": ("table",),
}

#: A rune's functions, compiled ahead of time (firmware/aot.py); compilers add an ending to the name of a copy.
_OF_A_RUNE = re.compile(r"function_\d+(\.|$)")


@dataclass(frozen=True)
class Depth:
    """The deepest way down.

    Attributes:
        bytes: of the stack, the function's own frame included.
        path: the names of the functions on the way.
    """

    bytes: int
    path: tuple[str, ...]


@dataclass
class CallGraph:
    """The functions of an image, and what each may call.

    Attributes:
        code: the functions.
        files: source file, without its ending, of the functions that only it can name, by address.
        tables: data symbol to the functions whose addresses lie in it.
        leaves: functions below which nothing is followed, by name, with the bytes to take for them.
    """

    code: Code
    files: Mapping[int, str]
    tables: Mapping[str, frozenset[int]]
    leaves: Mapping[str, Depth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._depths: dict[int, Depth] = {}
        self._on_path: list[int] = []

    def depth(self, address: int) -> Depth:
        """Return the deepest way down from the function at an address.

        Raises:
            UserError: it is a rune's, compiled ahead of time, and calls itself.
            InternalError: it has no bound that is known.
        """
        function = self.code.at(address)
        if function is None:
            raise InternalError(f"a function calls 0x{address:x}, where there is none")
        # Whoever jumps into the middle of a function takes at most what it does from its beginning.
        address = function.address
        if address in self._depths:
            return self._depths[address]
        if function.name in self.leaves:
            return self.leaves[function.name]
        if address in self._on_path:
            names = [self.code.functions[a].name for a in self._on_path[self._on_path.index(address) :]]
            if all(_OF_A_RUNE.match(name) for name in names):
                raise UserError(
                    "the rune calls itself, so the C stack that it needs has no bound",
                    hint="write the recursion as a loop",
                )
            raise InternalError(f"the C stack has no bound: {' calls '.join((*names, function.name))}")
        if function.problem is not None:
            raise InternalError(f"the C stack of {function.name} is not known: it {function.problem}")
        self._on_path.append(address)
        best = Depth(function.frame, ())
        for target, taken in self._edges(function):
            below = self.depth(target)
            if taken + below.bytes > best.bytes or (taken + below.bytes == best.bytes and not best.path):
                best = Depth(taken + below.bytes, below.path)
        self._on_path.pop()
        self._depths[address] = Depth(best.bytes, (function.name, *best.path))
        return self._depths[address]

    def named(self, name: str) -> Depth:
        """Return the deepest way down from a function by its name."""
        if name not in self.code.addresses:
            raise InternalError(f"the image has no function {name}")
        return self.depth(self.code.addresses[name])

    def below(self, name: str) -> Depth:
        """Return the deepest way down from what a function calls; its own frame may be of any size.

        So the function that sets up the stack is looked at: nothing is on it before.
        """
        function = self.code.named(name)
        if function is None:
            raise InternalError(f"the image has no function {name}")
        return max((self.depth(target) for target, _ in self._edges(function)), key=lambda depth: depth.bytes)

    def way_to(self, start: str, target: str) -> int:
        """Return the most bytes that are taken when one function is entered on a way from another, by their names.

        Raises:
            InternalError: no way leads there.
        """
        goal = self.code.addresses.get(target)
        known: dict[int, int | None] = {}

        def taken(address: int) -> int | None:
            if address == goal:
                return 0
            if address not in known:
                known[address] = None  # recursion has been excluded by `depth`
                function = self.code.at(address)
                if function is not None and function.name not in self.leaves:
                    ways = [(before, taken(callee)) for callee, before in self._edges(function)]
                    known[address] = max((before + below for before, below in ways if below is not None), default=None)
            return known[address]

        found = taken(self.code.addresses[start])
        if found is None:
            raise InternalError(f"no way leads from {start} to {target}")
        return found

    def _edges(self, function: Function) -> list[tuple[int, int]]:
        """Return the functions that a function may go on to, with the bytes of its own that are taken then."""
        edges = [*function.calls.items(), *function.jumps.items()]
        if function.indirect_calls or function.indirect_jumps:
            edges += [(target, function.frame) for target in sorted(self._pointed_at(function))]
        return edges

    def _pointed_at(self, function: Function) -> frozenset[int]:
        file = self.files.get(function.address) or _file_by_name(function.name)
        if file not in POINTERS:
            raise InternalError(f"{function.name} calls through a pointer, and nothing says where to")
        found: set[int] = set()
        for pattern in POINTERS[file]:
            for name, targets in self.tables.items():
                if fnmatch.fnmatchcase(name, pattern):
                    found |= targets
            if pattern in self.code.addresses:
                found.add(self.code.addresses[pattern])
        return frozenset(found)


def _file_by_name(name: str) -> str:
    """Return the file that a global function of the runtime is in: its name begins with it."""
    return max((file for file in POINTERS if name.startswith(file)), key=len, default="")


def read_call_graph(path: Path, code: Code, leaves: Mapping[str, Depth]) -> CallGraph:
    """Return the call graph of an ELF file whose functions have been read."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        sections = [(section["sh_addr"], section["sh_type"], section.data) for section in elf.iter_sections()]
        files: dict[int, str] = {}
        tables: dict[str, set[int]] = {}
        current = ""
        for symbol in symbols_of(elf):
            if symbol.is_file:
                current = Path(symbol.name).stem
            elif symbol.is_local and symbol.is_function:
                files[symbol.address] = current
            elif symbol.is_object and symbol.size >= 4 and symbol.section is not None:
                base, section_kind, data = sections[symbol.section]
                if section_kind == "SHT_PROGBITS":
                    start = symbol.value - base
                    content = data()[start : start + symbol.size]
                    words = struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])
                    pointers = {word & ~1 for word in words if word & 1 and word & ~1 in code.functions}
                    if pointers:
                        tables.setdefault(symbol.name, set()).update(pointers)
    return CallGraph(code, files, {name: frozenset(found) for name, found in tables.items()}, leaves)
