"""Cycles estimated from counts: the timing of each instruction, and of a loop."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from bare_firmware import ZIG
from elftools.elf.elffile import ELFFile

from runeflash.toolchain import zig
from runeflash.virtual.cycles import DIVISION, REFILL, decode, estimate_cycles, is_wide

P, D = REFILL, DIVISION
#: Instruction and cycles; a conditional branch, not taken.
TIMINGS = {
    "bx lr": 1 + P,
    "blx r3": 1 + P,
    "mov pc, r2": 1 + P,
    "b target": 1 + P,
    "b.w target": 1 + P,
    "bl target": 1 + P,
    "push {r4, r5, lr}": 4,
    "pop {r4, r5}": 3,
    "pop {r4, pc}": 3 + P,
    "ldmia r0!, {r1, r2, r3}": 4,
    "stmia r0!, {r1, r2}": 3,
    "ldmia.w r8, {r1, r2, r9}": 4,
    "ldmdb sp!, {r4, pc}": 3 + P,
    "stmdb sp!, {r4, r5, r6, lr}": 5,
    "ldrd r0, r1, [r2], #8": 3,
    "strd r0, r1, [r2, #8]": 3,
    "ldrex r0, [r1]": 2,
    "ldrexb r0, [r1]": 2,
    "tbb [pc, r0]": 2 + P,
    "ldr r0, [r1, #4]": 2,
    "ldr r0, [r1, r2]": 2,
    "ldrsb r0, [r1, r2]": 2,
    "ldrh r3, [r4, #2]": 2,
    "ldr r1, [sp, #8]": 2,
    "ldr.w r0, [r8], #4": 2,
    "ldrsh.w r0, [r8, r1, lsl #1]": 2,
    "ldr.w pc, [r8]": 2 + P,
    "str r0, [r1, r2]": 2,
    "strb r0, [r1, #1]": 1,
    "str r1, [sp, #8]": 1,
    "strb.w r0, [r8], #1": 1,
    "str.w r0, [r8, r1]": 2,
    "muls r0, r1, r0": 1,
    "mla r0, r1, r2, r3": 1,
    "smlad r0, r1, r2, r3": 1,
    "smull r0, r1, r2, r3": 1,
    "smmulr r0, r1, r2": 1,
    "sdiv r0, r1, r2": D,
    "udiv r0, r1, r2": D,
    "ssat r0, #8, r1": 1,
    "sxtb16 r0, r1, ror #8": 1,
    "adds r0, r1, r2": 1,
    "nop": 1,
    "dsb sy": 1,
    "mrs r0, primask": 1,
    "vldr s0, [r0]": 2,
    "vldr d0, [r0]": 3,
    "vstr s0, [r0]": 2,
    "vldmia r0!, {s0-s3}": 5,
    "vstmdb r0!, {d0-d1}": 5,
    "vadd.f32 s0, s1, s2": 1,
    "vsub.f32 s0, s1, s2": 1,
    "vmul.f32 s0, s1, s2": 1,
    "vnmul.f32 s0, s1, s2": 1,
    "vmla.f32 s0, s1, s2": 3,
    "vmls.f32 s0, s1, s2": 3,
    "vfma.f32 s0, s1, s2": 3,
    "vfnma.f32 s1, s1, s2": 3,
    "vdiv.f32 s1, s1, s2": 14,
    "vsqrt.f32 s1, s2": 14,
    "vcmp.f32 s0, s1": 1,
    "vneg.f32 s0, s1": 1,
    "vabs.f32 s0, s1": 1,
    "vcvt.f32.s32 s0, s1": 1,
    "vmov s0, r0": 1,
    "vmov s0, s1, r0, r1": 2,
    "vmov.f32 s0, s1": 1,
    "vmrs APSR_nzcv, fpscr": 1,
    "beq target": 1,
    "beq.w target": 1,
    "cbz r0, target": 1,
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """The halfwords of all instructions, as an assembler makes them."""
    place = tmp_path_factory.mktemp("timings")
    lines = [".syntax unified", ".thumb", *TIMINGS, "nop", "target: nop"]
    (place / "all.S").write_text("\n".join(lines) + "\n")
    zig.compile_c([*ZIG, "-c", place / "all.S", "-o", place / "all.o"], what="assembling")
    return halfwords(place / "all.o")


def halfwords(path: Path) -> list[int]:
    with path.open("rb") as file:
        code = ELFFile(file).get_section_by_name(".text").data()
    return [word for (word,) in struct.iter_unpack("<H", code[: len(code) // 2 * 2])]


def test_every_instruction(words: list[int]) -> None:
    position = 0
    for text, cycles in TIMINGS.items():
        first = words[position]
        second = words[position + 1] if is_wide(first) else 0
        timing = decode(first, second)
        assert timing.cycles == cycles, text
        assert timing.size == (4 if is_wide(first) else 2), text
        assert timing.is_conditional == text.startswith(("beq", "cbz")), text
        position += timing.size // 2


def estimate(words: list[int], counts: list[int]) -> int:
    code = struct.pack(f"<{len(words)}H", *words)
    by_address = {2 * position: count for position, count in enumerate(counts) if count}
    return estimate_cycles(by_address, lambda address, size: code[address : address + size])


def test_a_loop_refills_the_pipeline_when_it_goes_on() -> None:
    # subs r0, #1; bne (back); bx lr
    assert estimate([0x3801, 0xD1FD, 0x4770], [10, 10, 1]) == 10 + 10 + 9 * P + 1 + P


def test_neighbouring_loads_share_a_cycle() -> None:
    # ldr r0, [r1]; ldr r2, [r3]; ldr r4, [r2]: the last one waits for the one before it
    assert estimate([0x6808, 0x681A, 0x6814], [1, 1, 1]) == 2 + 1 + 2
    # the same with something else in between
    assert estimate([0x6808, 0x0000, 0x681A], [1, 1, 1]) == 2 + 1 + 2
