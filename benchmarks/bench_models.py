"""Models of the fixtures on a bare virtual Cortex-M4F: instructions of an inference, arena and flash of the constants.

Skipped where the fixtures folder is absent. The figures are the emulated core's, for one input of noise.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from runeflash.model import CompiledModel, compile_model
from runeflash.toolchain import gcc

_PROJECT = Path(__file__).resolve().parent.parent
_FIXTURES = _PROJECT.parent / "shared" / "fixtures"

#: File, and the most hundredths of instructions per multiply-accumulate with gcc, or None.
_MODELS: dict[str, tuple[str, int | None]] = {
    "person_detect": ("models/person_detect.tflite", 190),
    "micro_speech": ("models/micro_speech_quantized.tflite", 200),
    "microspeech": ("rune-examples/v0.2.2/microspeech/model.tflite", None),
    "hello_world_int8": ("models/hello_world_int8.tflite", None),
    "gesture_float32": ("rune-examples/v0.11.3/gesture/model.tflite", 600),
}


def driver(compiled: CompiledModel) -> str:
    """Return the C of a program that runs a model once."""
    return f"""
#include "rune_model.h"
extern const rune_model {compiled.symbol};
_Alignas(16) uint8_t input[{compiled.inputs[0].size}], output[{compiled.outputs[0].size}];
_Alignas(16) uint8_t arena[{max(compiled.arena_bytes, 1)}];
void entry(void);
void entry(void)
{{
    const void *inputs[] = {{input}};
    void *outputs[] = {{output}};
    {compiled.symbol}.infer(inputs, outputs, arena);
}}
"""


def _measure(toolchain: str) -> list[Figure]:
    if not _FIXTURES.is_dir():
        print(f"bench_models: skipped, there is no {_FIXTURES.name} folder", file=sys.stderr)
        return []
    # The bare core is the tests' own.
    sys.path.insert(0, str(_PROJECT / "tests" / "support"))
    from thumb_programs import thumb_program

    figures = []
    for name, (path, limit) in _MODELS.items():
        compiled = compile_model((_FIXTURES / path).read_bytes(), name=name, symbol=name)
        with tempfile.TemporaryDirectory() as place:
            files = {"model.c": compiled.source, "driver.c": driver(compiled)}
            program = thumb_program(files, toolchain, Path(place))
        noise = random.Random(0).randbytes(compiled.inputs[0].size)
        if compiled.inputs[0].element.is_float:
            noise = bytes(len(noise))
        _, instructions = program.run({"input": noise}, {})
        label = f"{name}, Cortex-M4F, {toolchain}"
        most = None if limit is None or toolchain != "gcc" else limit * compiled.macs // 100
        hundredths = round(100 * instructions / compiled.macs)
        figures += [
            Figure(f"{label}: an inference", instructions, "instructions", most),
            Figure(f"{label}: per 100 multiply-accumulates", hundredths, "instructions"),
            Figure(f"{label}: arena", compiled.arena_bytes, "bytes"),
            Figure(f"{label}: constants", compiled.weight_bytes, "bytes"),
        ]
    return figures


def with_zig() -> list[Figure]:
    """Built by zig."""
    return _measure("zig")


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    return _measure("gcc") if gcc.version() is not None else []


FIGURES = (with_zig, with_gcc)
