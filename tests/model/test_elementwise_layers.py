"""What the readers make of operators that do less than they could, and what they say of buffers."""

from __future__ import annotations

from typing import Any

import pytest
from model_cases_elementwise import BOOL, F32, I8, U8, case, integers, tensor
from tflite_builder import Options, binary_options, scale

from runeflash.model.graph import Layer
from runeflash.model.lower import lower
from runeflash.model.operators.movement import Copy, Loop, Movement
from runeflash.model.operators.reshape import Reshape
from runeflash.model.operators.unary import Clamp, FlipSign, Table
from runeflash.model.read import read_model
from runeflash.model.schema import DataType, OptionsType


def layer(kind: str, operands: list[dict[str, Any]], result: dict[str, Any], options: Options | None = None) -> Layer:
    graph = lower(read_model(case("m", kind, operands, [result], options, []).data))
    return graph.layers[0]


@pytest.mark.parametrize(
    ("kind", "operands", "result"),
    [
        ("PAD", [tensor(F32, (2, 3)), integers(0, 0, 0, 0, shape=(2, 2))], tensor(F32, (2, 3))),
        ("SLICE", [tensor(F32, (2, 3)), integers(0, 0), integers(-1, 3)], tensor(F32, (2, 3))),
        ("STRIDED_SLICE", [tensor(F32, (2, 3)), *(integers(i, i) for i in (0, 9, 1))], tensor(F32, (2, 3))),
        ("TRANSPOSE", [tensor(F32, (1, 3, 4)), integers(1, 0, 2)], tensor(F32, (3, 1, 4))),
        ("CONCATENATION", [tensor(F32, (2, 3))], tensor(F32, (2, 3))),
        ("RESIZE_NEAREST_NEIGHBOR", [tensor(F32, (1, 2, 3, 1)), integers(2, 3)], tensor(F32, (1, 2, 3, 1))),
        ("CAST", [tensor(F32, (2,))], tensor(F32, (2,))),
        ("CAST", [tensor(BOOL, (2,))], tensor(U8, (2,), scale(1.0))),
        ("QUANTIZE", [tensor(I8, (2,))], tensor(I8, (2,))),
        ("SQUEEZE", [tensor(F32, (1, 2))], tensor(F32, (2,))),
        ("RELU", [tensor(U8, (2,), scale(0.1, 0))], tensor(U8, (2,), scale(0.1, 0))),
    ],
)
def test_what_changes_nothing_is_a_reshape(kind: str, operands: list[dict[str, Any]], result: dict[str, Any]) -> None:
    found = layer(kind, operands, result)
    assert isinstance(found, Reshape)
    assert found.operator == kind


def test_a_table_only_where_it_is_needed() -> None:
    same = tensor(I8, (5,), scale(0.1, -3))
    assert isinstance(layer("RELU", [same], same), Clamp)
    assert isinstance(layer("RELU", [same], tensor(I8, (5,), scale(0.2, -3))), Table)
    assert isinstance(layer("QUANTIZE", [tensor(U8, (5,), scale(0.1, 125))], same), FlipSign)
    assert isinstance(layer("QUANTIZE", [tensor(U8, (5,), scale(0.1, 124))], same), Table)


def test_equal_tables_are_in_flash_once() -> None:
    from tflite_builder import ModelBuilder

    from runeflash.model import compile_model

    builder = ModelBuilder()
    kinds = tensor(I8, (5,), scale(0.1, -3)), tensor(I8, (5,), scale(1 / 256, -128))
    tensors = [builder.tensor(**kinds[i]) for i in (0, 1, 0, 1)]
    builder.operator("LOGISTIC", tensors[:1], tensors[1:2])
    builder.operator("LOGISTIC", tensors[2:3], tensors[3:])
    compiled = compile_model(builder.build([tensors[0], tensors[2]], [tensors[1], tensors[3]]), name="m", symbol="m")
    assert compiled.weight_bytes == 256


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((2, 3), (2, 3), (0, 1)),
        ((2, 3), (3,), (0,)),
        ((1, 3), (2, 1), ()),
        ((1,), (2, 3), (1,)),
        ((1, 3), (3,), (0, 1)),
    ],
)
def test_operands_that_are_not_repeated_may_be_overwritten(
    first: tuple[int, ...], second: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    shape = (2, 3) if 2 in (*first, *second) else (1, 3)
    found = layer("ADD", [tensor(F32, first), tensor(F32, second)], tensor(F32, shape), binary_options("ADD"))
    assert found.in_place_inputs == expected


def test_a_function_of_one_element_may_work_in_place() -> None:
    for type_ in (F32, I8, U8):
        assert layer("HARD_SWISH", [tensor(type_, (5,))], tensor(type_, (5,))).in_place_inputs == (0,)
    assert layer("TRANSPOSE", [tensor(F32, (2, 3)), integers(1, 0)], tensor(F32, (3, 2))).in_place_inputs == ()


def test_dimensions_side_by_side_are_one_copy() -> None:
    found = layer(
        "SLICE", [tensor(F32, (2, 3, 4, 5)), integers(0, 1, 0, 0), integers(2, 2, 4, 5)], tensor(F32, (2, 2, 4, 5))
    )
    assert isinstance(found, Movement)
    assert found.copies == (Copy(0, 0, 20, 0, (Loop(2, 240, 160),), 160),)


def test_an_image_of_twice_the_size_needs_no_table() -> None:
    options = Options(OptionsType.RESIZE_NEAREST_NEIGHBOR, ((0, "bool", False), (1, "bool", True)))
    operands = [tensor(DataType.INT8, (1, 2, 3, 4)), integers(4, 6)]
    found = layer("RESIZE_NEAREST_NEIGHBOR", operands, tensor(DataType.INT8, (1, 4, 6, 4)), options)
    assert isinstance(found, Movement)
    loops = (Loop(2, 12, 48), Loop(2, 0, 24), Loop(3, 4, 8), Loop(2, 0, 4))
    assert found.copies == (Copy(0, 0, 0, 0, loops, 4),)
