"""Windowed and matrix operators of uint8, hybrid, float and with a state, over many shapes and options.

Integers must have every byte of their judge, floats be within 1e-5; here and on a Cortex-M4F.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_cases_typed import TypedCase, all_typed_cases
from native_models import NativeModel, load_models
from thumb_programs import thumb_program

from runeflash.model import CompiledModel, compile_model

CASES = all_typed_cases()
#: For the emulated core: every kernel, without the time that all would take to compile.
ON_CORTEX_M = [case for i, case in enumerate(CASES) if i % 3 == 0 or case.steps > 1]


@pytest.fixture(scope="module")
def compiled() -> dict[str, CompiledModel]:
    return {case.name: compile_model(case.data, name=case.name, symbol=case.name) for case in CASES}


@pytest.fixture(scope="module")
def natives(compiled: dict[str, CompiledModel]) -> dict[str, NativeModel]:
    return {native.compiled.name: native for native in load_models(list(compiled.values()))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_agrees_with_its_judge(case: TypedCase, natives: dict[str, NativeModel]) -> None:
    native = natives[case.name]
    for sequence in case.inputs():
        native.reset()
        expected = case.judge(case.judged or case.data, [[value] for value in sequence])
        for value, (wanted,) in zip(sequence, expected, strict=True):
            found = native.run(value)[0]
            if wanted.dtype == np.float32:
                # Where terms cancel, the order of the sum shows beyond a relative 1e-5 of a result near 0.
                np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * float(np.abs(wanted).max()))
            else:
                np.testing.assert_array_equal(found, wanted)


def test_what_the_arena_held_before_does_not_matter(natives: dict[str, NativeModel]) -> None:
    for case in CASES:
        native = natives[case.name]
        results = []
        for fill in (0x7F, 0xFF, 0):
            native.reset()
            results.append([native.run(value, arena_fill=fill)[0].tobytes() for value in case.inputs()[0]])
        assert results[0] == results[1] == results[2], case.name


def test_a_reset_forgets_what_was_before(natives: dict[str, NativeModel]) -> None:
    stateful = [case for case in CASES if case.steps > 1]
    assert stateful
    for case in stateful:
        native = natives[case.name]
        first, second = case.inputs()[:2]
        native.reset()
        fresh = [native.run(value)[0].tobytes() for value in first]
        used = [native.run(value)[0].tobytes() for value in second]
        native.reset()
        assert [native.run(value)[0].tobytes() for value in first] == fresh, case.name
        native.reset()
        if native.compiled.variable_bytes > case.shape[0] * 3 * 4:  # a memory of one step forgets by itself
            assert [native.run(value)[0].tobytes() for value in second] != used, case.name


def test_the_same_bytes_on_a_cortex_m(
    toolchain: str, compiled: dict[str, CompiledModel], natives: dict[str, NativeModel], tmp_path: Path
) -> None:
    # One program for all, so that the tools start once; inputs of bytes lie on odd addresses, as they may.
    given, wanted, parts, calls = {}, {}, ['#include "rune_model.h"'], []
    for case in ON_CORTEX_M:
        model = compiled[case.name]
        offset = 1 if model.inputs[0].element.size == 1 else 0
        sequence = case.inputs()[0]
        size = model.inputs[0].size
        given[f"{case.name}_in"] = bytes(offset) + b"".join(value.tobytes() for value in sequence)
        wanted[f"{case.name}_out"] = model.outputs[0].size
        parts += [
            f"extern const rune_model {case.name};",
            f"_Alignas(4) uint8_t {case.name}_in[{size * len(sequence) + offset}], "
            f"{case.name}_out[{model.outputs[0].size}];",
        ]
        calls += [
            f"    if ({case.name}.reset) {{ {case.name}.reset(); }}",
            f"    for (int step = 0; step < {len(sequence)}; step++) {{",
            f"        const void *i[] = {{{case.name}_in + {offset} + {size} * step}};",
            f"        void *o[] = {{{case.name}_out}};",
            f"        {case.name}.infer(i, o, arena);",
            "    }",
        ]
    arena = max(model.arena_bytes for model in compiled.values())
    parts += [f"_Alignas(16) uint8_t arena[{arena}];", "void entry(void);", "void entry(void)", "{", *calls, "}", ""]
    for case in ON_CORTEX_M:
        (tmp_path / f"{case.name}.h").write_text(compiled[case.name].source)
    unit = "".join(f'#include "{case.name}.h"\n' for case in ON_CORTEX_M)
    program = thumb_program({"models.c": unit, "driver.c": "\n".join(parts)}, toolchain, tmp_path)
    found, _ = program.run(given, wanted)
    for case in ON_CORTEX_M:
        natives[case.name].reset()
        expected = [natives[case.name].run(value)[0] for value in case.inputs()[0]]
        assert found[f"{case.name}_out"] == expected[-1].tobytes(), case.name
