"""Proc blocks on their test vectors: natively on this computer, and in the engine as a rune."""

from __future__ import annotations

import array
import json
import struct
import subprocess
import sys
from pathlib import Path

from runeflash.blocks.manifest import Block
from runeflash.blocks.signature import bind
from runeflash.blocks.vectors import Call, Case, Vector
from runeflash.device.computer import run_program
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.firmware.host import host_program
from runeflash.pipeline.graph import (
    CapabilityKind,
    CapabilityStage,
    OutKind,
    OutStage,
    Pipeline,
    ProcBlockStage,
    TensorReference,
)
from runeflash.resources import folder
from runeflash.rune import build_rune
from runeflash.rune.lower import stage_header
from runeflash.rune.tables import make_tables
from runeflash.tensors import ElementType, TensorType
from runeflash.toolchain import cache, picolibc, zig

FORMS = {
    ElementType.U8: "B",
    ElementType.I8: "b",
    ElementType.U16: "H",
    ElementType.I16: "h",
    ElementType.U32: "I",
    ElementType.I32: "i",
    ElementType.U64: "Q",
    ElementType.I64: "q",
    ElementType.F32: "f",
    ElementType.F64: "d",
}


class BlockFailedError(Exception):
    """The block reported an error, or does not take these inputs."""


def stage_for(block: Block, case: Case, call: Call) -> tuple[ProcBlockStage, list[TensorType]]:
    """The stage that a case makes, and the types of its inputs."""
    inputs = [vector.type for vector in call.inputs]
    declared = [vector.type for vector in call.outputs] or [None] * block.output_count(len(inputs))
    bound = bind(block, inputs, declared, case.arguments)
    if bound.problems:
        raise BlockFailedError("; ".join(problem.message for problem in bound.problems))
    outputs = tuple(output for output in bound.outputs if output is not None)
    assert len(outputs) == len(bound.outputs)
    text_bytes = tuple(
        block.text_bytes(i, case.arguments, bound.dimensions, [0] * len(inputs)) or 0 for i in range(len(outputs))
    )
    references = tuple(TensorReference(f"input_{i}", 0) for i in range(len(inputs)))
    return ProcBlockStage("block", block, references, outputs, case.arguments, (), text_bytes, bound.dynamic), inputs


def tensor_bytes(vector: Vector) -> bytes:
    """The elements as they lie in memory."""
    return struct.pack(f"<{len(vector.elements)}{FORMS[vector.type.element]}", *vector.elements)


def run_in_engine(block: Block, case: Case, folder_: Path, *, engine: str = "wasm3") -> list[list[list[object]]]:
    """The elements of each output of each call, from a rune on this computer; None stands for NaN and infinity."""
    stage, inputs = stage_for(block, case, case.calls[0])
    capabilities = tuple(
        CapabilityStage(f"input_{i}", CapabilityKind.RAW, tensor, {"source": i}) for i, tensor in enumerate(inputs)
    )
    references = tuple(TensorReference("block", i) for i in range(len(stage.outputs)))
    stages = (*capabilities, stage, OutStage("serial", OutKind.SERIAL, references))
    names = tuple(item.name for item in stages)
    rune = build_rune(Pipeline(block.name, Path("Runefile.yml"), "runicos/base", stages, names, ()))
    paths = []
    for i in range(len(inputs)):
        path = folder_ / f"input_{i}.bin"
        path.write_bytes(b"".join(tensor_bytes(call.inputs[i]) for call in case.calls))
        paths.append(path)
    lines: list[str] = []
    session = RunSession(
        Recordings({"RAW": paths}, advance=True),
        lines_per_call=1,
        repeats=len(case.calls),
        emit=lines.append,
        warn=lambda sentence: None,
    )
    run_program(host_program(rune, engine=engine), session, seed=0, calls=len(case.calls))
    if session.failure is not None:
        raise BlockFailedError(session.failure.message)
    values = [json.loads(line) for line in lines]
    return [[tensor["elements"] for tensor in (value if isinstance(value, list) else [value])] for value in values]


HARNESS = """
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "rune_proc_block.h"
_Noreturn void rune_fail_at(const char *stage, const char *format, ...) {{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s: ", stage);
    vfprintf(stderr, format, values);
    exit(9);
}}
{buffers}
int main(void) {{
    rune_tensor in[] = {{ {ins} }};
    rune_tensor out[] = {{ {outs} }};
    for (;;) {{
        for (unsigned i = 0; i < sizeof in / sizeof *in; i++) {{
            if (in[i].count && fread(in[i].data, rune_input_sizes[i] / in[i].count, in[i].count, stdin) != in[i].count)
                return 0;
        }}
        RUNE_PROC_BLOCK(in, out);
        for (unsigned i = 0; i < sizeof out / sizeof *out; i++) {{
            fwrite(&out[i].count, 4, 1, stdout);
            if (out[i].element_type == RUNE_TYPE_UTF8) {{
                for (unsigned k = 0; k < out[i].count; k++) {{
                    const rune_string *text = (const rune_string *)out[i].data + k;
                    fwrite(&text->length, 4, 1, stdout);
                    fwrite(text->data, 1, text->length, stdout);
                }}
            }} else {{
                fwrite(out[i].data, output_element_sizes[i], out[i].count, stdout);
            }}
        }}
    }}
}}
"""


def compile_natively(stage: ProcBlockStage, inputs: list[TensorType]) -> Path:
    """Return the program that feeds the block from its standard input; compiled once for the same stage."""
    block = stage.block
    header = stage_header(stage, inputs, "block_under_test")
    buffers, tensors = [], {}
    for kind, types in (("input", inputs), ("output", list(stage.outputs))):
        tensors[kind] = []
        for i, tensor in enumerate(types):
            dimensions = ", ".join(map(str, tensor.dimensions)) or "0"
            buffers.append(f"static uint32_t {kind}{i}_dimensions[] = {{ {dimensions} }};")
            buffers.append(f"static rune_{kind}{i} {kind}{i}[{max(tensor.count, 1)}] __attribute__((aligned(16)));")
            tensors[kind].append(
                f"{{ RUNE_TYPE_{tensor.element.name}, {len(tensor.dimensions)}, {kind}{i}_dimensions, "
                f"{tensor.count}, {kind}{i} }}"
            )
    sizes = ", ".join(str(tensor.size // max(tensor.count, 1)) for tensor in stage.outputs)
    buffers.append(f"static const size_t output_element_sizes[] = {{ {sizes} }};")
    harness = HARNESS.format(
        buffers="\n".join(buffers), ins=", ".join(tensors["input"]), outs=", ".join(tensors["output"])
    )
    targets = folder("targets")
    math = sorted((targets / "common" / "math").glob("*.c"))
    libraries = [f"-I{folder('proc_blocks') / 'include'}", f"-I{targets / 'common'}"]

    def make(work: Path) -> None:
        (work / "rune_stage.h").write_text(header)
        (work / "harness.c").write_text(harness)
        if block.tables.is_file():
            make_tables(block.tables, work, [*libraries, *picolibc.libc_include_flags()], stage.name)
        flags = [*zig.host_flags(), "-Wall", "-Wextra", "-Werror", "-Wno-unused-but-set-variable", f"-I{work}"]
        zig.compile_c([*flags, *libraries, "-c", block.source, "-o", work / "block.o"], what="compiling the block")
        zig.compile_c(
            [*flags, *libraries, work / "harness.c", work / "block.o", "-o", work / "harness", *_native_math(math)],
            what="compiling the harness",
        )

    sources = (cache.tree_key(block.folder), cache.tree_key(folder("proc_blocks") / "include"), harness, header)
    maths = (path.read_bytes() for path in math)
    return cache.entry("test-blocks", cache.key(zig.version(), *sources, *maths), make) / "harness"


def run_program_natively(program: Path, stage: ProcBlockStage, data: bytes, calls: int) -> list[list[list[object]]]:
    """Feed a program of :func:`compile_natively` with the bytes of its inputs, call after call."""
    done = subprocess.run([program], input=data, capture_output=True, timeout=60, check=False)
    if done.returncode == 9:
        raise BlockFailedError(done.stderr.decode())
    assert done.returncode == 0
    return [[list(elements) for elements in call] for call in _split(done.stdout, list(stage.outputs), calls)]


def run_natively(block: Block, case: Case, _folder: Path) -> list[list[list[object]]]:
    """The elements of each output of each call, from the block compiled for this computer."""
    stage, inputs = stage_for(block, case, case.calls[0])
    data = b"".join(tensor_bytes(vector) for call in case.calls for vector in call.inputs)
    return run_program_natively(compile_natively(stage, inputs), stage, data, len(case.calls))


def _native_math(sources: list[Path]) -> list[Path]:
    flags = [*zig.host_flags(), "-w", *picolibc.libc_include_flags(), *picolibc.math_include_flags()]

    def make(work: Path) -> None:
        for source in sources:
            zig.compile_c(
                [*flags, f"-I{source.parent.parent}", "-c", source, "-o", work / f"{source.stem}.o"],
                what=f"compiling {source.name}",
            )

    headers = cache.tree_key(folder("targets") / "common", "**/*.h")
    place = cache.entry("test-math", cache.key(headers, *(path.read_bytes() for path in sources)), make)
    return [place / f"{source.stem}.o" for source in sources]


def _split(data: bytes, outputs: list[TensorType], calls: int) -> list[list[list[object]]]:
    assert sys.byteorder == "little"
    found = []
    position = 0
    for _ in range(calls):
        tensors = []
        for tensor in outputs:
            (count,) = struct.unpack_from("<I", data, position)
            position += 4
            if tensor.element is ElementType.UTF8:
                texts: list[object] = []
                for _ in range(count):
                    (length,) = struct.unpack_from("<I", data, position)
                    texts.append(data[position + 4 : position + 4 + length].decode(errors="replace"))
                    position += 4 + length
                tensors.append(texts)
            else:
                values = array.array(FORMS[tensor.element])
                size = count * tensor.element.size
                values.frombytes(data[position : position + size])
                position += size
                tensors.append(list(values))
        found.append(tensors)
    assert position == len(data)
    return found
