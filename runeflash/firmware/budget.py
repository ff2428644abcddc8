"""The instruction budget: a pass over a firmware's copy of a rune's wasm, so that no call can take for ever.

A mutable global, exported as ``budget``, is what is left of it. The host sets it before a call. At every function's
entry and every loop's header the weight of what can run until the next such place is taken off, and below zero the
code traps: each instruction of a stretch runs at most once before the stretch is charged again, so a call never
executes more than its budget (and what is left of one stretch). Copies and fills are charged by their length as well,
calls of a model by the longest that an inference can take: what a call may take in all is known, and the hardware
watchdog waits for longer (watchdog.py).

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
    rewritten_bodies,
    signed,
    unsigned,
)

BUDGET_EXPORT = "budget"
STAGE_EXPORT = "stage"
INFER = "rune_model_infer"

#: The unit is a simple instruction; what takes either engine longer on a Cortex-M4F weighs more, so that no unit takes
#: longer than CYCLES_OF_A_UNIT. tests/firmware/test_unit_costs.py measures it, with the dearest operands there are.
_WEIGHTS = {
    0x0E: 3,  # br_table
    **dict.fromkeys((0x10, 0x11), 8),  # calls
    **dict.fromkeys((0x23, 0x24), 2),  # globals
    0x2A: 4,  # f32.load: wasm3 keeps an f32 as f64
    **dict.fromkeys((0x28, *range(0x2C, 0x30)), 2),  # i32 loads
    **dict.fromkeys((0x67, 0x68), 2),  # i32.clz, i32.ctz
    0x69: 4,  # i32.popcnt
    0x79: 4,  # i64.clz
    0x7A: 4,  # i64.ctz
    0x7B: 6,  # i64.popcnt
    **dict.fromkeys((0x6D, 0x6E, 0x6F, 0x70), 2),  # i32 division
    **dict.fromkeys((0x7F, 0x80, 0x81, 0x82), 16),  # i64 division
    **dict.fromkeys((0x89, 0x8A), 4),  # i64 rotations
    **dict.fromkeys(range(0x5B, 0x67), 5),  # float comparisons
    **dict.fromkeys(range(0x8B, 0xA7), 14),  # float arithmetic: in double precision, by software
    **dict.fromkeys((0x90, 0x9E), 20),  # to the nearest integer
    0xA2: 36,  # f64.mul: of subnormal numbers
    **dict.fromkeys((0x91, 0x95), 48),  # f32 square root, f32 division
    0xA3: 72,  # f64 division
    0x9F: 160,  # f64 square root: bit by bit
    **dict.fromkeys((*range(0xA8, 0xAC), *range(0xAE, 0xB2), *range(0xB2, 0xBC)), 20),  # conversions
    **dict.fromkeys((0xB0, 0xB1), 36),  # i64.trunc_f64
    **dict.fromkeys((0xBE, 0xBC), 8),  # f32 and its bits
    **dict.fromkeys(range(0xFC00, 0xFC08), 24),  # saturating truncations
    **dict.fromkeys((0xFC06, 0xFC07), 64),  # i64.trunc_sat_f64
    0xFC0A: 16,
    0xFC0B: 16,
}
#: A function's entry and a turn of a loop, which are counted here.
_TICK = 10
#: A local, which a function begins by setting to zero.
_LOCAL = 4
#: A call of the host, whatever it does there; a model's work comes on top.
HOST_CALL = 200
#: A block, loop or if with a result, which the interpreter copies to where it is expected; there are no parameters.
_VALUED_BLOCK = 2
#: A copy or fill costs the host about as much for so many bytes as a simple instruction of the rune.
_BYTES_SHIFT = 1
#: Of a Cortex-M4F, at most, with the wait states of a flash whose cache never helps.
CYCLES_OF_A_UNIT = 64

_I32 = 0x7F
_EMPTY_BLOCK = -64  # the block type
#: Of the budget, of one stretch, and of one copy's length: what is left is never negative before one of them is taken
#: off, so the global cannot wrap.
_MOST = (1 << 31) - 1


@dataclass(frozen=True)
class _HostCosts:
    """What calls of the host are charged: by the number of the import, and, at most, of those in the table."""

    by_import: tuple[int, ...]
    through_the_table: int


@dataclass(frozen=True)
class _Piece:
    """An instruction of a function, where it stands in the body's bytes."""

    instruction: Instruction
    start: int
    end: int


def inference_units(cycles: int) -> int:
    """Return what an inference that takes so many cycles is charged, besides :data:`HOST_CALL`."""
    return -(-cycles // CYCLES_OF_A_UNIT)


def with_budget(module: Module, stage_global: int | None, inference: int = 0) -> Module:
    """Return a module that counts what it executes.

    Args:
        module: a valid module.
        stage_global: the index of the global in which the rune keeps its current stage, exported as well.
        inference: units that a call of a model is charged on top of a host call: of the dearest, as a rune says only
            while it runs which one it calls.

    Raises:
        UserError: a function is charged more at once than a budget can be.
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
        replaced[CODE] = _with_ticks(sections[CODE], module, budget, _host_costs(module, inference))
    found = {section.id for section in module.sections}
    kept = [replaced.get(section.id, section) for section in module.sections]
    for section_id in (GLOBAL, EXPORT):  # in the order of the binary format, where the module has none
        if section_id not in found:
            place = next((i for i, section in enumerate(kept) if section.id > section_id), len(kept))
            kept.insert(place, replaced[section_id])
    return Module(tuple(kept))


def entry_weight(counted: Module, exported: str) -> int:
    """Return what a call of an exported function is charged before its first instruction: with less it cannot begin.

    Args:
        counted: a module of :func:`with_budget`.
        exported: the function's name; one that is missing, or the host's own, costs nothing here.
    """
    function = next((item.index for item in counted.exports if item.kind == 0 and item.name == exported), 0)
    if function < counted.imported_functions:
        return 0
    weight: int = counted.bodies[function - counted.imported_functions][1].immediates[0]  # the second of _tick
    return weight


def _with_global(section: Section | None, count: int) -> Section:
    content = b""
    if section is not None:
        reader = Reader(section.payload)
        reader.unsigned()
        content = section.payload[reader.position :]
    return Section(GLOBAL, unsigned(count + 1) + content + bytes([_I32, 1, 0x41]) + signed(_MOST) + b"\x0b")


def _host_costs(module: Module, inference: int) -> _HostCosts:
    """Return what a call of each imported function is charged."""
    names = [item.name for item in module.imports if item.kind == 0]
    costs = tuple(HOST_CALL + (inference if name == INFER else 0) for name in names)
    tabled = {index for _, functions in module.elements for index in functions if index < len(costs)}
    return _HostCosts(costs, max((costs[index] for index in tabled), default=0))


def _with_ticks(section: Section, module: Module, budget: int, host_costs: _HostCosts) -> Section:
    types = module.types

    def counted(number: int, body: bytes) -> bytes:
        parameters = len(types[module.function_types[module.imported_functions + number]].parameters)
        return _counted(body, parameters, host_costs, budget)

    return rewritten_bodies(section, counted)


def _counted(body: bytes, parameters: int, host_costs: _HostCosts, budget: int) -> bytes:
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
    weights = _stretches(pieces, host_costs)
    weights[-1] += _LOCAL * (scratch - parameters)
    dearest = max(weights.values())
    if dearest > _MOST:
        raise UserError(
            f"a function of the rune is charged {dearest:,} units of the instruction budget at once, but no budget is "
            f"larger than {_MOST:,}",
            hint="use smaller models, or call them less often: each call of one is charged like the rune's dearest",
        )
    out += _tick(budget, weights[-1])
    for number, piece in enumerate(pieces):
        opcode = piece.instruction.opcode
        if opcode in {0xFC0A, 0xFC0B}:
            out += _tick_length(budget, scratch)
        out += body[piece.start : piece.end]
        if opcode == 0x03:
            out += _tick(budget, weights[number])
    return bytes(out)


def _stretches(pieces: list[_Piece], host_costs: _HostCosts) -> dict[int, int]:
    """Return the weight of each loop's own code, by its number among the pieces, and of the rest as -1."""
    weights = {-1: _TICK}
    open_blocks: list[int] = []  # the stretch that each open block belongs to
    current = -1
    for number, piece in enumerate(pieces):
        opcode = piece.instruction.opcode
        if opcode in {0x02, 0x03, 0x04}:
            open_blocks.append(current)
            if piece.instruction.immediates[0] != _EMPTY_BLOCK:
                weights[current] += _VALUED_BLOCK
            if opcode == 0x03:
                current = number
                weights[number] = _TICK
            elif opcode == 0x04:
                weights[current] += 1
        elif opcode == 0x0B and open_blocks:
            current = open_blocks.pop()
        elif opcode == 0x10 and piece.instruction.immediates[0] < len(host_costs.by_import):
            weights[current] += host_costs.by_import[piece.instruction.immediates[0]]
        else:
            weights[current] += _WEIGHTS.get(opcode, 1) + (host_costs.through_the_table if opcode == 0x11 else 0)
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
