"""Rune and board to firmware: a PlatformIO project, an image, and a report of what it takes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import runeflash
from runeflash.errors import ToolError, UserError
from runeflash.firmware import flags
from runeflash.firmware.elf_tool import Elf, flash_image, intel_hex, read_elf
from runeflash.firmware.generate import GeneratedImage, build_id, compile_models, generate_image
from runeflash.firmware.heap import EngineNeeds, engine_needs
from runeflash.firmware.options import BuildOptions
from runeflash.firmware.report import FlashUse, RamUse, check_fit, does_not_fit
from runeflash.firmware.tail_calls import check_tail_calls
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
    board = options.board
    tools = flags.firmware_tools(options.toolchain, board.cpu, board.fpu)
    identity = build_id(
        rune.data,
        board.path.read_bytes(),
        options.sensors,
        options.engine,
        str(options.interval_ms),
        ",".join(options.disabled_passes),
        f"{tools.name} {tools.version}",
        runeflash.__version__,
        _sources_key(),
    )
    with folder_lock(output):
        finished = _finished(output, identity)
        if finished is not None:
            return finished
        (output / REPORT).unlink(missing_ok=True)
        progress("compiling the models")
        models = compile_models(rune, options.disabled_passes)
        progress("measuring the engine")
        needs = engine_needs(rune)
        _check_stack(needs, options)
        heap = needs.heap
        image = generate_image(
            rune,
            models,
            build_id=identity,
            heap_bytes=heap,
            interval_ms=options.interval_ms,
            stream_sensors=options.sensors == "stream",
        )
        _check_known_parts(image, rune, heap, options)
        project = output / "project"
        _write_project(project, image, rune, options, tools.name)
        _write(output / f"{_file_name(rune.name)}.rune", rune.data)
        progress(f"building with PlatformIO and {tools.name}")
        try:
            on_tool_output(
                platformio.run(["run", "--project-dir", str(project)], what="building the firmware with PlatformIO")
            )
        except ToolError as error:
            raise _explain(error, image, rune, heap, options) from error
        progress("checking the image")
        elf_path = output / "firmware.elf"
        shutil.copyfile(project / ".pio" / "build" / board.id / "firmware.elf", elf_path)
        if options.engine == "wasm3":
            check_tail_calls(elf_path)
        elf = read_elf(elf_path)
        _write(output / "firmware.bin", flash_image(elf))
        _write(output / "firmware.hex", intel_hex(elf).encode())
        flash, ram = _measure(elf, image, rune, heap, options)
        check_fit(flash, ram, board.flash.length, board.ram.length, board.id)
        _write_report(output, identity, flash, ram, rune, image, options, f"{tools.name} {tools.version}")
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


def _write_project(project: Path, image: GeneratedImage, rune: Rune, options: BuildOptions, toolchain: str) -> None:
    board = options.board
    context = {
        "name": c_comment(rune.name),
        "board": board.id,
        "platform": board.family,
        "toolchain": toolchain,
        "engine": options.engine,
        "version": runeflash.__version__,
    }
    files = {
        "platformio.ini": render("firmware/platformio.ini.j2", project=context),
        "README.md": render("firmware/README.md.j2", project=context),
        f"boards/{board.id}.json": board.path.read_text(),
        "src/main.c": render("firmware/main.c.j2", image={"comment_name": c_comment(rune.name), "board": board.id}),
        **{f"src/{name}": text for name, text in image.files.items()},
    }
    for stale in (project / "src").glob("*.c") if project.is_dir() else ():
        if f"src/{stale.name}" not in files:
            stale.unlink()
    for name, text in files.items():
        _write(project / name, text.encode())


#: What lies on the stack besides the loader: the runtime's own frames, and an interrupt with its floating-point frame.
_STACK_BESIDES_LOADER = 1024


def _check_stack(needs: EngineNeeds, options: BuildOptions) -> None:
    """Refuse a rune whose code nests so deep that loading it would overflow the board's C stack."""
    wanted = needs.loading_stack + _STACK_BESIDES_LOADER
    if wanted > options.board.stack:
        raise UserError(
            f"loading the rune takes {wanted:,} bytes of C stack, "
            f"but {options.board.id} reserves {options.board.stack:,}",
            hint="a proc block nests blocks (a switch with many cases, if in if) too deep: split it into functions",
        )


# --- sizes --------------------------------------------------------------------------------------------------


def _weights(image: GeneratedImage) -> int:
    return sum(model.weight_bytes for model in image.models)


def _check_known_parts(image: GeneratedImage, rune: Rune, heap: int, options: BuildOptions) -> None:
    """Refuse before any compiler runs what can be seen not to fit."""
    flash = FlashUse(0, _weights(image), image.rune_bytes, 0)
    ram = RamUse(heap - rune.memory.total, rune.memory.total, image.arena_bytes, options.board.stack, 0)
    board = options.board
    check_fit(flash, ram, board.flash.length, board.ram.length, board.id)


def _explain(
    error: ToolError, image: GeneratedImage, rune: Rune, heap: int, options: BuildOptions
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
            "engine_heap": heap - rune.memory.total,
            "linear_memory": rune.memory.total,
            "model_arena": image.arena_bytes,
            "stack": board.stack,
        }
        rest = "static_data"
    known[rest] = max(limit + excess - sum(known.values()), 0)
    return does_not_fit("flash" if region == "FLASH" else "RAM", known, limit + excess, limit, board.id)


def _measure(elf: Elf, image: GeneratedImage, rune: Rune, heap: int, options: BuildOptions) -> tuple[FlashUse, RamUse]:
    board = options.board
    ram_total = elf.ram_bytes(board.ram.origin, board.ram.length)
    initial = sum(size for name, address, size in elf.sections if name == ".data" and address >= board.ram.origin)
    flash = FlashUse(
        elf.flash_bytes - _weights(image) - image.rune_bytes - initial,
        _weights(image),
        image.rune_bytes,
        initial,
    )
    parts = (heap - rune.memory.total, rune.memory.total, image.arena_bytes, board.stack)
    return flash, RamUse(*parts, ram_total - sum(parts))


# --- the report ---------------------------------------------------------------------------------------------


def _write_report(
    output: Path,
    identity: str,
    flash: FlashUse,
    ram: RamUse,
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
        "engine": options.engine,
        "sensors": options.sensors,
        "toolchain": toolchain,
        "interval_ms": options.interval_ms,
        "flash": {"limit": board.flash.length, "used": flash.total, **asdict(flash)},
        "ram": {"limit": board.ram.length, "used": ram.total, **asdict(ram)},
        "linear_memory": asdict(rune.memory),
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


def _finished(output: Path, identity: str) -> Firmware | None:
    """Return the build that stands in a folder, if it has this identity and its files are as they were written."""
    try:
        content = json.loads((output / REPORT).read_text())
        if content["build"] != identity:
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
