"""Models on a bare virtual Cortex-M4F: instructions and estimated cycles of an inference, arena, flash.

Those of the fixtures, where that folder is; a model that cannot be compiled is named and left out. The figures are for
one input of noise, counted as ``runeflash profile`` does it; its tables are written to ``build/bench/``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure
from runeflash.errors import UserError
from runeflash.firmware.model_profile import profile_model
from runeflash.model import compile_model
from runeflash.profile import Kind, Profile, as_data, format_profile
from runeflash.toolchain import gcc

_PROJECT = Path(__file__).resolve().parent.parent
_FIXTURES = _PROJECT.parent / "shared" / "fixtures"
_OUTPUT = Path("build") / "bench"


@dataclass(frozen=True)
class Limits:
    """The most that a model should take: hundredths of instructions per multiply-accumulate with gcc, bytes of arena,
    and bytes of flash for code with gcc; None where nothing is asked for.
    """

    hundredths: int | None = None
    arena: int | None = None
    code: int | None = None


_MODELS: dict[str, tuple[str, Limits]] = {
    "person_detect": ("models/person_detect.tflite", Limits(190, 55_296 * 105 // 100, 24 * 1024)),
    "person_detection_uint8": (
        "rune-examples/v0.11.3/person_detection/model.tflite",
        Limits(arena=55_296 * 105 // 100),
    ),
    "micro_speech": ("models/micro_speech_quantized.tflite", Limits(200, 5_960 * 105 // 100, 8 * 1024)),
    "microspeech": ("rune-examples/v0.11.3/microspeech/model.tflite", Limits(arena=5_960 * 105 // 100)),
    "keyword_scrambled": ("models/keyword_scrambled_8bit.tflite", Limits()),
    "hello_world_int8": ("models/hello_world_int8.tflite", Limits()),
    "hello_world_float": ("models/hello_world_float.tflite", Limits()),
    "sine": ("rune-examples/v0.11.3/sine/sinemodel.tflite", Limits(arena=128 * 105 // 100)),
    "gesture_float32": ("rune-examples/v0.11.3/gesture/model.tflite", Limits(600, 13_824 * 105 // 100)),
    "gesture_hybrid": ("rune-examples/v0.11.3/gesture/model_quantized.tflite", Limits(arena=13_824 * 105 // 100)),
    "trained_lstm": ("models/trained_lstm_int8.tflite", Limits()),
}


def _measure(toolchain: str) -> list[Figure]:
    if not _FIXTURES.is_dir():
        print(f"bench_models: skipped, there is no {_FIXTURES.name} folder", file=sys.stderr)
        return []
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    figures = []
    for name, (path, limits) in _MODELS.items():
        data = (_FIXTURES / path).read_bytes()
        try:
            compiled = compile_model(data, name=name, symbol="model")
        except UserError as error:
            print(f"bench_models: {name} is left out: {error.message}", file=sys.stderr)
            continue
        found = profile_model(data, name=name, toolchain=toolchain, cpu="cortex-m4", fpu="fpv4-sp-d16")
        _write(name, toolchain, found)
        label = f"{name}, Cortex-M4F, {toolchain}"
        is_gcc = toolchain == "gcc"
        most = limits.hundredths * compiled.given_macs // 100 if limits.hundredths is not None and is_gcc else None
        assert found.code_bytes is not None
        figures += [
            Figure(f"{label}: an inference", found.instructions, "instructions", most),
            Figure(f"{label}: an inference", found.cycles, "cycles, estimated"),
            Figure(f"{label}: per 100 multiply-accumulates", _hundredths(found), "instructions"),
            *_layers(label, found),
            Figure(f"{label}: arena", compiled.arena_bytes, "bytes", limits.arena),
            Figure(f"{label}: constants", compiled.weight_bytes, "bytes"),
            Figure(f"{label}: code", found.code_bytes, "bytes", limits.code if is_gcc else None),
        ]
    return figures


def _hundredths(found: Profile) -> int:
    return round(100 * found.instructions / max(found.given_macs, 1))


def _layers(label: str, found: Profile) -> list[Figure]:
    """Return the instructions of each operator's layers together, per 100 of their multiply-accumulates."""
    totals: dict[str, tuple[int, int]] = {}
    for row in found.rows:
        if row.kind is Kind.LAYER and row.operator is not None and row.given_macs:
            spent, macs = totals.get(row.operator, (0, 0))
            totals[row.operator] = spent + row.instructions, macs + row.given_macs
    return [
        Figure(f"{label}: {operator} per 100 multiply-accumulates", round(100 * spent / macs), "instructions")
        for operator, (spent, macs) in totals.items()
    ]


def _write(name: str, toolchain: str, found: Profile) -> None:
    place = _OUTPUT / f"{name}-{toolchain}"
    place.with_suffix(".txt").write_text(format_profile(found) + "\n")
    place.with_suffix(".json").write_text(json.dumps(as_data(found), indent=2) + "\n")


def with_zig() -> list[Figure]:
    """Built by zig."""
    return _measure("zig")


def with_gcc() -> list[Figure]:
    """Built by gcc, where it is installed."""
    return _measure("gcc") if gcc.version() is not None else []


FIGURES = (with_zig, with_gcc)
