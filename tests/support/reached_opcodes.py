"""Which instructions of a module are executed: a copy of it that notes each of them in a global, run in wasmtime."""

from __future__ import annotations

import contextlib
import struct

import wasmtime

from runeflash.rune.wasm import (
    CODE,
    EXPORT,
    GLOBAL,
    Export,
    Module,
    Reader,
    Section,
    export_section,
    read_instructions,
    read_module,
    rewritten_bodies,
    signed,
    unsigned,
)

_NOTE = "reached_{:x}"

#: The instructions of the features that a rune may have (runeflash/rune/validate.py), without those that
#: firmware_module refuses: memory.grow, and what works on segments (memory.init, data.drop, and all of tables).
PERMITTED = frozenset(
    (
        *range(0x06),  # unreachable, nop, block, loop, if, else
        *range(0x0B, 0x12),  # end, branches, return, calls
        0x1A,  # drop
        0x1B,  # select
        *range(0x20, 0x25),  # locals and globals
        *range(0x28, 0x40),  # loads and stores, memory.size
        *range(0x41, 0xC5),  # constants, comparisons, arithmetic, conversions, sign extension
        *range(0xFC00, 0xFC08),  # saturating conversions
        0xFC0A,  # memory.copy
        0xFC0B,  # memory.fill
    )
)


def reached(wasm: bytes, wanted: str) -> frozenset[int]:
    """Return the opcodes that the wanted calls of a module of random_modules.py execute (a "1" for each)."""
    opcodes = sorted({instruction.opcode for body in read_module(wasm).bodies for instruction in body})
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, _with_notes(read_module(wasm), opcodes).to_bytes())
    found: set[int] = set()
    for number in (number for number, one in enumerate(wanted) if one == "1"):
        store = wasmtime.Store(engine)
        exports = wasmtime.Instance(store, module, []).exports(store)
        memory, call = exports["memory"], exports["_call"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(call, wasmtime.Func)
        memory.write(store, struct.pack("<I", number), 0)
        with contextlib.suppress(wasmtime.Trap):  # what was executed before counts
            call(store, 0, 0, 0)
        for opcode in opcodes:
            note = exports[_NOTE.format(opcode)]
            assert isinstance(note, wasmtime.Global)
            if note.value(store):
                found.add(opcode)
    return frozenset(found)


def _with_notes(module: Module, opcodes: list[int]) -> Module:
    first = len(module.globals)
    exports = [Export(_NOTE.format(opcode), 3, first + number) for number, opcode in enumerate(opcodes)]
    places = {opcode: first + number for number, opcode in enumerate(opcodes)}
    sections = {section.id: section for section in module.sections}
    replaced = {
        GLOBAL: _globals(sections[GLOBAL], len(opcodes)),
        EXPORT: export_section((*module.exports, *exports)),
        CODE: rewritten_bodies(sections[CODE], lambda _, body: _noting(body, places)),
    }
    return Module(tuple(replaced.get(section.id, section) for section in module.sections))


def _globals(section: Section, more: int) -> Section:
    reader = Reader(section.payload)
    count = reader.unsigned()
    new = b"\x7f\x01\x41\x00\x0b" * more  # i32, mutable, 0
    return Section(GLOBAL, unsigned(count + more) + section.payload[reader.position :] + new)


def _noting(body: bytes, places: dict[int, int]) -> bytes:
    reader = Reader(body)
    for _ in range(reader.unsigned()):
        reader.unsigned()
        reader.byte()
    start = reader.position
    noted = bytearray(body[:start])
    for instruction in read_instructions(reader):
        noted += b"\x41" + signed(1) + b"\x24" + unsigned(places[instruction.opcode])  # global.set
        noted += body[start : reader.position]
        start = reader.position
    return bytes(noted)
