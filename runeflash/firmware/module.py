"""The wasm that a firmware runs: the rune's, checked, with its instructions counted and, where they are to be measured,
its stages announced.
"""

from __future__ import annotations

from collections.abc import Sequence

from runeflash.errors import UserError
from runeflash.firmware.budget import inference_units, with_budget
from runeflash.firmware.stage_calls import with_stage_calls
from runeflash.model import CompiledModel
from runeflash.rune import abi
from runeflash.rune.container import Rune
from runeflash.rune.validate import validate
from runeflash.rune.wasm import START, FunctionType, Module, read_module

_I32 = b"\x7f"
_MEMORY_GROW = 0x40
_UNSUPPORTED = {0xFC08: "memory.init", 0xFC09: "data.drop"}


def firmware_module(rune: Rune, models: Sequence[CompiledModel] = (), *, profile: bool = False) -> Module:
    """Return the module that either engine is given.

    Args:
        rune: the rune.
        models: its models, whose inferences its instruction budget pays for.
        profile: whether the firmware measures itself.

    Raises:
        UserError: the rune is not valid WebAssembly, or has what a firmware must not have.
    """
    what = f"the rune {rune.name}"
    validate(rune.data, what)
    module = read_module(rune.data)
    if module.reader(START) is not None:
        raise UserError(f"{what} has a start function, which firmware does not run")
    _check_imports(module, what)
    opcodes = {instruction.opcode for body in module.bodies for instruction in body}
    if _MEMORY_GROW in opcodes:
        raise UserError(
            f"{what} grows its memory (memory.grow), which no board can do", hint="build it without an allocator"
        )
    for opcode, name in _UNSUPPORTED.items():
        if opcode in opcodes:
            raise UserError(f"{what} uses {name}, which no engine here has")
    if profile and rune.stage_global is not None:
        module = with_stage_calls(module, rune.stage_global)
    inference = max((inference_units(model.most_cycles) for model in models), default=0)
    counted = with_budget(module, rune.stage_global, inference)
    validate(counted.to_bytes(), f"{what} with its instructions counted")
    return counted


def _check_imports(module: Module, what: str) -> None:
    for item in module.imports:
        parameters = abi.IMPORTS.get(item.name)
        if item.module != "env" or item.kind != 0 or parameters is None:
            raise UserError(f"{what} imports {item.module}.{item.name}, which no host of runeflash has")
        if module.types[item.type_index] != FunctionType(_I32 * parameters, _I32):
            raise UserError(f"{what} imports {item.name} with another signature than the host's")
