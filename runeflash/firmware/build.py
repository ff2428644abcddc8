"""Rune and board to firmware: a PlatformIO project, an image, and a report of what it takes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import runeflash
from runeflash.boards.board import Board
from runeflash.errors import ToolError, UserError
from runeflash.firmware import flags
from runeflash.firmware.elf_tool import Elf, flash_image, intel_hex, read_elf
from runeflash.firmware.generate import GeneratedImage, build_id, compile_models, embedded_rune, generate_image
from runeflash.firmware.heap import engine_needs
from runeflash.firmware.least_budget import check_entries, check_inferences
from runeflash.firmware.module import firmware_module
from runeflash.firmware.options import BuildOptions
from runeflash.firmware.report import FlashUse, RamUse, check_fit, does_not_fit, ram_methods
from runeflash.firmware.stack import StackBound, stack_bound
from runeflash.firmware.tail_calls import check_tail_calls
from runeflash.firmware.watchdog import watchdog_milliseconds
from runeflash.resources import folder
from runeflash.rune.container import Rune
from runeflash.templating import c_comment, render
from runeflash.toolchain import cache, platformio
from runeflash.toolchain.lock import folder_lock

REPORT = "report.json"
_ARTEFACTS = ("firmware.elf", "firmware.bin", "firmware.hex")


@dataclass(frozen=True)
class Firmware:
    """A finished build.

    Attributes:
        folder: ``build/BOARD``.
        flash, ram: what it takes.
        flash_limit, ram_limit: what the board has, in bytes.
        toolchain: compiler and version.
        fresh: False when an earlier build with the same inputs was taken as it stands.
    """

    folder: Path
    build_id: str
    flash: FlashUse
    ram: RamUse
    flash_limit: int
    ram_limit: int
    toolchain: str
    fresh: bool

    @property
    def image(self) -> Path:
        """The file that is flashed."""
        return self.folder / "firmware.bin"

    @property
    def report(self) -> Path:
        """The report as JSON."""
        return self.folder / REPORT


def build_firmware(
    rune: Rune,
    options: BuildOptions,
    output: Path,
    *,
    progress: Callable[[str], None] = lambda step: None,
    on_tool_output: Callable[[str], None] = lambda text: None,
) -> Firmware:
    """Build the firmware of a rune.

    Args:
        rune: the rune.
        options: the board and how to build for it.
        output: the folder to write, ``build/BOARD``.
        progress: told the name of each step.
        on_tool_output: given what the tools printed.

    Raises:
        UserError: a capability that the board does not have, a model that is not supported, or no room.
        ToolError: a compiler or PlatformIO failed.
    """
    _check_capabilities(rune, options)
    watchdog = watchdog_milliseconds(options)
    board = options.board
    tools = flags.firmware_tools(options.toolchain, board.cpu, board.fpu)
    identity = build_id(
        rune.data,
        board.id,
        *(path.read_bytes() for path in (board.path, *board.own_files())),
        options.sensors,
        options.engine,
        str(options.interval_ms),
        str(options.budget),
        ",".join(options.disabled_passes),
        str(options.profile),
        f"{tools.name} {tools.version}",
        runeflash.__version__,
        _sources_key(),
    )
    with folder_lock(output):
        finished = _finished(output, identity, board)
        if finished is not None:
            return finished
        (output / REPORT).unlink(missing_ok=True)
        progress("compiling the models")
        models = compile_models(rune, options.disabled_passes)
        check_inferences(models, options.budget, board)
        progress("checking the rune")
        module = firmware_module(rune, models, profile=options.profile)
        check_entries(module, options.budget, board)
        needs = None
        if options.engine == "wasm3":
            progress("measuring the engine")
            needs = engine_needs(embedded_rune(rune, module, options.engine), tools, profile=options.profile)
        heap = needs.heap if needs else 0
        image = generate_image(
            rune,
            module,
            models,
            engine=options.engine,
            build_id=identity,
            heap_bytes=heap,
            budget=options.budget,
            watchdog_ms=watchdog,
            interval_ms=options.interval_ms,
            stream_sensors=options.sensors == "stream",
            profile=options.profile,
        )
        _check_known_parts(image, rune, heap, options)
        project = output / "project"
        _write(output / f"{_file_name(rune.name)}.rune", rune.data)
        elf_path = output / "firmware.elf"
        reserve = _last_reserve(options, tools.name)
        while True:
            _write_project(project, image, rune, options, tools.name, reserve)
            progress(f"building with PlatformIO and {tools.name}")
            try:
                on_tool_output(
                    platformio.run(["run", "--project-dir", str(project)], what="building the firmware with PlatformIO")
                )
            except ToolError as error:
                raise _explain(error, image, rune, heap, reserve, options) from error
            progress("checking the image")
            shutil.copyfile(project / ".pio" / "build" / board.id / "firmware.elf", elf_path)
            if options.engine == "wasm3":
                check_tail_calls(elf_path)
            stack = stack_bound(elf_path, module, needs.loading_stack if needs else None)
            if stack.total == reserve:
                break
            # No frame depends on where the stack lies: the second image has the same bound.
            reserve = stack.total
            _check_stack(stack, options)
        _remember_reserve(options, tools.name, reserve)
        elf = read_elf(elf_path)
        _write(output / "firmware.bin", flash_image(elf))
        _write(output / "firmware.hex", intel_hex(elf).encode())
        flash, ram = _measure(elf, image, rune, heap, reserve, options)
        check_fit(flash, ram, board.flash.length, board.ram.length, board.id)
        _write_report(
            output, identity, watchdog, flash, ram, stack, rune, image, options, f"{tools.name} {tools.version}"
        )
    return Firmware(
        output,
        identity,
        flash,
        ram,
        board.flash.length,
        board.ram.length,
        f"{tools.name} {tools.version}",
        True,
    )


def _check_capabilities(rune: Rune, options: BuildOptions) -> None:
    missing = [kind for kind in rune.capability_kinds if kind not in options.board.capabilities(options.sensors)]
    if missing:
        raise UserError(
            f"{options.board.id} with --sensors {options.sensors} has no {' and no '.join(missing)}, "
            f"which {rune.name} needs",
            hint="build with --sensors stream: the host then plays recordings into the board",
        )


def _sources_key() -> str:
    """Return a hash of everything that comes from the installation: C, linker scripts, build scripts, templates."""
    return cache.key(cache.tree_key(folder("targets")), cache.tree_key(folder("templates")))


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name) or "rune"


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and leave one that has this content already (its time tells SCons)."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(path.name + ".part")
    work.write_bytes(data)
    work.replace(path)


def _write_project(
    project: Path, image: GeneratedImage, rune: Rune, options: BuildOptions, toolchain: str, stack: int
) -> None:
    board = options.board
    context = {
        "name": c_comment(rune.name),
        "board": board.id,
        "platform": board.family,
        "toolchain": toolchain,
        "engine": options.engine,
        "profile": "yes" if options.profile else "no",
        "stack": stack,
        "version": runeflash.__version__,
    }
    files = {
        "platformio.ini": render("firmware/platformio.ini.j2", project=context),
        "README.md": render("firmware/README.md.j2", project=context),
        "src/main.c": render("firmware/main.c.j2", image={"comment_name": c_comment(rune.name), "board": board.id}),
        **{f"src/{name}": text for name, text in image.files.items()},
    }
    for stale in (project / "src").glob("*.c") if project.is_dir() else ():
        if f"src/{stale.name}" not in files:
            stale.unlink()
    for name, text in files.items():
        _write(project / name, text.encode())
    # With what lies beside it of its own: the project is whole, and the same wherever that is.
    for path in (board.path, *board.own_files()):
        _write(project / "boards" / os.path.relpath(path, board.path.parent), path.read_bytes())


# --- the stack ----------------------------------------------------------------------------------------------


def _reserve_file(options: BuildOptions, toolchain: str) -> Path:
    name = cache.key(options.board.id, options.engine, options.sensors, str(options.profile), toolchain)
    return cache.cache_folder() / "stack-reserves" / name


def _last_reserve(options: BuildOptions, toolchain: str) -> int:
    """Return what the last build of this kind reserved: most likely right, which saves linking a second time."""
    try:
        reserve = int(_reserve_file(options, toolchain).read_text())
    except (OSError, ValueError):
        return options.board.stack
    return min(max(reserve, 8), options.board.stack)


def _remember_reserve(options: BuildOptions, toolchain: str, reserve: int) -> None:
    _write(_reserve_file(options, toolchain), str(reserve).encode())


def _check_stack(stack: StackBound, options: BuildOptions) -> None:
    """Refuse an image that can take more of the stack than the board allows."""
    if stack.total > options.board.stack:
        raise UserError(
            f"the firmware can take {stack.total:,} bytes of C stack, "
            f"but runeflash.memory.stack in {options.board.path.name} allows {options.board.stack:,}; "
            f"the deepest way is {' → '.join(stack.path)}",
            hint="a proc block nests calls or blocks (a switch with many cases, if in if) too deep: split it",
        )


# --- sizes --------------------------------------------------------------------------------------------------


def _engine_heap(heap: int, rune: Rune) -> int:
    """Return what an engine with a heap needs besides the linear memory, which lies in it."""
    return heap - rune.memory.total if heap else 0


def _weights(image: GeneratedImage) -> int:
    return sum(model.weight_bytes for model in image.models)


def _check_known_parts(image: GeneratedImage, rune: Rune, heap: int, options: BuildOptions) -> None:
    """Refuse before any compiler runs what can be seen not to fit."""
    flash = FlashUse(0, _weights(image), image.rune_bytes, 0)
    ram = RamUse(_engine_heap(heap, rune), rune.memory.total, image.arena_bytes, 0, 0)
    board = options.board
    check_fit(flash, ram, board.flash.length, board.ram.length, board.id)


def _explain(
    error: ToolError, image: GeneratedImage, rune: Rune, heap: int, stack: int, options: BuildOptions
) -> ToolError | UserError:
    """Turn a linker's complaint about a full region into one that says what fills it."""
    match = re.search(r"[`'](FLASH|RAM)'[^\n]*overflowed by (\d+) bytes", error.message)
    if match is None:
        told = [line for line in error.message.splitlines() if not re.match(r"\s*(Compiling|Linking|Writing) ", line)]
        return ToolError("\n".join(told), hint=error.hint)
    region, excess = match[1], int(match[2])
    board = options.board
    known: dict[str, int]
    if region == "FLASH":
        limit = board.flash.length
        known = {"model_weights": _weights(image), "rune": image.rune_bytes}
        rest = "code"
    else:
        limit = board.ram.length
        known = {
            "engine_heap": _engine_heap(heap, rune),
            "linear_memory": rune.memory.total,
            "model_arena": image.arena_bytes,
            "stack": stack,
        }
        rest = "static_data"
    known[rest] = max(limit + excess - sum(known.values()), 0)
    return does_not_fit("flash" if region == "FLASH" else "RAM", known, limit + excess, limit, board.id)


def _measure(
    elf: Elf, image: GeneratedImage, rune: Rune, heap: int, stack: int, options: BuildOptions
) -> tuple[FlashUse, RamUse]:
    board = options.board
    ram_total = elf.ram_bytes(board.ram.origin, board.ram.length)
    initial = sum(size for name, address, size in elf.sections if name == ".data" and address >= board.ram.origin)
    flash = FlashUse(
        elf.flash_bytes - _weights(image) - image.rune_bytes - initial,
        _weights(image),
        image.rune_bytes,
        initial,
    )
    parts = (_engine_heap(heap, rune), rune.memory.total, image.arena_bytes, stack)
    return flash, RamUse(*parts, ram_total - sum(parts))


# --- the report ---------------------------------------------------------------------------------------------


def _write_report(
    output: Path,
    identity: str,
    watchdog: int,
    flash: FlashUse,
    ram: RamUse,
    stack: StackBound,
    rune: Rune,
    image: GeneratedImage,
    options: BuildOptions,
    toolchain: str,
) -> None:
    board = options.board
    content: dict[str, Any] = {
        "runeflash": runeflash.__version__,
        "rune": rune.name,
        "build": identity,
        "board": board.id,
        # from here, so that the whole may be moved; built_for() reads it
        "board_file": _board_file(board, output),
        "engine": options.engine,
        "sensors": options.sensors,
        "toolchain": toolchain,
        "interval_ms": options.interval_ms,
        "budget": options.budget,
        "profile": options.profile,
        "watchdog_ms": watchdog,
        "flash": {"limit": board.flash.length, "used": flash.total, **asdict(flash)},
        "ram": {"limit": board.ram.length, "used": ram.total, **asdict(ram)},
        "methods": ram_methods(options.engine),
        "stack": asdict(stack),
        "linear_memory": asdict(rune.memory),
        "proc_blocks": [block.as_data() for block in rune.blocks],
        "models": [
            {
                "name": model.name,
                "sha256": model.sha256.hex(),
                "given_macs": model.given_macs,
                "macs": model.macs,
                "weight_bytes": model.weight_bytes,
                "arena_bytes": model.arena_bytes,
                "peak_live_bytes": model.peak_live_bytes,
                "passes": [asdict(result) for result in model.passes],
                "layers": [asdict(layer) for layer in model.layers],
            }
            for model in image.models
        ],
        "files": {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in _ARTEFACTS},
    }
    _write(output / REPORT, (json.dumps(content, indent=2, default=str) + "\n").encode())


def _board_file(board: Board, output: Path) -> str | None:
    """Return the path of the file of a board of the user's own, None for one of ours."""
    return os.path.relpath(board.path, output) if board.is_own else None


def _finished(output: Path, identity: str, board: Board) -> Firmware | None:
    """Return the build that stands in a folder, if it has this identity and its files are as they were written."""
    try:
        content = json.loads((output / REPORT).read_text())
        if content["build"] != identity or content["board_file"] != _board_file(board, output):
            return None
        for name in _ARTEFACTS:
            if hashlib.sha256((output / name).read_bytes()).hexdigest() != content["files"][name]:
                return None
        flash = FlashUse(**{key: content["flash"][key] for key in FlashUse.__dataclass_fields__})
        ram = RamUse(**{key: content["ram"][key] for key in RamUse.__dataclass_fields__})
        return Firmware(
            output,
            identity,
            flash,
            ram,
            content["flash"]["limit"],
            content["ram"]["limit"],
            content["toolchain"],
            False,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
