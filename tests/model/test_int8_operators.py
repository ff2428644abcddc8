"""Every int8 operator over many shapes, options and scales: the bytes of tflite-micro, here and on a Cortex-M4F."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from model_cases_i8 import CaseI8, Weighted, all_cases_i8, convolution
from native_models import NativeModel, load_models
from thumb_programs import thumb_program

from runeflash.model import CompiledModel, compile_model
from runeflash.model.schema import DataType

CASES = all_cases_i8()
#: For the emulated core: every kernel, without the time that all would take to compile.
ON_CORTEX_M = [case for i, case in enumerate(CASES) if i % 3 == 0 or "general" in case.name or "rows" in case.name]


@pytest.fixture(scope="module")
def compiled() -> dict[str, CompiledModel]:
    return {case.name: compile_model(case.data, name=case.name, symbol=case.name) for case in CASES}


@pytest.fixture(scope="module")
def natives(compiled: dict[str, CompiledModel]) -> dict[str, NativeModel]:
    return {native.compiled.name: native for native in load_models(list(compiled.values()))}


def inputs_of(case: CaseI8) -> list[np.ndarray]:
    generator = np.random.default_rng(9)
    if case.type is DataType.FLOAT32:
        values = generator.normal(size=case.shape).astype(np.float32) * 5
        halves = (np.arange(values.size, dtype=np.float32).reshape(case.shape) - 70) * np.float32(0.025)
        return [values, halves]
    if case.type is DataType.INT16:
        return [generator.integers(-32768, 32768, case.shape).astype(np.int16)]
    random = [generator.integers(-128, 128, case.shape).astype(np.int8) for _ in range(2)]
    narrow = generator.integers(-20, 20, case.shape).astype(np.int8)
    return [*random, narrow, np.full(case.shape, -128, np.int8), np.full(case.shape, 127, np.int8)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gives_the_bytes_of_tflite_micro(case: CaseI8, natives: dict[str, NativeModel]) -> None:
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(case.judged or case.data, arena_size=1 << 20)
    for value in inputs_of(case):
        interpreter.set_input(value, 0)
        interpreter.invoke()
        np.testing.assert_array_equal(natives[case.name].run(value)[0], interpreter.get_output(0))


def test_filters_over_planes_are_what_their_name_says(compiled: dict[str, CompiledModel]) -> None:
    shapes = {
        name: dict(re.findall(r"\.(\w+) = (-?\w+)", model.source))
        for name, model in compiled.items()
        if "rune_depthwise_rows_i8(shape" in model.source
    }
    assert set(shapes) >= {case.name for case in CASES if "rows" in case.name}
    assert {fields["row_words"] for fields in shapes.values()} >= {"2", "3", "4", "6"}
    assert any(int(fields["strip"]) < int(fields["output_height"]) for fields in shapes.values())
    assert any(int(fields["input_row"]) < int(fields["input_column"]) for fields in shapes.values())


def test_a_wide_dilation_makes_no_wide_plane() -> None:
    more = Weighted(1, 2, 3)
    for dilation in ((1000, 1), (1, 1000)):
        case = convolution("", (1, 16, 16, 2), (3, 3), more, dilation=dilation, depthwise=True)
        assert compile_model(case.data, name="m", symbol="m").arena_bytes < 1024


def test_what_the_arena_held_before_does_not_matter(natives: dict[str, NativeModel]) -> None:
    for case in CASES:
        value = inputs_of(case)[0]
        first, second = (natives[case.name].run(value, arena_fill=fill)[0] for fill in (0x7F, 0))
        np.testing.assert_array_equal(first, second)


def test_the_same_bytes_on_a_cortex_m(
    toolchain: str, compiled: dict[str, CompiledModel], natives: dict[str, NativeModel], tmp_path: Path
) -> None:
    # One program for all, so that the tools start once; inputs lie on odd addresses, as an int8 tensor's may.
    given, wanted, parts, calls = {}, {}, ['#include "rune_model.h"'], []
    for case in ON_CORTEX_M:
        model = compiled[case.name]
        offset = 1 if model.inputs[0].element.size == 1 else 0
        given[f"{case.name}_in"] = bytes(offset) + inputs_of(case)[0].tobytes()
        wanted[f"{case.name}_out"] = model.outputs[0].size
        parts += [
            f"extern const rune_model {case.name};",
            f"_Alignas(4) uint8_t {case.name}_in[{model.inputs[0].size + offset}], "
            f"{case.name}_out[{model.outputs[0].size}];",
        ]
        calls += [
            f"    {{ const void *i[] = {{{case.name}_in + {offset}}}; void *o[] = {{{case.name}_out}};",
            f"      {case.name}.infer(i, o, arena); }}",
        ]
    arena = max(model.arena_bytes for model in compiled.values())
    parts += [f"_Alignas(16) uint8_t arena[{arena}];", "void entry(void);", "void entry(void)", "{", *calls, "}", ""]
    unit = "".join(f'#include "{case.name}.h"\n' for case in ON_CORTEX_M)
    for case in ON_CORTEX_M:
        (tmp_path / f"{case.name}.h").write_text(compiled[case.name].source)
    program = thumb_program({"models.c": unit, "driver.c": "\n".join(parts)}, toolchain, tmp_path)
    found, _ = program.run(given, wanted)
    for case in ON_CORTEX_M:
        expected = natives[case.name].run(inputs_of(case)[0])[0]
        assert found[f"{case.name}_out"] == expected.tobytes(), case.name
