"""Pipeline to .rune: generate C, compile, link twice (the second time with the exact stack), add sections."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import runeflash
from runeflash.errors import InternalError, ToolError
from runeflash.pipeline.graph import ModelStage, OutStage, Pipeline, ProcBlockStage
from runeflash.resources import folder
from runeflash.rune import abi
from runeflash.rune.block_memory import check_declared, measure
from runeflash.rune.container import (
    BLOCKS,
    GRAPH,
    GRAPH_KINDS,
    VERSION,
    MemoryLayout,
    Rune,
    RuneModel,
    StageMemory,
    json_section,
    model_section,
    read_rune,
    resource_section,
    runeflash_section,
)
from runeflash.rune.limits import check_limits
from runeflash.rune.lower import BlockSource, lower
from runeflash.rune.stack import stack_bytes
from runeflash.rune.tables import HEADER, make_tables
from runeflash.rune.validate import validate
from runeflash.rune.wasm import (
    CUSTOM,
    EXPORT,
    MEMORY,
    PAGE_SIZE,
    Module,
    Section,
    export_section,
    memory_section,
    read_module,
)
from runeflash.tensors import ElementType
from runeflash.toolchain import cache, picolibc, zig

#: Proc blocks: speed is what WASM_FLAGS give.
_BLOCK_FLAGS = ("-Wall", "-Wextra", "-ffunction-sections", "-fdata-sections")
#: Our own code around them, small: once the engine has compiled it, it lies in RAM at three times its size.
_SUPPORT_FLAGS = (*_BLOCK_FLAGS, "-Werror", "-Os")
_MATH = ("rf_fmodf", "rf_expf", "rf_logf")
#: The global of the pipeline's C that has the number of the current stage: exported while linking, so that its index
#: is known, which needs a feature in the one file that defines it.
_STAGE_SYMBOL = "rune_stage"
_PIPELINE_FEATURES = f"{next(flag for flag in zig.WASM_FLAGS if flag.startswith('-mcpu='))}+mutable_globals"
#: What clang calls on its own account; copies and fills are instructions of wasm already.
_LIBC = ("strlen", "memcmp")
#: What the compiler printed for a block that it took, beside its object; _PLACE stands for the block's folder.
_WARNINGS = "warnings.txt"
_PLACE = "{folder}"


def build_rune(pipeline: Pipeline, warn: Callable[[str], None] = lambda text: None) -> Rune:
    """Build the rune of a pipeline without errors.

    Args:
        pipeline: the pipeline.
        warn: given what the compiler warned of in proc blocks of the user's own.

    Raises:
        ToolError: a compiler failed (a proc block that is wrong C among others).
        UserError: a proc block's stack has no bound, or the pipeline is beyond the runtime's limits.
    """
    lowered = lower(pipeline)
    check_limits(pipeline, lowered.arena_bytes)
    objects = [_compile_pipeline(lowered.source), *_support_objects()]
    with ThreadPoolExecutor() as pool:
        compiled = list(
            pool.map(
                lambda block: _compile_block(
                    block.stage.block.source, block.stage.block.tables, block.header, block.stage.name
                ),
                lowered.blocks,
            )
        )
    blocks = []
    for block, path in zip(lowered.blocks, compiled, strict=True):
        warnings = (path.parent / _WARNINGS).read_text()
        if warnings and not block.stage.block.is_built_in:
            warn(f"the proc block of the stage {block.stage.name}:\n{warnings.replace(_PLACE, _folder_text(block))}")
        memory = measure(block.stage, read_module(path.read_bytes()))
        check_declared(block.stage, [pipeline.tensor(reference) for reference in block.stage.inputs], memory)
        blocks.append(memory)
    try:
        linked, stack = _link_exactly([*objects, *compiled])
    except ToolError as error:
        raise _explain(error, lowered.blocks, compiled) from error
    models = tuple(RuneModel(stage.name, stage.data) for stage in pipeline.models)
    return _assemble(pipeline, linked, stack, lowered.arena_bytes, models, tuple(blocks))


# --- compiling ----------------------------------------------------------------------------------------------


def _include_flags() -> list[str]:
    return [
        f"-I{folder('proc_blocks') / 'include'}",
        f"-I{folder('targets') / 'rune'}",
        f"-I{folder('targets') / 'common'}",
        *picolibc.libc_include_flags(),
    ]


def _headers_key() -> str:
    """Return a hash of every header that C for the rune can include, and of how it is compiled."""
    targets = folder("targets")
    places = (folder("proc_blocks") / "include", targets / "rune", targets / "common", targets / "common" / "picolibc")
    return cache.key(zig.version(), *zig.WASM_FLAGS, *_SUPPORT_FLAGS, *(cache.tree_key(path, "*.h") for path in places))


def _compile(source: Path, output: Path, flags: list[str], what: str) -> str:
    return zig.compile_c([*zig.WASM_FLAGS, *flags, *_include_flags(), "-c", source, "-o", output], what=what)


def _compile_pipeline(text: str) -> Path:
    def make(work: Path) -> None:
        (work / "pipeline.c").write_text(text)
        _compile(
            work / "pipeline.c", work / "object.o", [*_SUPPORT_FLAGS, _PIPELINE_FEATURES], "compiling the pipeline"
        )

    return cache.entry("wasm-objects", cache.key("pipeline", text, _headers_key()), make) / "object.o"


def _compile_block(source: Path, tables: Path, header: str, stage: str) -> Path:
    """Compile a proc block for one stage; the cache knows it by the content of its folder and of the header."""

    def make(work: Path) -> None:
        (work / "rune_stage.h").write_text(header)
        if tables.is_file():
            make_tables(tables, work, _include_flags(), stage)
        else:
            (work / HEADER).write_text('#error "there is no tables.c beside the block"\n')
        printed = _compile(
            source,
            work / "object.o",
            [*_BLOCK_FLAGS, f"-I{work}"],
            f"compiling the proc block of the stage {stage}",
        )
        (work / _WARNINGS).write_text(printed.replace(str(source.parent), _PLACE).rstrip())

    name = cache.key("block with warnings", source.name, cache.tree_key(source.parent), header, _headers_key())
    return cache.entry("wasm-objects", name, make) / "object.o"


def _folder_text(block: BlockSource) -> str:
    return str(block.stage.block.folder)


def _explain(error: ToolError, blocks: tuple[BlockSource, ...], compiled: list[Path]) -> ToolError:
    """Turn a linker's complaint about a name that nothing defines into one that says whose it is."""
    by_object = {str(path): block for path, block in zip(compiled, blocks, strict=True)}
    for path, symbol in re.findall(r"(\S+\.o): undefined symbol: (\w+)", error.message):
        block = by_object.get(path)
        if block is not None:
            return ToolError(
                f"{block.stage.block.source} of the stage {block.stage.name} uses {symbol}, which there is not",
                hint="a proc block has no C library and no heap: rune_math.h has the functions of mathematics, "
                "and memcpy, memmove, memset, memcmp and strlen are there",
            )
        for block in blocks:
            if f"#define RUNE_PROC_BLOCK {symbol}\n" in block.header:
                return ToolError(
                    f"{block.stage.block.source} does not define the function RUNE_PROC_BLOCK",
                    hint="void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) { ... }",
                )
    return error


def _support_objects() -> list[Path]:
    """Return what every rune is linked with: our helpers, picolibc's math under our names, a little of its libc."""
    helpers = sorted((folder("targets") / "rune").glob("*.c"))
    math = [folder("targets") / "common" / "math" / f"{name}.c" for name in _MATH]
    libc = [picolibc.root() / "newlib" / "libc" / "string" / f"{name}.c" for name in _LIBC]

    def make(work: Path) -> None:
        for source in helpers:
            _compile(source, work / f"{source.stem}.o", [*_SUPPORT_FLAGS], f"compiling {source.name}")
        for source in libc:
            _compile(source, work / f"{source.stem}.o", ["-w", "-fno-builtin"], f"compiling {source.name}")
        for source in math:
            _compile(
                source,
                work / f"{source.stem}.o",
                ["-w", *picolibc.math_include_flags()],
                f"compiling {source.name}",
            )

    name = cache.key("support", *(path.read_text() for path in (*helpers, *libc, *math)), _headers_key())
    place = cache.entry("wasm-objects", name, make)
    return [place / f"{source.stem}.o" for source in (*helpers, *libc, *math)]


def _link(objects: list[Path], stack: int) -> Module:
    def make(work: Path) -> None:
        zig.compile_c(
            [
                "--target=wasm32-freestanding",
                "-nostdlib",
                "-Wl,--no-entry",
                f"-Wl,-z,stack-size={stack}",
                "-Wl,--export=__heap_base",
                f"-Wl,--export={_STAGE_SYMBOL}",
                "-Wl,--strip-all",
                "-Wl,--gc-sections",
                *objects,
                "-o",
                work / "linked.wasm",
            ],
            what="linking the rune",
        )

    name = cache.key("link", str(stack), *(path.read_bytes() for path in objects))
    return read_module((cache.entry("wasm-links", name, make) / "linked.wasm").read_bytes())


def _link_exactly(objects: list[Path]) -> tuple[Module, int]:
    """Link with the stack that the code needs: code and frames do not depend on the stack's size."""
    stack = stack_bytes(_link(objects, PAGE_SIZE))
    module = _link(objects, stack)
    if stack_bytes(module) != stack or module.globals[0] != (True, stack):
        raise InternalError("the linker did not place the stack first in the rune's memory")
    return module, stack


# --- assembling ---------------------------------------------------------------------------------------------


def _assemble(
    pipeline: Pipeline,
    module: Module,
    stack: int,
    arena: int,
    models: tuple[RuneModel, ...],
    blocks: tuple[StageMemory, ...],
) -> Rune:
    heap_base = next(item.index for item in module.exports if item.name == "__heap_base")
    end = module.globals[heap_base][1]
    stage_global = next(item.index for item in module.exports if item.name == _STAGE_SYMBOL)
    if end is None:
        raise InternalError("the linker gave no end of the rune's memory")
    total = -(-end // 16) * 16
    memory = MemoryLayout(total, stack, total - stack - arena, arena)
    exports = tuple(item for item in module.exports if item.name in abi.EXPORTS)
    replaced = {
        EXPORT: export_section(exports),
        MEMORY: memory_section(-(-total // PAGE_SIZE)),
    }
    sections = [replaced.get(section.id, section) for section in module.sections if section.id != CUSTOM]
    sections += _custom_sections(pipeline, memory, models, blocks, stage_global)
    data = Module(tuple(sections)).to_bytes()
    check_module(data)
    return read_rune(data, f"{pipeline.name}.rune")


def check_module(data: bytes) -> None:
    """Check that a module keeps the contract of docs/rune-format.md and is valid WebAssembly.

    Raises:
        InternalError: it does not; the compiler and linker should have seen to it.
        ToolError: wasm-validate is missing.
    """
    module = read_module(data)
    names = {item.name for item in module.exports}
    if names != set(abi.EXPORTS):
        raise InternalError(f"the rune exports {sorted(names)}")
    strangers = [item.name for item in module.imports if item.module != "env" or item.name not in abi.IMPORTS]
    if strangers:
        raise InternalError(f"the rune imports {', '.join(strangers)}")
    if module.reader(8) is not None or any(
        instruction.opcode == 0x40 for body in module.bodies for instruction in body
    ):
        raise InternalError("the rune has a start function or grows its memory")
    validate(data, "what the compiler made")


def _custom_sections(
    pipeline: Pipeline,
    memory: MemoryLayout,
    models: tuple[RuneModel, ...],
    blocks: tuple[StageMemory, ...],
    stage_global: int,
) -> list[Section]:
    used_by_blocks = {name for stage in pipeline.proc_blocks for name in stage.resources}
    only_models = {stage.resource for stage in pipeline.models} - used_by_blocks
    read = [
        (resource.name, b"" if resource.name in only_models else resource.data or b"")
        for resource in pipeline.resources
    ]
    return [
        json_section(VERSION, {"version": runeflash.__version__}),
        json_section(GRAPH, _graph(pipeline)),
        resource_section(tuple(read)),
        model_section(models),
        json_section(BLOCKS, [block.as_data() for block in blocks]),
        runeflash_section(memory, models, stage_global),
    ]


#: Any fixed namespace: the graph's tensor names are UUIDs made from the names of stages.
_NAMESPACE = uuid.UUID("6f0a4d0e-6a3f-5a39-8c3b-52554e45464c")


def _graph(pipeline: Pipeline) -> dict[str, Any]:
    """Return the pipeline in the form of ``.rune_graph`` of the reference, 0.8 to 0.11."""

    def tensor(stage: str, output: int) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{pipeline.name}/{stage}.{output}"))

    def outputs(name: str) -> list[str]:
        return [tensor(name, number) for number in range(len(pipeline.stage(name).outputs))]

    def inputs(stage: ProcBlockStage | ModelStage | OutStage) -> list[str]:
        return [tensor(reference.stage, reference.output) for reference in stage.inputs]

    graph: dict[str, Any] = {
        "rune": {"name": pipeline.name},
        "capabilities": {
            stage.name: {
                "kind": {"type": GRAPH_KINDS[stage.kind.name]},
                "args": {key: _text(value) for key, value in stage.parameters.items()},
                "outputs": outputs(stage.name),
            }
            for stage in pipeline.capabilities
        },
        "models": {
            stage.name: {
                "file": stage.file if stage.file is not None else f"${stage.resource}",
                "args": {},
                "inputs": inputs(stage),
                "outputs": outputs(stage.name),
            }
            for stage in pipeline.models
        },
        "proc-blocks": {
            stage.name: {
                "path": stage.block.name,
                "args": {key: _text(value) for key, value in stage.arguments.items()},
                "inputs": inputs(stage),
                "outputs": outputs(stage.name),
            }
            for stage in pipeline.proc_blocks
        },
        "outputs": {
            stage.name: {"kind": {"type": stage.kind.name.lower()}, "args": {}, "inputs": inputs(stage)}
            for stage in pipeline.outs
        },
        "resources": {
            resource.name: {
                "default_value": {"FromDisk": resource.path}
                if resource.path is not None
                else {"Inline": resource.inline}
                if resource.inline is not None
                else None,
                "ty": resource.kind.value,
            }
            for resource in pipeline.resources
        },
        "tensors": {
            tensor(stage.name, number): {
                "element_type": "String" if output.element is ElementType.UTF8 else output.element.name,
                "dimensions": list(output.dimensions),
            }
            for stage in map(pipeline.stage, pipeline.declared)
            for number, output in enumerate(stage.outputs)
        },
    }
    return {key: value for key, value in graph.items() if value}


def _text(value: object) -> str:
    """Return an argument as text: whole floats without a point, lines joined, as the reference stores them."""
    if isinstance(value, tuple):
        return "\n".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
