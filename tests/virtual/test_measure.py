"""Bare programs on the emulated core."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from bare_firmware import GCC, ZIG

from runeflash.errors import DeviceError, InternalError
from runeflash.resources import folder
from runeflash.toolchain import zig
from runeflash.virtual.faults import VirtualFault
from runeflash.virtual.measure import run_program

MEASURE = folder("targets") / "measure"
DOT_PRODUCT = """
#include <stdint.h>
float left[64], right[64], sum = 1.0f;
uint32_t length = 3;
const uint32_t in_flash = 7;
static uint32_t scratch[100000];
uint32_t was_zero;
int main(void)
{
    was_zero = scratch[99999] == 0;
    scratch[99999] = in_flash;
    for (uint32_t i = 0; i < length; i++) {
        sum += left[i] * right[i];
    }
    return 0;
}
"""
COUNTED = """
__attribute__((naked)) int main(void)
{
    __asm volatile("movw r0, #500\\n1:\\n\\tsubs r0, r0, #1\\n\\tbne 1b\\n\\tbx lr");
}
"""
FAULTY = "int main(void) { volatile int *volatile flash = (volatile int *)0x10; *flash = 1; return 0; }"
ENDLESS = 'int main(void) { for (;;) { __asm volatile(""); } }'


@pytest.fixture
def program(toolchain: str, tmp_path: Path) -> object:
    def build(source: str) -> Path:
        (tmp_path / "program.c").write_text(source)
        elf = tmp_path / "program.elf"
        options = [*zig.SEMANTICS_FLAGS, *zig.WARNING_FLAGS, "-O2", "-nostdlib", "-Wl,--gc-sections", "-T"]
        files = [MEASURE / "measure.ld", tmp_path / "program.c", MEASURE / "measure_start.c", "-o", elf]
        if toolchain == "zig":
            zig.compile_c([*ZIG, *options, *files, "-Wl,-e,Reset_Handler", "-lcompiler_rt"], what="the program")
        else:
            subprocess.run(["arm-none-eabi-gcc", *GCC, *options, *files], check=True)
        return elf

    return build


def test_variables_in_and_out(program) -> None:  # type: ignore[no-untyped-def]
    left, right = ([float(n + k) for n in range(64)] for k in (1, 5))
    inputs = {
        "left": struct.pack("<64f", *left),
        "right": struct.pack("<64f", *right),
        "length": struct.pack("<I", 64),
    }
    elf = program(DOT_PRODUCT)
    result = run_program(elf, inputs, {"sum": 4, "was_zero": 4})
    assert struct.unpack("<f", result.outputs["sum"]) == (1.0 + sum(a * b for a, b in zip(left, right, strict=True)),)
    assert struct.unpack("<I", result.outputs["was_zero"]) == (1,)
    # Initialised variables have their values where none is given, and an ELF may be given as bytes.
    result = run_program(elf.read_bytes(), {"left": inputs["left"], "right": inputs["right"]}, {"sum": 4})
    assert struct.unpack("<f", result.outputs["sum"]) == (1.0 + 1 * 5 + 2 * 6 + 3 * 7,)


def test_counts_main_alone_and_exactly(program) -> None:  # type: ignore[no-untyped-def]
    elf = program(COUNTED)
    result = run_program(elf, {}, {}, profile=True)
    assert result.instructions == 1 + 500 * 2 + 1
    assert sorted(result.counts.values())[-2:] == [500, 500]
    assert run_program(elf, {}, {}).instructions == result.instructions


def test_faults_are_reported(program) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(VirtualFault, match="writes to flash"):
        run_program(program(FAULTY), {}, {})


def test_a_program_without_end_is_given_up(program) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DeviceError, match="did not end within 10,000"):
        run_program(program(ENDLESS), {}, {}, max_instructions=10_000)


def test_wrong_symbols_and_sizes(program) -> None:  # type: ignore[no-untyped-def]
    elf = program(DOT_PRODUCT)
    with pytest.raises(InternalError, match="0 symbols called nothing"):
        run_program(elf, {}, {"nothing": 4})
    with pytest.raises(InternalError, match="sum has 4 bytes"):
        run_program(elf, {"sum": bytes(5)}, {})
    with pytest.raises(InternalError, match="not an ELF"):
        run_program(b"no program", {}, {})
