"""The same runtime and the same C as on a board, built as a program for this computer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import runeflash
from runeflash.firmware import flags
from runeflash.firmware.generate import build_id, compile_models, generate_image
from runeflash.firmware.least_budget import check_entries, check_inferences
from runeflash.firmware.module import firmware_module
from runeflash.firmware.options import DEFAULT_BUDGET
from runeflash.resources import folder
from runeflash.rune.container import Rune
from runeflash.toolchain import cache, picolibc, zig

#: wasm3 needs more here than on a 32-bit core (pointers are twice as long); the pages cost nothing until used.
_EXTRA_HEAP = 0x400000


def host_program(
    rune: Rune,
    *,
    engine: str = "wasm3",
    budget: int = DEFAULT_BUDGET,
    interval_ms: int = 0,
    disabled_passes: tuple[str, ...] = (),
    profile: bool = False,
) -> Path:
    """Return the program that runs a rune on this computer, building what is not in the cache.

    With ``profile`` it prints a ``profile`` line after each call, by this computer's clock.

    Raises:
        UserError: a model is damaged or has what is not supported, or the budget does not pay for a call.
        ToolError: a compiler failed.
    """

    def make(work: Path) -> None:
        models = compile_models(rune, disabled_passes)
        check_inferences(models, budget, None)
        module = firmware_module(rune, models, profile=profile)
        check_entries(module, budget, None)
        image = generate_image(
            rune,
            module,
            models,
            engine=engine,
            build_id=build_id(rune.data),
            heap_bytes=rune.memory.total + _EXTRA_HEAP if engine == "wasm3" else 0,
            budget=budget,
            watchdog_ms=0,
            interval_ms=interval_ms,
            stream_sensors=True,
            profile=profile,
        )
        sources = []
        for name, text in image.files.items():
            (work / name).write_text(text)
            sources.append(work / name)
        command: list[str | Path] = [*_flags(), *zig.WARNING_FLAGS, "-O2", f"-I{_common()}"]
        zig.compile_c(
            [*command, *sources, *runtime_objects(engine, profile=profile), "-o", work / "rune"],
            what="building the rune for this computer",
        )

    shaping = (engine, str(budget), str(interval_ms), str(profile), *disabled_passes)
    name = cache.key("host", rune.data, runeflash.__version__, _sources_key(), *shaping)
    return cache.entry("host-programs", name, make) / "rune"


def _common() -> Path:
    return folder("targets") / "common"


def _flags() -> list[str | Path]:
    return [*zig.host_flags()]


def _sources_key() -> str:
    targets = folder("targets")
    return cache.key(
        cache.tree_key(targets / "common"),
        cache.tree_key(targets / "host"),
        cache.tree_key(folder("templates")),
        zig.version(),
        zig.host_target(),
    )


def runtime_objects(engine: str, *, profile: bool = False) -> list[Path]:
    """Return the objects of the runtime, the engine and the math functions, each group of them compiled once."""
    # The C library is the computer's own; only the math that must be equal everywhere is picolibc's.
    math_includes = [*picolibc.libc_include_flags(), *picolibc.math_include_flags()]
    groups: list[tuple[str, list[Path], list[str]]] = []
    for name, sources, extra in flags.source_groups(engine, profile=profile):
        if name == "math":
            groups.append((name, sources, ["-w", "-ffreestanding", *math_includes]))
        elif name not in {"libc", "libm"}:
            groups.append((name, sources, extra))
    groups.append(("host", sorted((folder("targets") / "host").glob("*.c")), [*flags.OWN]))
    return [path for group in groups for path in _group_objects(*group)]


def _group_objects(name: str, sources: list[Path], extra: list[str]) -> list[Path]:
    def make(work: Path) -> None:
        def compile_source(source: Path) -> None:
            zig.compile_c(
                [*_flags(), *extra, f"-I{_common()}", "-c", source, "-o", work / f"{name}-{source.stem}.o"],
                what=f"compiling {source.name} for this computer",
            )

        with ThreadPoolExecutor() as pool:
            list(pool.map(compile_source, sources))

    key = cache.key("host-objects", _sources_key(), name, *(source.name for source in sources), *extra)
    return sorted(cache.entry("host-objects", key, make).glob("*.o"))
