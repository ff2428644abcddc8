"""The instruction budget: a pass over a firmware's copy of a rune's wasm, so that no call can take for ever.

A mutable global, exported as ``budget``, is what is left of it. The host sets it before a call. At every function's
entry and every loop's header the weight of what can run until the next such place is taken off, and below zero the
code traps: each instruction of a stretch runs at most once before the stretch is charged again, so a call never
executes more than its budget (and what is left of one stretch). Copies and fills are charged by their length as well.

The ``.rune`` itself is never changed, and cannot reach the global: it is valid by itself, where there is no such index.
"""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.errors import UserError
from runeflash.rune.wasm import (
    CODE,
    EXPORT,
    GLOBAL,
    Export,
    Instruction,
    Module,
    Reader,
    Section,
    export_section,
    read_instructions,
    signed,
    unsigned,
)

BUDGET_EXPORT = "budget"
STAGE_EXPORT = "stage"

#: The unit is a simple instruction. These take the interpreter, on a Cortex-M4F, several times as long.
_WEIGHTS = {
    **dict.fromkeys((0x10, 0x11), 8),  # calls
    **dict.fromkeys((0x6D, 0x6E, 0x6F, 0x70), 2),  # i32 division
    **dict.fromkeys((0x7F, 0x80, 0x81, 0x82), 16),  # i64 division
    **dict.fromkeys(range(0x5B, 0x67), 4),  # float comparisons
    **dict.fromkeys(range(0x8B, 0xA7), 12),  # float arithmetic: in double precision, by software
    **dict.fromkeys((0x91, 0x95, 0xA3), 48),  # f32 square root, divisions
    0x9F: 160,  # f64 square root: bit by bit
    **dict.fromkeys((*range(0xA8, 0xAC), *range(0xAE, 0xB4), *range(0xB4, 0xBC)), 8),  # conversions
    **dict.fromkeys(range(0xFC00, 0xFC08), 8),  # saturating ones
    0xFC0A: 16,
    0xFC0B: 16,
}
#: A call of the host, whatever it does there: its own time is bounded by the host, not by the rune.
HOST_CALL = 200
#: A copy or fill costs the host about as much for so many bytes as a simple instruction of the rune.
_BYTES_SHIFT = 1

_I32 = 0x7F
_MOST = (1 << 31) - 1
#: Of one stretch; with it, and half of 2^32 for one copy, the global cannot wrap.
_LARGEST_STRETCH = 1 << 28


@dataclass(frozen=True)
class _Piece:
    """An instruction of a function, where it stands in the body's bytes."""

    instruction: Instruction
    start: int
    end: int


def with_budget(module: Module, stage_global: int | None) -> Module:
    """Return a module that counts what it executes.

    Args:
        module: a valid module.
        stage_global: the index of the global in which the rune keeps its current stage, exported as well.

    Raises:
        UserError: a function is so large that its cost cannot be counted.
    """
    imported_globals = sum(item.kind == 3 for item in module.imports)
    budget = imported_globals + len(module.globals)
    sections = {section.id: section for section in module.sections if section.id in {GLOBAL, EXPORT, CODE}}
    exports = [*module.exports, Export(BUDGET_EXPORT, 3, budget)]
    if stage_global is not None:
        exports.append(Export(STAGE_EXPORT, 3, stage_global))
    replaced = {
        GLOBAL: _with_global(sections.get(GLOBAL), len(module.globals)),
        EXPORT: export_section(tuple(exports)),
    }
    if CODE in sections:
        replaced[CODE] = _with_ticks(sections[CODE], module, budget)
    found = {section.id for section in module.sections}
    kept = [replaced.get(section.id, section) for section in module.sections]
    for section_id in (GLOBAL, EXPORT):  # in the order of the binary format, where the module has none
        if section_id not in found:
            place = next((i for i, section in enumerate(kept) if section.id > section_id), len(kept))
            kept.insert(place, replaced[section_id])
    return Module(tuple(kept))


def _with_global(section: Section | None, count: int) -> Section:
    content = b""
    if section is not None:
        reader = Reader(section.payload)
        reader.unsigned()
        content = section.payload[reader.position :]
    return Section(GLOBAL, unsigned(count + 1) + content + bytes([_I32, 1, 0x41]) + signed(_MOST) + b"\x0b")


def _with_ticks(section: Section, module: Module, budget: int) -> Section:
    reader = Reader(section.payload)
    count = reader.unsigned()
    types = module.types
    out = bytearray(unsigned(count))
    for index in range(count):
        body = reader.take(reader.unsigned())
        parameters = len(types[module.function_types[module.imported_functions + index]].parameters)
        counted = _counted(body, parameters, module.imported_functions, budget)
        out += unsigned(len(counted)) + counted
    return Section(CODE, bytes(out))


def _counted(body: bytes, parameters: int, imported: int, budget: int) -> bytes:
    """Return a function's body with its ticks."""
    reader = Reader(body)
    groups = reader.unsigned()
    declared = reader.position
    scratch = parameters
    for _ in range(groups):
        scratch += reader.unsigned()
        reader.byte()
    locals_end = start = reader.position
    pieces = []
    for instruction in read_instructions(reader):
        pieces.append(_Piece(instruction, start, reader.position))
        start = reader.position
    copies = any(piece.instruction.opcode in {0xFC0A, 0xFC0B} for piece in pieces)
    out = bytearray()
    if copies:  # a local more, for the length
        out += unsigned(groups + 1) + body[declared:locals_end] + b"\x01" + bytes([_I32])
    else:
        out += body[:locals_end]
    weights = _stretches(pieces, imported)
    out += _tick(budget, weights[-1])
    for number, piece in enumerate(pieces):
        opcode = piece.instruction.opcode
        if opcode in {0xFC0A, 0xFC0B}:
            out += _tick_length(budget, scratch)
        out += body[piece.start : piece.end]
        if opcode == 0x03:
            out += _tick(budget, weights[number])
    return bytes(out)


def _stretches(pieces: list[_Piece], imported: int) -> dict[int, int]:
    """Return the weight of each loop's own code, by its number among the pieces, and of the rest as -1."""
    weights = {-1: 1}
    open_blocks: list[int] = []  # the stretch that each open block belongs to
    current = -1
    for number, piece in enumerate(pieces):
        opcode = piece.instruction.opcode
        if opcode in {0x02, 0x03, 0x04}:
            open_blocks.append(current)
            if opcode == 0x03:
                current = number
                weights[number] = 1
        elif opcode == 0x0B and open_blocks:
            current = open_blocks.pop()
        elif opcode == 0x10 and piece.instruction.immediates[0] < imported:
            weights[current] += HOST_CALL
        else:
            weights[current] += _WEIGHTS.get(opcode, 1)
    if max(weights.values()) > _LARGEST_STRETCH:
        raise UserError("a function of the rune is too large for its instructions to be counted")
    return weights


def _tick(budget: int, weight: int) -> bytes:
    """Return the code: take the weight off, trap below zero."""
    place = unsigned(budget)
    get, put = b"\x23" + place, b"\x24" + place
    return get + b"\x41" + signed(weight) + b"\x6b" + put + get + _TRAP_BELOW_ZERO


#: i32.const 0; i32.lt_s; if; unreachable; end
_TRAP_BELOW_ZERO = b"\x41\x00\x48\x04\x40\x00\x0b"


def _tick_length(budget: int, scratch: int) -> bytes:
    """Return the code before a copy or fill: take off what its length, on top of the operands, is worth."""
    place = unsigned(budget)
    get, put = b"\x23" + place, b"\x24" + place
    local = unsigned(scratch)
    shifted = b"\x20" + local + b"\x41" + signed(_BYTES_SHIFT) + b"\x76"
    return b"\x21" + local + get + shifted + b"\x6b" + put + get + _TRAP_BELOW_ZERO + b"\x20" + local
