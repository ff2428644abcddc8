"""A rune's image with an engine and a harness, linked for an emulated Cortex-M4F that has nothing but memory."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runeflash.firmware import flags
from runeflash.resources import folder
from runeflash.toolchain import cache, zig
from runeflash.toolchain.process import run_tool


def link_for_core(files: Sequence[Path], harness: Path, engine: str, toolchain: str, work: Path) -> Path:
    """Return the program's ELF file, in ``work``; the objects of runtime and engine are compiled once for all.

    Args:
        files: the image's C.
        harness: the C that has ``main``.
        engine: wasm3 or aot.
        toolchain: auto, gcc or zig.
        work: a folder for this program alone.
    """
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    targets = folder("targets")
    measure = targets / "measure"
    includes = [f"-I{path}" for path in flags.include_folders()] + flags.libc_includes()
    command = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, *includes]
    environment = {**zig.environment(), **flags.tool_environment()}

    def compile_all(jobs: list[tuple[Path, list[str]]], to: Path) -> None:
        def job(source: Path, extra: list[str]) -> None:
            run_tool([*command, *extra, "-c", source, "-o", to / f"{source.stem}.o"], what="", environment=environment)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(job, *zip(*jobs, strict=True)))

    groups = flags.source_groups(engine, tools.small)

    def make(to: Path) -> None:
        jobs = [(source, extra) for _, sources, extra in groups for source in sources]
        compile_all([*jobs, (measure / "measure_start.c", [*flags.OWN])], to)

    trees = (cache.tree_key(targets / "common"), cache.tree_key(measure))
    key = cache.key("core", engine, repr((command, groups)), *trees)
    shared = cache.entry("test-objects", key, make)
    image = [(path, [*(flags.RUNE_CODE if path.name == flags.RUNE_CODE_FILE else flags.PROJECT)]) for path in files]
    compile_all([*image, (harness, [*flags.OWN])], work)
    program = work / "program.elf"
    link = [*command, *tools.link, "-Wl,--gc-sections", f"-Wl,-T,{measure / 'measure.ld'}", "-o", program]
    objects = [*sorted(work.glob("*.o")), *sorted(shared.glob("*.o")), f"-l{tools.support_library}"]
    run_tool([*link, *objects], what="linking the harness", environment=environment)
    return program
