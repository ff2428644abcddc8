"""The fixed memory of proc blocks: what a stage's compiled object has, against what its manifest declares.

Source: the object file conventions of WebAssembly (tool-conventions, Linking.md): subsection 5 of the custom section
``linking`` names the data segments. Every variable has one of its own, as blocks are compiled with ``-fdata-sections``.
"""

from __future__ import annotations

import re

from runeflash.blocks.manifest import ArgumentType, Block
from runeflash.blocks.signature import bind
from runeflash.errors import InternalError, UserError
from runeflash.expressions import ExpressionError, Value
from runeflash.pipeline.graph import ProcBlockStage
from runeflash.rune.container import StageMemory
from runeflash.rune.wasm import Module, Reader
from runeflash.tensors import TensorType

_SEGMENT_INFO = 5
# What the compiler makes of its own accord (string literals), and what rune_stage.h defines: arguments and their texts.
_TEXT = re.compile(r"\.rodata\.(?:\.L.*|rune_arguments|rune_input_sizes)")


def measure(stage: ProcBlockStage, compiled: Module) -> StageMemory:
    """Return what the object file of a stage's block takes."""
    lines = {f".rodata.rune_{a.name}" for a in stage.block.arguments if a.type is ArgumentType.LINES}
    variables = tables = texts = 0
    for name, size in segments(compiled):
        if not name.startswith(".rodata"):
            variables += size
        elif name in lines or _TEXT.fullmatch(name):
            texts += size
        else:
            tables += size
    return StageMemory(stage.name, stage.block.name, variables, tables, texts)


def segments(compiled: Module) -> tuple[tuple[str, int], ...]:
    """Return name and bytes of every data segment of an object file."""
    sizes = compiled.data_sizes
    reader = Reader(compiled.custom("linking") or b"\x02")
    reader.unsigned()
    while not reader.at_end:
        kind, content = reader.byte(), Reader(reader.take(reader.unsigned()))
        if kind != _SEGMENT_INFO:
            continue
        names = []
        for _ in range(content.unsigned()):
            names.append(content.name())
            content.unsigned()
            content.unsigned()
        return tuple(zip(names, sizes, strict=True))
    if sizes:
        raise InternalError("the compiler does not name the data of an object file")
    return ()


def declared(stage: ProcBlockStage, inputs: list[TensorType]) -> dict[str, int] | None:
    """Return the bytes that the stage's manifest declares, by use; None where it does not say.

    Raises:
        UserError: an expression has no value for this stage.
    """
    memory = stage.block.memory
    if memory is None:
        return None
    values: dict[str, Value] = {k: v for k, v in stage.arguments.items() if isinstance(v, int | float)}
    values.update(bind(stage.block, inputs, stage.outputs, stage.arguments).dimensions)
    for tensors, is_input in ((inputs, True), (list(stage.outputs), False)):
        for index, tensor in enumerate(tensors):
            name = f"{_port_name(stage.block, index, is_input)}_bytes"
            # A variadic one stands for several.
            values[name] = values.get(name, 0) + tensor.size
    found = {}
    for use, expression in memory.parts:
        try:
            value = expression.evaluate(values)
        except (ExpressionError, KeyError) as error:
            raise UserError(
                f"the stage {stage.name}: the memory that {stage.block.name} declares as its {use}, "
                f'"{expression.text}", has no value: {error}'
            ) from None
        found[use] = max(int(value), 0)
    return found


def check_declared(stage: ProcBlockStage, inputs: list[TensorType], memory: StageMemory) -> None:
    """Check what a stage takes against what its manifest declares.

    Raises:
        UserError: it takes more.
    """
    limits = declared(stage, inputs)
    if limits is None:
        return
    for what, has, limit in (
        ("static variables", memory.variables, limits["state"] + limits["working"]),
        ("tables", memory.tables, limits["tables"]),
    ):
        if has > limit:
            keys = "state and working" if what == "static variables" else "tables"
            raise UserError(
                f"the stage {stage.name}: the {what} of {stage.block.name} take {has:,} bytes, "
                f"but its block.yaml declares at most {limit:,}",
                hint=f"raise `memory`: {keys}, in {stage.block.folder / 'block.yaml'}",
            )


def _port_name(block: Block, index: int, is_input: bool) -> str:
    port = block.input(index) if is_input else block.output(index)
    assert port is not None
    return port.name
