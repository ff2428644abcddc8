"""The calls by which a firmware that measures itself learns when a stage begins: a pass over its copy of the wasm.

A rune keeps the number of its stage in a global. After every instruction that writes it, this pass puts a call of one
more import, ``env.profile_stage``: so the host reads its clock at the very same place of the rune in either engine,
interpreted or compiled, and neither has to be taught to watch a variable. An import is the first of a module's
functions, so the numbers of all that the module defines go up by one.

The pass comes before the one that counts instructions (:mod:`runeflash.firmware.budget`): the calls have their price
like every other of the host's, and the watchdog's time holds. The ``.rune`` itself is never changed.
"""

from __future__ import annotations

from runeflash.rune.wasm import (
    CODE,
    ELEMENT,
    EXPORT,
    IMPORT,
    TYPE,
    Export,
    Module,
    Reader,
    Section,
    export_section,
    read_instructions,
    rewritten_bodies,
    unsigned,
)

STAGE_IMPORT = "profile_stage"

_CALL, _GLOBAL_SET = 0x10, 0x24
_FUNCTION_KIND = 0


def with_stage_calls(module: Module, stage_global: int) -> Module:
    """Return a module that calls the host after each write of its stage.

    Args:
        module: a valid module whose imports are functions.
        stage_global: the index of the global in which it keeps the stage.
    """
    hook = module.imported_functions
    type_index = len(module.types)
    exports = tuple(
        Export(item.name, item.kind, _number_after(item.index, hook) if item.kind == _FUNCTION_KIND else item.index)
        for item in module.exports
    )
    code = next(section for section in module.sections if section.id == CODE)  # something is exported: there is one
    made = {
        TYPE: _one_more(module, TYPE, b"\x60\x00\x00"),
        IMPORT: _one_more(module, IMPORT, _name("env") + _name(STAGE_IMPORT) + b"\x00" + unsigned(type_index)),
        EXPORT: export_section(exports),
        ELEMENT: _elements(module, hook),
        CODE: rewritten_bodies(code, lambda _, body: _body(body, hook, stage_global)),
    }
    found = {section.id for section in module.sections}
    kept = [made.get(section.id, section) for section in module.sections]
    if IMPORT not in found:
        place = next(number for number, section in enumerate(kept) if section.id == TYPE)
        kept.insert(place + 1, made[IMPORT])
    return Module(tuple(kept))


def _name(text: str) -> bytes:
    return unsigned(len(text)) + text.encode()


def _one_more(module: Module, section_id: int, entry: bytes) -> Section:
    """Return a section that is a list, with an entry at its end."""
    reader = module.reader(section_id)
    if reader is None:
        return Section(section_id, unsigned(1) + entry)
    count = reader.unsigned()
    return Section(section_id, unsigned(count + 1) + reader.data[reader.position :] + entry)


def _elements(module: Module, hook: int) -> Section:
    """Return the element section with the new numbers of functions; of its kinds the reader takes only the first."""
    reader = module.reader(ELEMENT)
    if reader is None:
        return Section(ELEMENT, unsigned(0))
    segments = reader.unsigned()
    out = bytearray(unsigned(segments))
    for _ in range(segments):
        start = reader.position
        reader.unsigned()
        list(read_instructions(reader))
        out += reader.data[start : reader.position]
        count = reader.unsigned()
        out += unsigned(count) + b"".join(unsigned(_number_after(reader.unsigned(), hook)) for _ in range(count))
    return Section(ELEMENT, bytes(out))


def _body(body: bytes, hook: int, stage_global: int) -> bytes:
    reader = Reader(body)
    for _ in range(reader.unsigned()):
        reader.unsigned()
        reader.byte()
    start = reader.position
    out = bytearray(body[:start])
    for instruction in read_instructions(reader):
        if instruction.opcode == _CALL:
            out += bytes([_CALL]) + unsigned(_number_after(instruction.immediates[0], hook))
        else:
            out += body[start : reader.position]
        if instruction.opcode == _GLOBAL_SET and instruction.immediates[0] == stage_global:
            out += bytes([_CALL]) + unsigned(hook)
        start = reader.position
    return bytes(out)


def _number_after(function: int, hook: int) -> int:
    """Return the number of a function once the hook has its own."""
    return function + 1 if function >= hook else function
