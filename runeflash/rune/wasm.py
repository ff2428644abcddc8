"""A WebAssembly module as sections and instructions: as much of the binary format as building a rune needs.

Source: WebAssembly Core Specification 2.0, chapter 5 (binary format). Everything that comes
from a file is checked; what does not keep the format raises :class:`WasmError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from runeflash.errors import UserError

HEADER = b"\0asm\x01\0\0\0"

CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT, START, ELEMENT, CODE, DATA, DATA_COUNT = range(13)

PAGE_SIZE = 65536

_I32_CONST, _I64_CONST, _F32_CONST, _F64_CONST = 0x41, 0x42, 0x43, 0x44
_END = 0x0B


class WasmError(UserError):
    """The bytes are not a module that keeps the binary format."""


class Reader:
    """A position in a stretch of bytes; every read is checked against its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.data)

    def byte(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def take(self, length: int) -> bytes:
        """Read ``length`` bytes."""
        if length > len(self.data) - self.position:
            raise WasmError("the wasm module ends in the middle of something")
        piece = self.data[self.position : self.position + length]
        self.position += length
        return piece

    def unsigned(self) -> int:
        """Read an unsigned LEB128 number of at most 32 bits."""
        result = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                if result >= 1 << 32:
                    break
                return result
        raise WasmError("a number in the wasm module has more than 32 bits")

    def signed(self) -> int:
        """Read a signed LEB128 number of at most 64 bits."""
        result = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result - (1 << (shift + 7)) if byte & 0x40 else result
        raise WasmError("a number in the wasm module has more than 64 bits")

    def name(self) -> str:
        """Read a name: a length and UTF-8."""
        try:
            return self.take(self.unsigned()).decode()
        except UnicodeDecodeError as error:
            raise WasmError("a name in the wasm module is not UTF-8") from error


def unsigned(value: int) -> bytes:
    """Return the unsigned LEB128 form of a number."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        if not value:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


@dataclass(frozen=True)
class Section:
    """A section: its number and its payload without the length."""

    id: int
    payload: bytes


@dataclass(frozen=True)
class Import:
    """An import; ``kind`` 0 function, 1 table, 2 memory, 3 global."""

    module: str
    name: str
    kind: int
    type_index: int


@dataclass(frozen=True)
class Export:
    """An export; kinds as in :class:`Import`."""

    name: str
    kind: int
    index: int


@dataclass(frozen=True)
class FunctionType:
    """A function's parameters and results, as the binary format numbers value types (0x7F i32 ... 0x7C f64)."""

    parameters: bytes
    results: bytes


@dataclass(frozen=True)
class Global:
    """A defined global; ``bits`` is its initial value, None where that is no constant of a number type."""

    value_type: int
    mutable: bool
    bits: int | None


@dataclass(frozen=True)
class Instruction:
    """An opcode (prefix 0xFC: 0xFC00 + its number) and its integer immediates."""

    opcode: int
    immediates: tuple[int, ...]


@dataclass(frozen=True)
class Module:
    """A whole module, read section by section as asked."""

    sections: tuple[Section, ...]

    def to_bytes(self) -> bytes:
        """Return the binary form."""
        return HEADER + b"".join(
            bytes([section.id]) + unsigned(len(section.payload)) + section.payload for section in self.sections
        )

    def reader(self, section_id: int) -> Reader | None:
        """Return a reader of the section of that number, or None when there is none."""
        for section in self.sections:
            if section.id == section_id:
                return Reader(section.payload)
        return None

    def custom(self, name: str) -> bytes | None:
        """Return the joined contents of all custom sections of that name, or None when there is none."""
        found = [payload for other, payload in self.custom_sections if other == name]
        return b"".join(found) if found else None

    @cached_property
    def custom_sections(self) -> tuple[tuple[str, bytes], ...]:
        """All custom sections in order: name and content."""
        found = []
        for section in self.sections:
            if section.id == CUSTOM:
                reader = Reader(section.payload)
                name = reader.name()
                found.append((name, section.payload[reader.position :]))
        return tuple(found)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """The imports in order."""
        reader = self.reader(IMPORT)
        return tuple(_import(reader) for _ in range(reader.unsigned())) if reader else ()

    @cached_property
    def exports(self) -> tuple[Export, ...]:
        """The exports in order."""
        reader = self.reader(EXPORT)
        if reader is None:
            return ()
        return tuple(Export(reader.name(), reader.byte(), reader.unsigned()) for _ in range(reader.unsigned()))

    @cached_property
    def imported_functions(self) -> int:
        """How many functions are imported: the index of the first defined one."""
        return sum(item.kind == 0 for item in self.imports)

    @cached_property
    def memory_limits(self) -> tuple[int, int | None] | None:
        """The defined memory's minimum and maximum in pages, or None when there is no memory."""
        reader = self.reader(MEMORY)
        if reader is None or reader.unsigned() == 0:
            return None
        flags = reader.byte()
        minimum = reader.unsigned()
        return minimum, reader.unsigned() if flags & 1 else None

    @cached_property
    def types(self) -> tuple[FunctionType, ...]:
        """The function types in order."""
        reader = self.reader(TYPE)
        return tuple(_function_type(reader) for _ in range(reader.unsigned())) if reader else ()

    @cached_property
    def function_types(self) -> tuple[int, ...]:
        """The type's index of every function, the imported ones first."""
        reader = self.reader(FUNCTION)
        imported = tuple(item.type_index for item in self.imports if item.kind == 0)
        return imported + (tuple(reader.unsigned() for _ in range(reader.unsigned())) if reader else ())

    @cached_property
    def table_size(self) -> int:
        """The initial length of the defined table; 0 when there is none."""
        reader = self.reader(TABLE)
        if reader is None or reader.unsigned() == 0:
            return 0
        reader.take(2)
        return reader.unsigned()

    @cached_property
    def global_values(self) -> tuple[Global, ...]:
        """The defined globals with types and the bits of their initial values."""
        reader = self.reader(GLOBAL)
        return tuple(_global(reader) for _ in range(reader.unsigned())) if reader else ()

    @cached_property
    def globals(self) -> tuple[tuple[bool, int | None], ...]:
        """The defined globals: whether mutable, and the initial value where it is an i32 constant."""
        reader = self.reader(GLOBAL)
        if reader is None:
            return ()
        found = []
        for _ in range(reader.unsigned()):
            reader.byte()
            mutable = reader.byte() == 1
            expression = list(read_instructions(reader))
            value = expression[0].immediates[0] if expression[0].opcode == _I32_CONST else None
            found.append((mutable, value))
        return tuple(found)

    @cached_property
    def bodies(self) -> tuple[tuple[Instruction, ...], ...]:
        """The instructions of every defined function, in order, without the locals."""
        reader = self.reader(CODE)
        if reader is None:
            return ()
        found = []
        for _ in range(reader.unsigned()):
            body = Reader(reader.take(reader.unsigned()))
            for _ in range(body.unsigned()):
                body.unsigned()
                body.byte()
            found.append(tuple(read_instructions(body)))
            if not body.at_end:
                raise WasmError("a function of the wasm module goes on after its end")
        return tuple(found)

    @cached_property
    def element_functions(self) -> frozenset[int]:
        """The functions that tables hold: those an indirect call may reach."""
        reader = self.reader(ELEMENT)
        if reader is None:
            return frozenset()
        found: set[int] = set()
        for _ in range(reader.unsigned()):
            if reader.unsigned() != 0:
                raise WasmError("the wasm module has an element segment of a kind that runeflash does not read")
            list(read_instructions(reader))
            found.update(reader.unsigned() for _ in range(reader.unsigned()))
        return frozenset(found)

    @cached_property
    def elements(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The active element segments of table 0: offset and function indices.

        Raises:
            WasmError: a segment of another kind, or an offset that is no constant.
        """
        reader = self.reader(ELEMENT)
        found = []
        for _ in range(reader.unsigned() if reader else 0):
            assert reader is not None
            if reader.unsigned() != 0:
                raise WasmError("the wasm module has an element segment of a kind that runeflash does not read")
            offset = _constant_offset(reader)
            found.append((offset, tuple(reader.unsigned() for _ in range(reader.unsigned()))))
        return tuple(found)

    @cached_property
    def data_segments(self) -> tuple[tuple[int, bytes], ...]:
        """The active data segments: offset and bytes.

        Raises:
            WasmError: a passive segment, or an offset that is no constant.
        """
        reader = self.reader(DATA)
        found = []
        for _ in range(reader.unsigned() if reader else 0):
            assert reader is not None
            if reader.unsigned() != 0:
                raise WasmError("the wasm module has a passive data segment, which no engine of runeflash has")
            offset = _constant_offset(reader)
            found.append((offset, reader.take(reader.unsigned())))
        return tuple(found)

    @cached_property
    def data_sizes(self) -> tuple[int, ...]:
        """The bytes of linear memory that each data segment fills, in order."""
        reader = self.reader(DATA)
        if reader is None:
            return ()
        sizes = []
        for _ in range(reader.unsigned()):
            if reader.unsigned() == 0:
                list(read_instructions(reader))
            sizes.append(len(reader.take(reader.unsigned())))
        return tuple(sizes)


def read_module(data: bytes) -> Module:
    """Split a module into its sections.

    Raises:
        WasmError: the bytes are no wasm module, or end too early.
    """
    if data[:8] != HEADER:
        raise WasmError("this is not a WebAssembly module of version 1")
    reader = Reader(data)
    reader.take(8)
    sections = []
    while not reader.at_end:
        section_id = reader.byte()
        sections.append(Section(section_id, reader.take(reader.unsigned())))
    return Module(tuple(sections))


def signed(value: int) -> bytes:
    """Return the signed LEB128 form of a number."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        if (value == 0 and not low & 0x40) or (value == -1 and low & 0x40):
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def custom_section(name: str, content: bytes) -> Section:
    """Return a custom section."""
    encoded = name.encode()
    return Section(CUSTOM, unsigned(len(encoded)) + encoded + content)


def export_section(exports: tuple[Export, ...]) -> Section:
    """Return an export section."""
    payload = unsigned(len(exports))
    for item in exports:
        encoded = item.name.encode()
        payload += unsigned(len(encoded)) + encoded + bytes([item.kind]) + unsigned(item.index)
    return Section(EXPORT, payload)


def rewritten_bodies(code: Section, rewrite: Callable[[int, bytes], bytes]) -> Section:
    """Return a code section whose bodies are those that ``rewrite(number, body)`` gives, numbered from 0."""
    reader = Reader(code.payload)
    count = reader.unsigned()
    payload = bytearray(unsigned(count))
    for number in range(count):
        body = rewrite(number, reader.take(reader.unsigned()))
        payload += unsigned(len(body)) + body
    return Section(CODE, bytes(payload))


def memory_section(pages: int) -> Section:
    """Return a memory section with one memory whose maximum is its minimum."""
    return Section(MEMORY, b"\x01\x01" + unsigned(pages) + unsigned(pages))


def _import(reader: Reader) -> Import:
    module, name, kind = reader.name(), reader.name(), reader.byte()
    if kind == 0:
        return Import(module, name, kind, reader.unsigned())
    if kind == 1:
        reader.byte()
        _limits(reader)
    elif kind == 2:
        _limits(reader)
    elif kind == 3:
        reader.take(2)
    else:
        raise WasmError(f"the wasm module imports {module}.{name}, of an unknown kind {kind}")
    return Import(module, name, kind, 0)


def _function_type(reader: Reader) -> FunctionType:
    if reader.byte() != 0x60:
        raise WasmError("the wasm module has a type that is no function's")
    return FunctionType(reader.take(reader.unsigned()), reader.take(reader.unsigned()))


def _global(reader: Reader) -> Global:
    value_type, mutable = reader.byte(), reader.byte() == 1
    start = reader.position
    instructions = list(read_instructions(reader))
    opcode = instructions[0].opcode
    bits = None
    if opcode in {_I32_CONST, _I64_CONST}:
        bits = instructions[0].immediates[0] & ((1 << (32 if opcode == _I32_CONST else 64)) - 1)
    elif opcode in {_F32_CONST, _F64_CONST}:
        bits = int.from_bytes(reader.data[start + 1 : reader.position - 1], "little")
    return Global(value_type, mutable, bits)


def _constant_offset(reader: Reader) -> int:
    """Read the offset of a segment: an i32 constant, taken as unsigned."""
    instructions = list(read_instructions(reader))
    if len(instructions) != 2 or instructions[0].opcode != _I32_CONST:
        raise WasmError("the wasm module has a segment whose place is not a constant")
    return instructions[0].immediates[0] & 0xFFFFFFFF


def _limits(reader: Reader) -> None:
    flags = reader.byte()
    reader.unsigned()
    if flags & 1:
        reader.unsigned()


_BLOCKS = {0x02, 0x03, 0x04}
_PLAIN = {0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5)}
_ONE_INDEX = {0x0C, 0x0D, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24}
_TWO_INDICES = {0x11, *range(0x28, 0x3F)}


def read_instructions(reader: Reader) -> Iterator[Instruction]:
    """Read instructions up to and with the ``end`` that closes the expression."""
    depth = 1
    while depth:
        opcode = reader.byte()
        immediates: tuple[int, ...] = ()
        if opcode in _PLAIN:
            depth -= opcode == _END
        elif opcode in _BLOCKS:
            immediates = (reader.signed(),)
            depth += 1
        elif opcode in _ONE_INDEX:
            immediates = (reader.unsigned(),)
        elif opcode in _TWO_INDICES:
            immediates = (reader.unsigned(), reader.unsigned())
        elif opcode in {0x41, 0x42}:
            immediates = (reader.signed(),)
        elif opcode == 0x43:
            reader.take(4)
        elif opcode == 0x44:
            reader.take(8)
        elif opcode in {0x3F, 0x40}:
            reader.byte()
        elif opcode == 0x0E:
            immediates = tuple(reader.unsigned() for _ in range(reader.unsigned() + 1))
        elif opcode == 0xFC:
            number = reader.unsigned()
            opcode = 0xFC00 + number
            if number in {8, 10}:
                immediates = (reader.unsigned(), reader.unsigned())
            elif number in {9, 11}:
                immediates = (reader.unsigned(),)
            elif number > 7:
                raise WasmError(f"the wasm module has an instruction that runeflash does not know (0xFC {number})")
        else:
            raise WasmError(f"the wasm module has an instruction that runeflash does not know (0x{opcode:02X})")
        yield Instruction(opcode, immediates)
