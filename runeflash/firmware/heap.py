"""How much heap wasm3 needs for a rune, to the byte, and how deep the C stack gets while it loads one.

wasm3 allocates only while it loads a module, and the amounts depend on the module and on the
layout of its structures on a 32-bit core. So its loader is compiled once for a Cortex-M4F and run on
an emulated one with each rune; the heap of the firmware is then exactly what was used.
"""

from __future__ import annotations

import json
import shlex
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from runeflash.errors import InternalError, UserError
from runeflash.firmware import flags
from runeflash.firmware.flags import FirmwareTools
from runeflash.resources import folder
from runeflash.toolchain import cache, zig
from runeflash.toolchain.process import run_tool

_ROOM = 0x400000  # of the program's buffers for the module, and for the heap: targets/measure/programs/engine_heap.c


@dataclass(frozen=True)
class EngineNeeds:
    """Bytes that the engine needs for a rune: heap (the linear memory included), and C stack while it loads."""

    heap: int
    loading_stack: int


def engine_needs(stripped: bytes, tools: FirmwareTools, *, profile: bool = False) -> EngineNeeds:
    """Return what the engine needs for a rune, in the form that the firmware embeds.

    Args:
        stripped: the rune.
        tools: the firmware's compiler: frames on the C stack are its own.
        profile: whether the firmware measures itself, so that the rune has an import more.

    Raises:
        UserError: the loader refuses the rune.
        InternalError: the rune is too large to be measured.
    """
    if len(stripped) > _ROOM:
        raise InternalError(f"the rune has {len(stripped):,} bytes; at most {_ROOM:,} can be measured")

    def make(work: Path) -> None:
        from runeflash.virtual.measure import run_program  # unicorn is slow to import

        result = run_program(
            _program(tools, profile),
            inputs={"module_length": struct.pack("<I", len(stripped)), "module": stripped},
            outputs={"heap_used": 4, "stack_used": 4, "status": 4},
        )
        heap, stack, status = (struct.unpack("<I", result.outputs[name])[0] for name in result.outputs)
        if status != 0:
            raise UserError(
                f"wasm3 cannot load the rune (status {status}): one of its functions is too large for the engine",
                hint="split the proc block into smaller functions",
            )
        (work / "needs.json").write_text(json.dumps({"heap": heap, "loading_stack": stack}))

    name = cache.key("engine-needs", stripped, _program_key(tools, profile))
    return EngineNeeds(**json.loads((cache.entry("engine-needs", name, make) / "needs.json").read_text()))


def _program_key(tools: FirmwareTools, profile: bool) -> str:
    targets = folder("targets")
    return cache.key(
        cache.tree_key(targets / "common", "**/*.[chl]*"),
        cache.tree_key(targets / "measure"),
        tools.name,
        tools.version,
        *tools.small,
        str(profile),
    )


def _program(tools: FirmwareTools, profile: bool) -> Path:
    """Return the ELF file of the measuring program."""
    key = _program_key(tools, profile)
    return cache.entry("measure", key, lambda work: _build(work, tools, profile)) / "engine_heap.elf"


def _build(work: Path, tools: FirmwareTools, profile: bool) -> None:
    measure = folder("targets") / "measure"
    includes = [f"-I{path}" for path in flags.include_folders()] + flags.libc_includes()
    common = [*tools.machine, *flags.SEMANTICS, *includes]
    groups = flags.source_groups("wasm3", tools.small, profile=profile)
    measuring = ["-DRUNE_PROFILE"] if profile else []
    programs = [*sorted(measure.glob("*.c")), measure / "programs" / "engine_heap.c"]
    groups.append(("measure", programs, [*flags.OWN, *tools.small, *measuring]))

    def compile_source(name: str, source: Path, extra: list[str]) -> Path:
        output = work / f"{name}-{source.stem}.o"
        _run(tools, [*common, *extra, "-c", source, "-o", output], what=f"compiling {source.name}")
        return output

    jobs = [(name, source, extra) for name, sources, extra in groups for source in sources]
    with ThreadPoolExecutor() as pool:
        objects = list(pool.map(lambda job: compile_source(*job), jobs))
    _run(
        tools,
        [
            *tools.machine,
            *tools.link,
            "-Wl,--gc-sections",
            f"-Wl,-T,{measure / 'measure.ld'}",
            *objects,
            f"-l{tools.support_library}",
            "-o",
            work / "engine_heap.elf",
        ],
        what="linking the measuring program",
    )
    for path in objects:
        path.unlink()


def _run(tools: FirmwareTools, arguments: list[str | Path], *, what: str) -> None:
    command = [*shlex.split(tools.compiler), *map(str, arguments)]
    run_tool(command, what=what, environment=zig.environment())
