"""The check of wasm3's operations finds a call where a jump belongs, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from runeflash.errors import ToolError
from runeflash.firmware import flags
from runeflash.firmware.tail_calls import check_tail_calls
from runeflash.toolchain import zig
from runeflash.toolchain.process import run_tool

SOURCE = """
typedef int (*operation)(int *, int *);
static const int table[] = {{ 0x47804780, 0x47884790 }};  /* data that looks like blx */
int op_Good(int *pc, int *sp) {{ return (*(operation *)pc)(pc + 1, sp); }}
int op_Table(int *pc, int *sp) {{ sp[0] = table[sp[1] & 1]; return (*(operation *)pc)(pc + 1, sp); }}
int op_Call(int *pc, int *sp) {{ return (*(operation *)pc)(pc + 1, sp) + 1; }}
{more}
int (*volatile keep[])(int *, int *) = {{ op_Good, op_Table, op_Call {name} }};
void Reset_Handler(void) {{ for (int i = 0;; i++) {{ keep[i](0, 0); }} }}
"""


def build(folder: Path, toolchain: str, more: str = "", name: str = "") -> Path:
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    (folder / "a.c").write_text(SOURCE.format(more=more, name=name))
    words = [*tools.machine, *flags.SEMANTICS, "-O2", "-Wl,-e,Reset_Handler", "-nostdlib", "a.c", "-o", "a.elf"]
    if toolchain == "zig":
        zig.compile_c(list(words), what="compiling", cwd=folder)
    else:
        run_tool([tools.compiler, *words], what="compiling", cwd=folder)
    return folder / "a.elf"


def test_jumps_pass(tmp_path: Path, toolchain: str) -> None:
    assert check_tail_calls(build(tmp_path, toolchain)) == 3


def test_a_call_is_found(tmp_path: Path, toolchain: str) -> None:
    more = "int op_Bad(int *pc, int *sp) { int r = (*(operation *)pc)(pc + 1, sp); return r ^ 1; }"
    with pytest.raises(ToolError, match="op_Bad"):
        check_tail_calls(build(tmp_path, toolchain, more, ", op_Bad"))
