"""The decoder against an independent disassembler, over every narrow instruction and many wide ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import capstone
import pytest
from capstone import arm

from runeflash.firmware.stack.thumb import Flow, Step, decode

ADDRESS = 0x1_0000

#: What may write the stack pointer; others would be unpredictable with it (A7.7, "SP").
MOVES_SP = {
    *("add", "addw", "sub", "subw", "mov", "push", "pop", "ldr", "str", "strb", "strh", "ldrb", "ldrh", "ldrsb"),
    "ldrsh",
    *("ldm", "ldmdb", "stm", "stmdb", "ldrd", "strd", "vpush", "vpop", "vldmia", "vldmdb", "vstmia", "vstmdb"),
}
#: What may write the program counter, besides branches with a condition in their name.
MOVES_PC = {
    *("b", "bl", "bx", "blx", "cbz", "cbnz", "tbb", "tbh", "pop", "ldm", "ldmdb", "ldr", "mov", "add"),
    *("beq", "bne", "bhs", "blo", "bmi", "bpl", "bvs", "bvc", "bhi", "bls", "bge", "blt", "bgt", "ble"),
}


@pytest.fixture(scope="module")
def disassembler() -> capstone.Cs:
    found = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    found.detail = True
    return found


def narrow() -> Iterator[tuple[int, int]]:
    yield from ((half, 0) for half in range(0x10000) if half >> 11 not in (0b11101, 0b11110, 0b11111))


def wide() -> Iterator[tuple[int, int]]:
    choose = random.Random(7)
    firsts = [half for half in range(0x10000) if half >> 11 in (0b11101, 0b11110, 0b11111)]
    for first in firsts:
        for _ in range(3):
            yield first, choose.randrange(0x10000)
        # Where the stack pointer is the target or the base.
        yield first, choose.randrange(0x10000) & 0xF0FF | 0xD00
        yield first & 0xFFF0 | 13, choose.randrange(0x10000)
        yield first & 0xFFF0 | 13, choose.randrange(0x10000) & 0xF0FF | 0xD00


def check(disassembler: capstone.Cs, first: int, second: int) -> None:
    """What the disassembler takes for an instruction of this architecture is understood as it is."""
    step = decode(ADDRESS, first, second)
    found = next(disassembler.disasm(struct.pack("<HH", first, second), ADDRESS), None)
    if found is None or is_unpredictable(found):
        return
    what = f"{first:04x} {second:04x} {found.mnemonic} {found.op_str}: {step}"
    assert step.size == found.size, what
    name = found.mnemonic.split(".")[0]
    if name in MOVES_SP:
        _, written = found.regs_access()
        if arm.ARM_REG_SP in written:
            assert step.pushed or step.unknown or _restores(found) or _moves_nothing(found), what
        else:
            assert not step.pushed, what
    check_flow(found, step, what)


def is_unpredictable(found: capstone.CsInsn) -> bool:
    """Whether the architecture leaves open what happens (or a later architecture has put something there)."""
    name = found.mnemonic.split(".")[0]
    _, written = found.regs_access()
    listed = [operand.reg for operand in found.operands if operand.type == arm.ARM_OP_REG]
    if name in {"bxns", "blxns", "smc", "hvc", "hlt"}:
        return True
    if arm.ARM_REG_PC in written and name not in MOVES_PC:
        return True
    if name in {"mov", "add", "ldr"} and arm.ARM_REG_PC in written:
        return name != "ldr" and found.size == 4
    if name.startswith(("ldm", "stm")):
        return arm.ARM_REG_SP in listed[1:] or listed[0] == arm.ARM_REG_PC
    if name in {"ldrd", "strd"}:
        return arm.ARM_REG_SP in listed[:2]
    if name in {"vpush", "vpop"}:
        return int.from_bytes(found.bytes[2:3], "little") > 32
    return name in {"ldrb", "ldrh", "ldrsb", "ldrsh"} and listed[0] == arm.ARM_REG_SP


def _restores(found: capstone.CsInsn) -> bool:
    """Whether it is a MOV of SP from a frame pointer, which gives back what was taken."""
    return found.mnemonic == "mov" and found.operands[1].reg in (arm.ARM_REG_R7, arm.ARM_REG_R11)


def _moves_nothing(found: capstone.CsInsn) -> bool:
    """Whether it writes SP with the value that it has: an immediate of 0, an empty list of registers."""
    offsets = [operand.imm for operand in found.operands if operand.type == arm.ARM_OP_IMM]
    offsets += [operand.mem.disp for operand in found.operands if operand.type == arm.ARM_OP_MEM]
    minus_zero = -(1 << 31)  # how the disassembler has it
    return len(found.operands) == 1 or any(offset in (0, minus_zero) for offset in offsets)


def check_flow(found: capstone.CsInsn, step: Step, what: str) -> None:
    name = found.mnemonic.split(".")[0]
    if name == "bl":
        assert (step.flow, step.target) == (Flow.CALL, found.operands[0].imm), what
    elif name == "blx":
        assert step.flow is Flow.INDIRECT_CALL or found.operands[0].type == arm.ARM_OP_IMM, what
    elif name == "bx":
        assert step.flow in (Flow.INDIRECT_JUMP, Flow.RETURN), what
    elif name in {"cbz", "cbnz"}:
        assert (step.flow, step.target) == (Flow.BRANCH_IF, found.operands[1].imm), what
    elif name == "b":
        assert (step.flow, step.target) == (Flow.BRANCH, found.operands[0].imm), what
    elif name in MOVES_PC and name.startswith("b"):
        assert (step.flow, step.target) == (Flow.BRANCH_IF, found.operands[0].imm), what
    elif name in {"tbb", "tbh"}:
        assert step.flow is Flow.TABLE, what
    elif arm.ARM_REG_PC in found.regs_access()[1] and not name.startswith(("cmp", "cmn", "tst", "teq")):
        assert step.flow is not Flow.NEXT, what
    elif name not in {"udf", "bkpt", "trap"}:
        assert step.flow is Flow.NEXT, what


def test_narrow_instructions(disassembler: capstone.Cs) -> None:
    for first, second in narrow():
        check(disassembler, first, second)


def test_wide_instructions(disassembler: capstone.Cs) -> None:
    for first, second in wide():
        check(disassembler, first, second)
