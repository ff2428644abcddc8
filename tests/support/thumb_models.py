"""Runs compiled models on an emulated Cortex-M4F, many in one program, so that the tools start once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from thumb_programs import thumb_program

from runeflash.model import CompiledModel

Array = npt.NDArray[np.generic]


def run_on_thumb(
    models: Sequence[tuple[CompiledModel, Sequence[Array]]], toolchain: str, place: Path
) -> Mapping[str, list[bytes]]:
    """Return the bytes of each model's outputs, by its symbol, which is its own; ``models`` have their inputs.

    Tensors of bytes lie on odd addresses, as they may in an arena.
    """
    given: dict[str, bytes] = {}
    wanted: dict[str, int] = {}
    declared = ['#include "rune_model.h"']
    calls = []
    for model, inputs in models:
        symbol = model.symbol
        offsets = [int(kind.element.size == 1) for kind in (*model.inputs, *model.outputs)]
        names = [f"{symbol}_in{i}" for i in range(len(inputs))] + [
            f"{symbol}_out{i}" for i in range(len(model.outputs))
        ]
        declared.append(f"extern const rune_model {symbol};")
        for name, kind, offset in zip(names, (*model.inputs, *model.outputs), offsets, strict=True):
            declared.append(f"_Alignas(8) uint8_t {name}[{kind.size + offset}];")
        for name, offset, value in zip(names, offsets, inputs, strict=False):
            given[name] = bytes(offset) + value.tobytes()
        places = [f"{name} + {offset}" for name, offset in zip(names, offsets, strict=True)]
        for name, offset, kind in zip(names[len(inputs) :], offsets[len(inputs) :], model.outputs, strict=True):
            wanted[name] = kind.size + offset
        calls.append(
            f"    {{ const void *i[] = {{{', '.join(places[: len(inputs)])}}};"
            f" void *o[] = {{{', '.join(places[len(inputs) :])}}}; {symbol}.infer(i, o, arena); }}"
        )
    arena = max(model.arena_bytes for model, _ in models)
    driver = [*declared, f"_Alignas(16) uint8_t arena[{arena + 1}];", "void entry(void);", "void entry(void)", "{"]
    driver += [*calls, "}", ""]
    # One translation unit: the kernels' headers are read once.
    unit = "".join(f'#include "{model.symbol}.h"\n' for model, _ in models)
    for model, _ in models:
        (place / f"{model.symbol}.h").write_text(model.source)
    program = thumb_program({"models.c": unit, "driver.c": "\n".join(driver)}, toolchain, place)
    found, _ = program.run(given, wanted)
    return {
        model.symbol: [
            found[f"{model.symbol}_out{i}"][int(kind.element.size == 1) :] for i, kind in enumerate(model.outputs)
        ]
        for model, _ in models
    }
