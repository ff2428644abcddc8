"""A module of random_modules.py in an engine: compiled with engine_harness.c, for this computer or a Cortex-M4F."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import wasmtime
from core_program import link_for_core

from runeflash.firmware import host
from runeflash.firmware.generate import generate_image
from runeflash.firmware.module import firmware_module
from runeflash.resources import folder
from runeflash.rune.container import MemoryLayout, Rune, read_rune, runeflash_section
from runeflash.rune.wasm import Module
from runeflash.toolchain import cache, zig
from runeflash.toolchain.process import run_tool
from runeflash.virtual.measure import run_program

HARNESS = Path(__file__).resolve().parents[1] / "firmware" / "engine_harness.c"
_OUTCOME = struct.Struct("<I44sQII")
_BUDGET = (1 << 31) - 1
_HEAP = 0x400000
_FUEL = 300_000

_STATUS_OK = 0
#: What wasmtime calls the traps that the engines name in words.
_TRAPS = {
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "out of bounds memory access",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "integer divide by zero",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "integer overflow",
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: "invalid conversion to integer",
    wasmtime.TrapCode.UNREACHABLE: "unreachable executed",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "undefined element",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "null table element",
    wasmtime.TrapCode.BAD_SIGNATURE: "indirect call type mismatch",
    wasmtime.TrapCode.STACK_OVERFLOW: "stack overflow",
}


@dataclass(frozen=True)
class Outcome:
    """What a call came to: why it trapped, or its result and the memory's CRC-32 after it."""

    trap: str
    result: int = 0
    memory: int = 0


def assemble(text: str) -> bytes:
    """Assemble a module."""
    tool = shutil.which("wat2wasm", path=sysconfig.get_path("scripts"))
    assert tool is not None

    def make(work: Path) -> None:
        (work / "module.wat").write_text(text)
        run_tool([tool, work / "module.wat", "-o", work / "module.wasm"], what="assembling")

    return (cache.entry("test-wasm", cache.key(text), make) / "module.wasm").read_bytes()


def as_rune(wasm: bytes, stage_global: int | None = None) -> Rune:
    """Return a module with one whole page of memory as a rune."""
    section = runeflash_section(MemoryLayout(65536, 0, 0, 0), (), stage_global)
    return read_rune(wasm + Module((section,)).to_bytes()[8:], "test.rune")


def in_wasmtime(wasm: bytes, count: int) -> list[Outcome | None]:
    """Run every call in wasmtime; None for one that takes too long to be compared."""
    import zlib

    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module(engine, wasm)
    outcomes: list[Outcome | None] = []
    for number in range(count):
        store = wasmtime.Store(engine)
        store.set_fuel(_FUEL)
        exports = wasmtime.Instance(store, module, []).exports(store)
        memory, call = exports["memory"], exports["_call"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(call, wasmtime.Func)
        memory.write(store, struct.pack("<I", number), 0)
        try:
            call(store, 0, 0, 0)
        except wasmtime.Trap as trap:
            known = trap.trap_code in _TRAPS
            outcomes.append(Outcome(_TRAPS[trap.trap_code]) if known else None)  # type: ignore[index]
            continue
        content = bytes(memory.read(store, 0, 65536))
        outcomes.append(Outcome("", struct.unpack_from("<Q", content, 4)[0], zlib.crc32(content[12:])))
    return outcomes


def _files(rune: Rune, engine: str, work: Path, *, profile: bool = False) -> list[Path]:
    heap = _HEAP if engine == "wasm3" else 0
    image = generate_image(
        rune,
        firmware_module(rune, profile=profile),
        (),
        engine=engine,
        build_id="0",
        heap_bytes=heap,
        budget=_BUDGET,
        watchdog_ms=0,
        interval_ms=0,
        stream_sensors=False,
        profile=profile,
    )
    for name, text in image.files.items():
        (work / name).write_text(text)
    return [work / name for name in image.files]


def on_this_computer(rune: Rune, engine: str, wanted: str, work: Path, *, profile: bool = False) -> list[Outcome]:
    """Run the wanted calls (a "1" for each, a "0" for the others) in an engine on this computer."""
    runtime = host.runtime_objects(engine, profile=profile)
    objects = [path for path in runtime if path.stem not in {"host-main", "host-rune_board_host"}]
    program = work / f"program-{engine}"
    place = work / engine
    place.mkdir()
    files = [HARNESS, *_files(rune, engine, place, profile=profile), *objects]
    command = [*zig.host_flags(), f"-I{folder('targets') / 'common'}", *files, "-o", program]
    zig.compile_c(command, what="building the harness")
    done = subprocess.run([program, wanted], capture_output=True, timeout=120, check=True)
    return _outcomes(done.stdout, len(wanted))


def on_a_core(rune: Rune, engine: str, toolchain: str, wanted: str, work: Path) -> list[Outcome]:
    """The same on an emulated Cortex-M4F, which faults on what a chip would fault on."""
    place = work / f"{engine}-{toolchain}"
    place.mkdir()
    program = link_for_core(_files(rune, engine, place), HARNESS, engine, toolchain, place)
    size = _OUTCOME.size * len(wanted)
    inputs = {"call_count": struct.pack("<I", len(wanted)), "wanted": wanted.encode()}
    result = run_program(program, inputs, {"outcomes": size})
    return _outcomes(result.outputs["outcomes"], len(wanted))


def _outcomes(data: bytes, count: int) -> list[Outcome]:
    found = []
    for status, message, result, memory, _ in _OUTCOME.iter_unpack(data):
        text = message.rstrip(b"\0").decode()
        found.append(Outcome("", result, memory) if status == _STATUS_OK else Outcome(text or f"status {status}"))
    assert len(found) == count
    return found
