"""The speech pipeline: its proc blocks native and in both engines, one second of audio; and memory."""

from __future__ import annotations

import os
import shlex
import struct
import tempfile
import wave
from pathlib import Path

from benchmarks.figure import Figure
from runeflash.boards import find_board
from runeflash.device.recordings import Recordings
from runeflash.device.session import RunSession
from runeflash.device.virtual_run import run_virtual
from runeflash.firmware import flags
from runeflash.firmware.build import build_firmware
from runeflash.firmware.options import ENGINES, BuildOptions
from runeflash.pipeline import load
from runeflash.pipeline.graph import Pipeline
from runeflash.resources import folder
from runeflash.rune import build_rune
from runeflash.rune.lower import lower
from runeflash.rune.tables import make_tables
from runeflash.toolchain import gcc, picolibc
from runeflash.toolchain.process import run_tool
from runeflash.virtual.measure import run_program

#: The pipeline without its model: RAW stands for what the model gives, so that nothing but the blocks is measured.
_RUNEFILE = """
version: 1
image: runicos/base
pipeline:
  audio: {capability: SOUND, outputs: [{type: I16, dimensions: [1, 16000]}], args: {hz: 16000}}
  fft: {proc-block: fft, inputs: [audio], outputs: [{type: U32, dimensions: [1, 1960]}]}
  noise_filtering: {proc-block: noise-filtering, inputs: [fft], outputs: [{type: I8, dimensions: [1, 1960]}]}
  scores: {capability: RAW, outputs: [{type: I8, dimensions: [1, 6]}]}
  most_confident: {proc-block: most_confident_indices, inputs: [scores], outputs: [{type: U32, dimensions: [1]}]}
  label:
    proc-block: label
    inputs: [most_confident]
    outputs: [{type: UTF8, dimensions: [1]}]
    args: {wordlist: [silence, unknown, up, down, left, right]}
  features: {out: serial, inputs: [noise_filtering]}
  serial: {out: serial, inputs: [label]}
"""
_SCORES = bytes([0, 1, 5, 2, 3, 4])
_NAMES = ("fft", "noise_filtering", "most_confident", "label")
_TENSORS = {
    "audio": ("RUNE_TYPE_I16", "int16_t", 16000),
    "fft": ("RUNE_TYPE_U32", "uint32_t", 1960),
    "noise_filtering": ("RUNE_TYPE_I8", "int8_t", 1960),
    "scores": ("RUNE_TYPE_I8", "int8_t", 6),
    "most_confident": ("RUNE_TYPE_U32", "uint32_t", 1),
    "label": ("RUNE_TYPE_UTF8", "rune_string", 1),
}
_INPUTS = {"fft": "audio", "noise_filtering": "fft", "most_confident": "scores", "label": "most_confident"}


def _pipeline(work: Path) -> Pipeline:
    path = work / "Runefile.yml"
    path.write_text(_RUNEFILE)
    _, pipeline, _ = load(path, for_build=True)
    assert pipeline is not None
    return pipeline


def _program(symbols: dict[str, str], stages: tuple[str, ...]) -> str:
    lines = [
        '#include "rune_tensor.h"',
        "int main(void);",
        "_Noreturn void rune_fail_at(const char *a, const char *b, ...)",
    ]
    lines += ["{", "    (void)a;", "    (void)b;", "    for (;;) {", "    }", "}"]
    for name, (kind, c_type, count) in _TENSORS.items():
        lines.append(f"{c_type} {name}_data[{count}] __attribute__((aligned(16)));")
        lines.append(f"static uint32_t {name}_dimensions[] = {{ 1, {count} }};")
        lines.append(f"static rune_tensor {name} = {{ {kind}, 2, {name}_dimensions, {count}, {name}_data }};")
    lines += [f"void {symbol}(const rune_tensor *in, rune_tensor *out);" for symbol in symbols.values()]
    lines += ["int main(void)", "{"]
    lines += [f"    {symbols[name]}(&{_INPUTS[name]}, &{name});" for name in stages]
    lines += ["    return 0;", "}", ""]
    return "\n".join(lines)


def _measure(toolchain: str, stages: tuple[str, ...]) -> int:
    """Return the instructions of a call of some of the stages, one after the other, on speech-like sound."""
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        pipeline = _pipeline(work)
        includes = [
            f"-I{folder('proc_blocks') / 'include'}",
            f"-I{folder('targets') / 'common'}",
            *flags.libc_includes(),
        ]
        command = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, "-O2", *includes]
        environment = {**os.environ, **flags.tool_environment()}
        objects, symbols = [], {}

        def compile_file(source: Path, name: str, *extra: str) -> None:
            run_tool(
                [*command, *extra, "-c", source, "-o", work / f"{name}.o"],
                what=f"compiling {source.name}",
                environment=environment,
            )
            objects.append(work / f"{name}.o")

        for block in lower(pipeline).blocks:
            name = block.stage.name
            home = work / name
            home.mkdir()
            (home / "rune_stage.h").write_text(block.header)
            symbols[name] = block.header.split("#define RUNE_PROC_BLOCK ", 1)[1].split()[0]
            if block.stage.block.tables.is_file():
                make_tables(block.stage.block.tables, home, includes, name)
            compile_file(block.stage.block.source, name, f"-I{home}")
        (work / "main.c").write_text(_program(symbols, stages))
        compile_file(work / "main.c", "main")
        measure = folder("targets") / "measure"
        compile_file(measure / "measure_start.c", "start")
        math = folder("targets") / "common" / "math"
        for source in sorted(math.glob("*.c")):
            compile_file(source, source.stem, "-w", *picolibc.math_include_flags())
        libc = picolibc.root() / "newlib" / "libc" / "string"
        for name in ("memcpy", "memset"):
            compile_file(libc / f"{name}.c", name, "-w", "-fno-builtin")
        library = [f"-l{tools.support_library}"]
        elf = work / "program.elf"
        run_tool(
            [*command, *tools.link, f"-Wl,-T,{measure / 'measure.ld'}", *objects, *library, "-o", elf],
            what="linking the program",
            environment=environment,
        )
        given = {"audio": struct.pack("<16000h", *_sound()), "scores": _SCORES}
        used = {_INPUTS[stage] for stage in stages}  # the linker leaves out what no stage reads
        result = run_program(elf, {f"{name}_data": data for name, data in given.items() if name in used}, {})
        return result.instructions


def _sound() -> list[int]:
    """Return a second of a noisy chirp: no frame is silent, and every call gets the same."""
    state, samples = 1, []
    for i in range(16000):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        triangle = abs((i * (20 + i // 200)) % 2000 - 1000) - 500
        samples.append(triangle * 8 + (state >> 16) % 801 - 400)
    return samples


def _figures(toolchain: str) -> list[Figure]:
    name = f"microspeech blocks, Cortex-M4F, native, {toolchain}"
    total, fft = _measure(toolchain, _NAMES), _measure(toolchain, _NAMES[:1])
    return [
        Figure(f"{name}: 1 s of audio", total, "instructions", 2_500_000),
        Figure(f"{name}: of these, fft", fft, "instructions"),
        Figure(f"{name}: of these, the other three", total - fft, "instructions"),
    ]


def _in_firmware(toolchain: str, native: int) -> list[Figure]:
    """Return the figures of the same blocks as a rune of the virtual nano33ble, in both engines."""
    board = find_board("nano33ble")
    figures = []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as place:
            work = Path(place)
            rune = build_rune(_pipeline(work))
            (work / "scores.bin").write_bytes(_SCORES)
            with wave.open(str(work / "sound.wav"), "wb") as sound:
                sound.setparams((1, 2, 16000, 16000, "NONE", ""))
                sound.writeframes(struct.pack("<16000h", *_sound()))
            firmware = build_firmware(rune, BuildOptions(board, "stream", toolchain, engine), work / "build")
            session = RunSession(
                Recordings({"SOUND": [work / "sound.wav"], "RAW": [work / "scores.bin"]}),
                lines_per_call=rune.output_count,
                repeats=1,
                emit=lambda line: None,
                warn=lambda sentence: None,
            )
            (count,) = run_virtual(board, firmware.image.read_bytes(), session, seed=0)
        name = f"microspeech blocks, nano33ble, {engine}, {toolchain}"
        limit = native * 16 // 10 if engine == "aot" else None
        figures.append(Figure(f"{name}: the rune, per call", count.rune, "instructions", limit))
        figures.append(Figure(f"{name}: of native, in percent", count.rune * 100 // native, "%"))
        figures.append(Figure(f"{name}: RAM", firmware.ram.total, "bytes", 96 * 1024 if engine == "aot" else None))
        figures.append(Figure(f"{name}: flash", firmware.flash.total, "bytes"))
    return figures


def with_zig() -> list[Figure]:
    """Built by zig."""
    figures = _figures("zig")
    return [*figures, *_in_firmware("zig", figures[0].value)]


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    if gcc.version() is None:
        return []
    figures = _figures("gcc")
    return [*figures, *_in_firmware("gcc", figures[0].value)]


def memory() -> list[Figure]:
    """The linear memory of the rune, with its 32,000 bytes of audio."""
    with tempfile.TemporaryDirectory() as place:
        rune = build_rune(_pipeline(Path(place)))
    return [Figure("microspeech rune without model: linear memory", rune.memory.total, "bytes", 65536)]


FIGURES = (with_zig, with_gcc, memory)
