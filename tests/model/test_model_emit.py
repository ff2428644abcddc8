"""The generated C: the same each time, exact, and clean for every compiler."""

from __future__ import annotations

import math
import os
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from model_cases import all_cases
from model_cases_typed import all_typed_cases, svdf_case
from native_models import include_flags, load_models
from tflite_builder import ModelBuilder, fully_connected_options, softmax_options

from runeflash.errors import InternalError
from runeflash.firmware import flags
from runeflash.model import compile_model
from runeflash.model.emit import _literals
from runeflash.model.schema import DataType
from runeflash.tensors import ElementType


def one_softmax() -> bytes:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 2)), builder.tensor((1, 2))
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    return builder.build([x], [y])


def test_text() -> None:
    compiled = compile_model(one_softmax(), name="tiny", symbol="model_0")
    digest = "\n".join(
        "        " + " ".join(f"0x{byte:02x}," for byte in compiled.sha256[start : start + 16]) for start in (0, 16)
    )
    assert (
        compiled.source
        == f"""\
/* The model "tiny", compiled from TensorFlow Lite: 1 layers,
   0 multiply-accumulates, 0 bytes of weights. */

#include <stdint.h>

#include "rune_model.h"
#include "kernels/softmax_f32.h"

/* Layer 0: SOFTMAX "tensor_1"
   f32[1, 2] -> f32[1, 2] */
static RUNE_LAYER void model_0_layer_0_softmax(const float *restrict input, float *restrict output)
{{
    rune_softmax_f32(1, 2, 0x1p+0f, input, output);
}}

static void model_0_infer(const void *const *inputs, void *const *outputs, uint8_t *arena)
{{
    (void)arena;
    const float *const tensor_0 = inputs[0]; /* f32[1, 2] */
    float *const tensor_1 = outputs[0]; /* f32[1, 2] */

    model_0_layer_0_softmax(tensor_0, tensor_1);
}}

static const rune_model_tensor model_0_inputs[] = {{
    {{RUNE_TYPE_F32, 2}}, /* "tensor_0": f32[1, 2] */
}};

static const rune_model_tensor model_0_outputs[] = {{
    {{RUNE_TYPE_F32, 2}}, /* "tensor_1": f32[1, 2] */
}};

const rune_model model_0 = {{
    .name = "tiny",
    .sha256 = {{
{digest}
    }},
    .input_count = 1,
    .inputs = model_0_inputs,
    .output_count = 1,
    .outputs = model_0_outputs,
    .arena_size = 0,
    .infer = model_0_infer,
    .reset = 0,
}};
"""
    )


def test_variables_have_memory_of_their_own_and_a_reset() -> None:
    compiled = compile_model(svdf_case("m", "int8", zero_point=-3).data, name="m", symbol="model_0")
    assert compiled.variable_bytes == 6 * 4
    lines = [
        "static int8_t model_0_variable_4[24];",
        "static void model_0_reset(void)",
        "    __builtin_memset(model_0_variable_4, 253, sizeof model_0_variable_4);",
        "    .reset = model_0_reset,",
    ]
    text = compiled.source.splitlines()
    assert [line for line in text if line in lines] == lines


def test_the_same_in_another_process(tmp_path: Path) -> None:
    case = all_cases()[0]
    (tmp_path / "model.tflite").write_bytes(case.data)
    code = (
        "import sys\n"
        "from runeflash.model import compile_model\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "sys.stdout.write(compile_model(data, name='n', symbol='s').source)\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "model.tflite"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {compile_model(case.data, name="n", symbol="s").source}


@hypothesis.given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_float_literals_are_exact(values: list[float]) -> None:
    data = struct.pack(f"<{len(values)}f", *values)
    for literal, value in zip(_literals(ElementType.F32, data), values, strict=True):
        if math.isnan(value):
            assert literal == '__builtin_nanf("")'
        elif value in {float("inf"), float("-inf")}:
            assert literal == ("-" if value < 0 else "") + "__builtin_inff()"
        else:
            assert literal.endswith("f")
            read = float.fromhex(literal.removesuffix("f"))
            assert struct.pack("<f", read) == struct.pack("<f", value)


def test_weights_reach_the_program_exactly() -> None:
    """Special numbers, too: subnormal, negative zero, infinite."""
    weights = np.array([[1e-45], [-1e-45], [3.4028235e38], [1.1754944e-38], [0.1], [-0.0], [np.inf]], np.float32)
    builder = ModelBuilder()
    x, y = builder.tensor((1, 1)), builder.tensor((1, 7))
    builder.operator(
        "FULLY_CONNECTED",
        [x, builder.tensor((7, 1), weights), builder.tensor((7,), [-0.0] * 7)],
        [y],
        fully_connected_options(),
    )
    (native,) = load_models([compile_model(builder.build([x], [y]), name="exact", symbol="exact_weights")])
    assert native.run([[1.0]])[0].tobytes() == weights.reshape(1, 7).tobytes()


def test_integer_literals() -> None:
    for element, code in (
        (ElementType.I8, "b"),
        (ElementType.I32, "i"),
        (ElementType.I64, "q"),
        (ElementType.U64, "Q"),
    ):
        size = 8 * element.size
        values = [0, 1, (1 << size) - 1] if code.isupper() else [-(1 << (size - 1)), -1, (1 << (size - 1)) - 1]
        literals = list(_literals(element, struct.pack(f"<3{code}", *values)))
        assert [eval(text.replace("ll", "").replace("u", "")) for text in literals] == values


def test_the_least_integers_compile() -> None:
    builder = ModelBuilder()
    outputs = [
        builder.tensor((2,), [np.iinfo(kind).min, np.iinfo(kind).max], type=data_type)
        for kind, data_type in ((np.int8, DataType.INT8), (np.int32, DataType.INT32))
    ]
    outputs.append(builder.tensor((1,), [np.iinfo(np.int64).min], type=DataType.INT64))
    (native,) = load_models([compile_model(builder.build([], outputs[:2]), name="least", symbol="least_integers")])
    assert [list(result) for result in native.run()] == [[-128, 127], [-(1 << 31), (1 << 31) - 1]]
    load_models([compile_model(builder.build([], outputs), name="least", symbol="least_integers_64")])


def test_a_symbol_must_be_an_identifier() -> None:
    with pytest.raises(InternalError):
        compile_model(one_softmax(), name="m", symbol="not a symbol")


def test_every_case_is_clean_for_every_compiler(toolchain: str, tmp_path: Path) -> None:
    unit = tmp_path / "unit.c"
    cases = [*all_cases(), *(case for case in all_typed_cases() if case.name.endswith(("_0", "_one")))]
    unit.write_text("\n".join(compile_model(case.data, name="m", symbol=case.name).source for case in cases))
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    command = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, *flags.PROJECT, "-Wdouble-promotion"]
    done = subprocess.run(
        [*command, *include_flags(), "-c", str(unit), "-o", str(tmp_path / "unit.o")],
        env={**os.environ, **flags.tool_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
