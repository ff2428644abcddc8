"""What the operators that compute element by element or move elements refuse, and that nothing makes them crash."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_cases_elementwise import F32, I8, I16, I32, I64, U8, all_elementwise_cases, integers
from tflite_builder import ModelBuilder, Options, binary_options, scale

from runeflash.errors import UserError
from runeflash.model import compile_model
from runeflash.model.schema import DataType, OptionsType


def model(
    kind: str, operands: Sequence[dict[str, Any]], results: Sequence[dict[str, Any]], options: Options | None
) -> bytes:
    builder = ModelBuilder()
    inputs = [builder.tensor(**operand) for operand in operands]
    outputs = [builder.tensor(**result) for result in results]
    builder.operator(kind, inputs, outputs, options)
    fed = [index for index, operand in zip(inputs, operands, strict=True) if operand.get("data") is None]
    return builder.build(fed, outputs)


def x(*shape: int, kind: DataType = F32, **more: Any) -> dict[str, Any]:
    return {"shape": shape, "type": kind, "name": "x", **more}


def y(*shape: int, kind: DataType = F32, **more: Any) -> dict[str, Any]:
    return {"shape": shape, "type": kind, "name": "y", **more}


def named(name: str, constant: dict[str, Any]) -> dict[str, Any]:
    return {**constant, "name": name}


def concatenation(axis: int, activation: int = 0) -> Options:
    return Options(OptionsType.CONCATENATION, ((0, "i32", axis), (1, "i8", activation)))


def split(parts: int) -> Options:
    return Options(OptionsType.SPLIT, ((0, "i32", parts),))


def masks(**bits: int) -> Options:
    names = ("begin", "end", "ellipsis", "new_axis", "shrink")
    return Options(OptionsType.STRIDED_SLICE, tuple((i, "i32", bits.get(name, 0)) for i, name in enumerate(names)))


COARSE, FINE = {"scales": scale(0.5, 3)}, {"scales": scale(0.1, 3)}
ADD = binary_options("ADD")


@pytest.mark.parametrize(
    ("message", "kind", "operands", "results", "options"),
    [
        ('tensor 0 ("x"), is of type INT32; supported is', "RELU", [x(3, kind=I32)], [y(3, kind=I32)], None),
        ('its output, tensor 1 ("y"), is of type UINT8', "RELU", [x(3, kind=I8, **FINE)], [y(3, kind=U8)], None),
        ('tensor 1 ("y"), is declared as [4], but must be [3]', "TANH", [x(3)], [y(4)], None),
        ('its input, tensor 0 ("x"), has no scale', "RELU6", [x(3, kind=I8)], [y(3, kind=I8, **FINE)], None),
        ("and the zero point 3; supported are 0.00390625 and -128", "LOGISTIC",
         [x(3, kind=I8, **FINE)], [y(3, kind=I8, **FINE)], None),
        ("supported are 0.0078125 and 128", "TANH", [x(3, kind=U8, **FINE)], [y(3, kind=U8, **FINE)], None),
        ("its alpha is nan", "LEAKY_RELU", [x(3)], [y(3)],
         Options(OptionsType.LEAKY_RELU, ((0, "f32", float("nan")),))),
        ("is too small for its input's", "HARD_SWISH",
         [x(3, kind=I8, scales=scale(1.0))], [y(3, kind=I8, scales=scale(1e-3))], None),
        ("has the zero point 256", "RELU", [x(3, kind=U8, scales=scale(0.1, 256))], [y(3, kind=U8, **FINE)], None),
        ('its second input, tensor 1 ("x"), is of type INT32', "ADD", [x(3), x(3, kind=I32)], [y(3)], ADD),
        ("the shapes [3] and [4] do not fit", "ADD", [x(3), x(4)], [y(3)], ADD),
        ("more than 6 dimensions", "ADD", [x(2, 1, 2, 1, 2, 1, 2), x(1, 2, 1, 2, 1, 2, 1)], [y(*[2] * 7)], ADD),
        ("is too small for its inputs'", "SUB",
         [x(3, kind=I8, scales=scale(1e6)), x(3, kind=I8, **FINE)], [y(3, kind=I8, **FINE)], binary_options("SUB")),
        ("[0, 0] is not a permutation of 2 dimensions", "TRANSPOSE", [x(2, 3), integers(0, 0)], [y(2, 3)], None),
        ("permutation's dimension is 2", "TRANSPOSE", [x(2, 3), integers(0, 2)], [y(2, 3)], None),
        ('its permutation, tensor 1 ("p"), is computed', "TRANSPOSE",
         [x(2, 3), x(2, kind=I32) | {"name": "p"}], [y(3, 2)], None),
        ('permutation, tensor 1 ("p"), is of type FLOAT32', "TRANSPOSE",
         [x(2, 3), named("p", {"shape": (2,), "data": [0.0, 1.0]})], [y(2, 3)], None),
        ("must be [3, 2]", "TRANSPOSE", [x(2, 3), integers(1, 0)], [y(2, 3)], None),
        ("its number of parts is 0", "SPLIT", [integers(0), x(4)], [y(4)], split(0)),
        ("it has 1 outputs", "SPLIT", [integers(0), x(4)], [y(2)], split(2)),
        ("its options are missing", "SPLIT", [integers(0), x(4)], [y(2), y(2)], None),
        ("the 5 indices of dimension 0 do not divide into 2", "SPLIT", [integers(0), x(5)], [y(2), y(3)], split(2)),
        ("its axis is 1, but there are 1 dimensions", "SPLIT", [integers(1), x(4)], [y(2), y(2)], split(2)),
        ("has 2 elements instead of one", "SPLIT", [integers(0, 0), x(4)], [y(2), y(2)], split(2)),
        ("a part of size 3 from index 2 on does not lie in a dimension of 4", "SLICE",
         [x(4), integers(2), integers(3)], [y(3)], None),
        ("from index -1 on", "SLICE", [x(4), integers(-1), integers(2)], [y(2)], None),
        ("from index 4 on", "SLICE", [x(4), integers(4), integers(-1)], [y(2)], None),
        ("it has 2 beginnings and 1 sizes for 1 dimensions", "SLICE",
         [x(4), integers(0, 0), integers(2)], [y(2)], None),
        ("its stride is 0", "STRIDED_SLICE", [x(4), integers(0), integers(4), integers(0)], [y(4)], masks()),
        ("nothing lies between index 3 and 1", "STRIDED_SLICE",
         [x(4), integers(3), integers(1), integers(1)], [y(2)], masks()),
        ("index 4, with a stride of 1, is not one of a dimension of 4", "STRIDED_SLICE",
         [x(4), integers(4), integers(1), integers(1)], [y()], masks(shrink=1)),
        ("and 2 ellipses", "STRIDED_SLICE",
         [x(4), integers(0, 0), integers(1, 1), integers(1, 1)], [y(4)], masks(ellipsis=3)),
        ("it has 1 beginnings, 2 ends and 1 strides", "STRIDED_SLICE",
         [x(4), integers(0), integers(1, 1), integers(1)], [y(4)], masks()),
        ("it names 2 dimensions of 1", "STRIDED_SLICE",
         [x(4), integers(0, 0), integers(1, 1), integers(1, 1)], [y(4)], masks()),
        ("it has 33 beginnings", "STRIDED_SLICE",
         [x(4), integers(*[0] * 33), integers(*[0] * 33), integers(*[1] * 33)], [y(4)], masks()),
        ('its input 1, tensor 1 ("x"), of shape [3, 3] does not fit its output\'s [4, 2]', "CONCATENATION",
         [x(2, 2), x(3, 3)], [y(4, 2)], concatenation(0)),
        ("must be [5, 2]", "CONCATENATION", [x(2, 2), x(3, 2)], [y(4, 2)], concatenation(0)),
        ("its axis is 2, but there are 2 dimensions", "CONCATENATION",
         [x(2, 2), x(3, 2)], [y(5, 2)], concatenation(2)),
        ("the activation RELU is not supported", "CONCATENATION",
         [x(2, 2), x(3, 2)], [y(5, 2)], concatenation(0, activation=1)),
        ("it has 0 inputs", "CONCATENATION", [], [y(4, 2)], concatenation(0)),
        ("differ in scale or zero point", "CONCATENATION",
         [x(2, kind=I8, **FINE), x(3, kind=I8, **COARSE)], [y(5, kind=I8, **FINE)], concatenation(0)),
        ("are not 2 for each dimension", "PAD", [x(2, 2), integers(1, 1, shape=(1, 2))], [y(4, 2)], None),
        ("are [-1, 0]", "PAD", [x(3), integers(-1, 0, shape=(1, 2))], [y(2)], None),
        ("must be [2147483650]", "PAD", [x(3), integers((1 << 31) - 1, 0, shape=(1, 2))], [y(5)], None),
        ("it has 3 inputs", "PAD", [x(3), integers(1, 0, shape=(1, 2)), integers(0)], [y(4)], None),
        ('its value, tensor 2 ("v"), is of type INT32', "PADV2",
         [x(3), integers(1, 0, shape=(1, 2)), named("v", integers(0))], [y(4)], None),
        ("differ in scale or zero point", "PAD",
         [x(3, kind=I8, **FINE), integers(1, 0, shape=(1, 2))], [y(4, kind=I8, **COARSE)], None),
        ('its value, tensor 2 ("v"), and its output', "PADV2",
         [x(3, kind=I8, **FINE), integers(1, 0, shape=(1, 2)), x(1, kind=I8, **COARSE) | {"data": [1], "name": "v"}],
         [y(4, kind=I8, **FINE)], None),
        ("its axis is 3, but there are 3 dimensions", "EXPAND_DIMS", [x(2, 2), integers(3)], [y(2, 2, 1)], None),
        ("dimension 1 of its input", "SQUEEZE", [x(1, 2)], [y(1)],
         Options(OptionsType.SQUEEZE, ((0, "[i32]", [1]),))),
        ("its dimension is 5", "SQUEEZE", [x(1, 2)], [y(2)], Options(OptionsType.SQUEEZE, ((0, "[i32]", [5]),))),
        ("its output, tensor 1 (\"y\"), is of type UINT8; supported is", "QUANTIZE",
         [x(3, kind=I16, **FINE)], [y(3, kind=U8, **FINE)], None),
        ("is of type INT64; supported is", "QUANTIZE", [x(3, kind=I64)], [y(3, kind=I8, **FINE)], None),
        ("has no scale", "DEQUANTIZE", [x(3, kind=U8)], [y(3)], None),
        ("its scales give the factor", "QUANTIZE",
         [x(3, kind=I8, scales=scale(1e30))], [y(3, kind=I16, scales=scale(1e-30))], None),
        ("is of type FLOAT64; supported is", "CAST", [x(3)], [y(3, kind=DataType.FLOAT64)], None),
        ("its axis is -3, but there are 2 dimensions", "ARG_MAX", [x(2, 3), integers(-3)], [y(2, kind=I32)], None),
        ("which its options contradict", "ARG_MAX", [x(2, 3), integers(1)], [y(2, kind=I32)],
         Options(OptionsType.ARG_MAX, ((0, "i8", I64.value),))),
        ("is of type INT16; supported is", "ARG_MAX", [x(2, 3, kind=I16), integers(1)], [y(2, kind=I32)], None),
        ("not 4 dimensions", "RESIZE_NEAREST_NEIGHBOR", [x(2, 2), integers(4, 4)], [y(4, 4)], None),
        ("it resizes [2, 2] to [4, 0]", "RESIZE_NEAREST_NEIGHBOR",
         [x(1, 2, 2, 1), integers(4, 0)], [y(1, 4, 4, 1)], None),
        ("it resizes [2, 2] to [4, 65537]", "RESIZE_NEAREST_NEIGHBOR",
         [x(1, 2, 2, 1), integers(4, 65537)], [y(1, 4, 65537, 1)], None),
        ("only constant size can be compiled", "RESIZE_NEAREST_NEIGHBOR",
         [x(1, 2, 2, 1), x(2, kind=I32)], [y(1, 4, 4, 1)], None),
    ],
)  # fmt: skip
def test_refusals(
    message: str,
    kind: str,
    operands: list[dict[str, Any]],
    results: list[dict[str, Any]],
    options: Options | None,
) -> None:
    with pytest.raises(UserError) as caught:
        compile_model(model(kind, operands, results, options), name="m", symbol="m")
    assert message in caught.value.message
    assert f"operator 0 of the model ({kind})" in caught.value.message


CASES = all_elementwise_cases()
NUMBERS = st.one_of(st.integers(-5, 9), st.sampled_from([-(1 << 31), (1 << 31) - 1, 1 << 30, 65536, -65536, 255]))


@given(data=st.data())
@settings(deadline=None, max_examples=400)
def test_hostile_numbers_never_crash(data: st.DataObject) -> None:
    # Axes, sizes, paddings, masks, shapes, types and scales all lie on multiples of 4 bytes.
    case = data.draw(st.sampled_from(CASES))
    content = bytearray(case.data)
    for place in data.draw(st.lists(st.integers(0, len(content) // 4 - 1), min_size=1, max_size=3)):
        struct.pack_into("<i", content, 4 * place, data.draw(NUMBERS))
    try:
        compile_model(bytes(content), name="m", symbol="m")
    except UserError as error:
        assert error.message
