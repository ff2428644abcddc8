"""The runtime's reader of .rune files, against good ones, broken ones and cut ones."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
import rune_modules
import runtime_build
from rune_modules import assemble, with_sections
from runtime_library import STATUS, Library, Module

from runeflash.rune.container import MemoryLayout, RuneModel, resource_section, runeflash_section
from runeflash.rune.wasm import Module as WasmModule
from runeflash.rune.wasm import Section, custom_section
from runeflash.toolchain import zig

MODELS = (RuneModel("gesture", b"first"), RuneModel("wake wörd", b"second"))
RESOURCES = (("labels", b"a\nb\xff"), ("empty", b""), ("other", b"data"))


@pytest.fixture(scope="module")
def runtime() -> Library:
    return Library(runtime_build.library(engine=False))


def read(runtime: Library, wasm: bytes) -> tuple[str, Module, object]:
    code = ctypes.create_string_buffer(wasm, len(wasm))
    module = Module()
    runtime.c.rune_failure_clear()
    status = STATUS[runtime.c.rune_module_read(code, len(wasm), ctypes.byref(module))]
    assert runtime.failure[0] == status
    return status, module, code


def resource(runtime: Library, module: Module, name: bytes) -> bytes | None:
    data, length = ctypes.c_void_p(), ctypes.c_uint32()
    function = runtime.c.rune_module_resource
    function.restype = ctypes.c_bool
    if not function(ctypes.byref(module), name, len(name), ctypes.byref(data), ctypes.byref(length)):
        return None
    return ctypes.string_at(data, length.value) if length.value else b""


def model_hash(runtime: Library, module: Module, name: str) -> bytes | None:
    function = runtime.c.rune_module_model
    function.restype = ctypes.c_void_p
    found = function(ctypes.byref(module), name.encode(), len(name.encode()))
    return ctypes.string_at(found, 32) if found else None


def test_a_good_module(runtime: Library) -> None:
    wasm = rune_modules.rune("", memory=65536, models=MODELS, resources=RESOURCES)
    status, module, _code = read(runtime, wasm)
    assert status == "ok"
    assert (module.memory_size, module.model_count) == (65536, 2)
    for model in MODELS:
        assert model_hash(runtime, module, model.name) == model.sha256
    assert model_hash(runtime, module, "gestur") is None
    for name, content in RESOURCES:
        assert resource(runtime, module, name.encode()) == content
    assert resource(runtime, module, b"label") is None
    assert resource(runtime, module, b"") is None


def test_memory_layout_is_read(runtime: Library) -> None:
    wasm = (
        assemble("(module (memory 2 2))")
        + WasmModule((runeflash_section(MemoryLayout(70000, 1, 2, 3), ()),)).to_bytes()[8:]
    )
    _, module, _code = read(runtime, wasm)
    assert (module.memory_size, module.stack_size, module.data_size, module.arena_size) == (70000, 1, 2, 3)


def test_resources_may_stand_in_several_sections(runtime: Library) -> None:
    more = WasmModule((resource_section((("late", b"1"), ("labels", b"hidden"))),)).to_bytes()[8:]
    _, module, _code = read(runtime, rune_modules.rune("", resources=RESOURCES) + more)
    assert resource(runtime, module, b"late") == b"1"
    assert resource(runtime, module, b"labels") == RESOURCES[0][1]


MEMORY = '(memory (export "memory") 1 1)'
BAD_MODULES = {
    "nothing": (b"", "no WebAssembly module"),
    "other bytes": (b"\x7fELF" + bytes(60), "no WebAssembly module"),
    "no section of ours": (lambda: assemble(f"(module {MEMORY})"), "no .runeflash section"),
    "memory can grow": (lambda: with_sections(assemble("(module (memory 1 2))")), "exactly one memory"),
    "memory has no maximum": (lambda: with_sections(assemble("(module (memory 1))")), "exactly one memory"),
    "no memory": (lambda: with_sections(assemble("(module)")), "do not agree"),
    "memory is too small": (lambda: with_sections(assemble(f"(module {MEMORY})"), memory=65537), "do not agree"),
    "memory is too large": (lambda: with_sections(assemble("(module (memory 2 2))"), memory=65536), "do not agree"),
    "memory of 0 bytes": (lambda: with_sections(assemble(f"(module {MEMORY})"), memory=0), "do not agree"),
    "start function": (
        lambda: with_sections(assemble(f"(module {MEMORY} (func $f) (start $f))")),
        "start function",
    ),
    "imported memory": (
        lambda: with_sections(assemble('(module (import "env" "m" (memory 1 1)))')),
        "no function of env",
    ),
    "imported global": (
        lambda: with_sections(assemble(f'(module (import "env" "g" (global i32)) {MEMORY})')),
        "no function of env",
    ),
    "foreign module": (
        lambda: with_sections(assemble(f'(module (import "wasi" "f" (func)) {MEMORY})')),
        "no function of env",
    ),
    "two sections of ours": (
        lambda: with_sections(with_sections(assemble(f"(module {MEMORY})"))),
        "two .runeflash sections",
    ),
    "another format": (
        lambda: (
            assemble(f"(module {MEMORY})")
            + WasmModule((custom_section(".runeflash", b"RF\x01\0" + bytes(20)),)).to_bytes()[8:]
        ),
        "format that this firmware does not know",
    ),
    "too many models": (
        lambda: (
            assemble(f"(module {MEMORY})")
            + WasmModule((custom_section(".runeflash", b"RF\x02\0" + bytes(20) + b"\xff\xff\xff\xff"),)).to_bytes()[8:]
        ),
        "malformed",
    ),
    "a resource that is too long": (
        lambda: (
            with_sections(assemble(f"(module {MEMORY})"))
            + WasmModule((custom_section(".rune_resource", b"\0\0\0\1a\xff\xff\xff\xff"),)).to_bytes()[8:]
        ),
        ".rune_resource section is malformed",
    ),
    "a number of six bytes": (
        lambda: with_sections(assemble(f"(module {MEMORY})")) + b"\x00\x80\x80\x80\x80\x80\x00",
        "not a whole one",
    ),
    "a number of more than 32 bits": (
        lambda: with_sections(assemble(f"(module {MEMORY})")) + b"\x00\xff\xff\xff\xff\x1f",
        "not a whole one",
    ),
    "a section beyond the end": (
        lambda: with_sections(assemble(f"(module {MEMORY})")) + WasmModule((Section(0, b"\x02ab"),)).to_bytes()[8:-1],
        "not a whole one",
    ),
}


@pytest.mark.parametrize("name", BAD_MODULES)
def test_bad_modules_are_refused(runtime: Library, name: str) -> None:
    wasm, message = BAD_MODULES[name]
    status, _, _code = read(runtime, wasm if isinstance(wasm, bytes) else wasm())
    assert status == "invalid-module"
    assert message in runtime.failure[2]


@pytest.mark.parametrize("sanitizer", runtime_build.SANITIZERS)
def test_cut_and_altered_modules_are_read_within_their_bounds(sanitizer: str, tmp_path: Path) -> None:
    names = ("rune_module.c", "rune_failure.c", "rune_decimal.c", "rune_utf8.c", "rune_status.c")
    sources = (*(runtime_build.COMMON / name for name in names), runtime_build.HERE / "module_fuzz.c")
    program = runtime_build.build_program(sanitizer, sources, tmp_path / "module_fuzz", wasm3_too=False)
    rune = rune_modules.rune('(func (export "_call"))', models=MODELS, resources=RESOURCES)
    (tmp_path / "rune").write_bytes(rune)
    done = subprocess.run(
        [program, tmp_path / "rune", "20000"], env=zig.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 1 < int(done.stdout) < 20000
