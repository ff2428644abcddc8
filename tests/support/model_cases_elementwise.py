"""One-operator models that compute element by element or move elements, in every type that a judge has for them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_builder import ModelBuilder, Options, Scales, binary_options, reshape_options, scale

from runeflash.model.schema import Activation, DataType, OptionsType

F32, I8, U8, I16, I32, I64, BOOL = (
    DataType.FLOAT32,
    DataType.INT8,
    DataType.UINT8,
    DataType.INT16,
    DataType.INT32,
    DataType.INT64,
    DataType.BOOL,
)
NUMPY_TYPES: dict[DataType, Any] = {
    F32: np.float32,
    I8: np.int8,
    U8: np.uint8,
    I16: np.int16,
    I32: np.int32,
    I64: np.int64,
    BOOL: np.bool_,
    DataType.UINT16: np.uint16,
    DataType.UINT32: np.uint32,
}
ALL = (F32, I8, U8, I16, I32, I64, BOOL)
QUANTIZED = (I8, U8, I16)
#: The types for which tflite-micro is the judge; it refuses the others.
_MICRO = {
    "ADD": (F32, I8, I32),
    "SUB": (F32, I8, I32),
    "MUL": (F32, I8, I32),
    "ARG_MAX": (F32, I8),
    "CAST": (F32, I8, I16, I32, BOOL),
    "CONCATENATION": (F32, I8, I16, I32, I64, BOOL),
    "DEQUANTIZE": (I8, U8, I16),
    "EXPAND_DIMS": (F32, I8, I16),
    "HARD_SWISH": (F32, I8),
    "LEAKY_RELU": (F32, I8),
    "LOGISTIC": (F32, I8),
    "PAD": (F32, I8, I16, I32),
    "PADV2": (F32, I8, I16, I32),
    "QUANTIZE": (F32, I8, U8, I16, I32),
    "RELU": (F32, I8),
    "RELU6": (F32, I8),
    "RESHAPE": ALL,
    "RESIZE_NEAREST_NEIGHBOR": (F32, I8, I16),
    "SLICE": (F32, I8, I16, I32, BOOL),
    "SPLIT": (F32, I8, I16, I32),
    "SQUEEZE": ALL,
    "STRIDED_SLICE": (F32, I8, I16, I32, BOOL),
    "TANH": (F32, I8),
    "TRANSPOSE": (F32, I8, I16),
}
ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class ElementwiseCase:
    """A model; ``inputs`` are rows of values, and ``judge`` the name of a function of the module ``judges``."""

    name: str
    data: bytes
    inputs: tuple[tuple[Array, ...], ...]
    judge: str


def values(choose: random.Random, kind: DataType, shape: Sequence[int], spread: float = 3.0) -> Array:
    """Return random values of a type: integers over all of its range, or that of int32."""
    generator = np.random.default_rng(choose.randrange(1 << 30))
    if kind is F32:
        return (generator.normal(size=shape) * spread).astype(np.float32)
    if kind is BOOL:
        return generator.integers(0, 2, shape).astype(np.bool_)
    limits = np.iinfo(NUMPY_TYPES[kind] if kind is not I64 else np.int32)
    return generator.integers(limits.min, limits.max + 1, shape, dtype=np.int64).astype(NUMPY_TYPES[kind])


def integers(*numbers: int, shape: tuple[int, ...] | None = None, kind: DataType = I32) -> dict[str, Any]:
    """Return a constant operand."""
    return {"shape": (len(numbers),) if shape is None else shape, "data": list(numbers), "type": kind}


def tensor(kind: DataType, shape: Sequence[int], scales: Scales | None = None) -> dict[str, Any]:
    """Return a tensor that is no constant; a type of integers gets some scale where it needs one."""
    if scales is None and kind in QUANTIZED:
        scales = scale(0.05, {I8: -3, U8: 125}.get(kind, 0))
    return {"shape": tuple(shape), "type": kind, "scales": scales}


def case(
    name: str,
    kind: str,
    operands: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    options: Options | None,
    rows: Sequence[Sequence[Array]],
    *,
    judge: str | None = None,
    version: int = 1,
) -> ElementwiseCase:
    """Return the model of one operator, whose operands without data are the model's inputs."""
    builder = ModelBuilder()
    inputs = [builder.tensor(**operand) for operand in operands]
    outputs = [builder.tensor(**result) for result in results]
    builder.operator(kind, inputs, outputs, options, version=version)
    given = [index for index, operand in zip(inputs, operands, strict=True) if operand.get("data") is None]
    first = next(operand for operand in operands if operand.get("data") is None)
    judge = judge or ("tflite_micro" if first["type"] in _MICRO[kind] else "lite_rt")
    return ElementwiseCase(name, builder.build(given, outputs), tuple(map(tuple, rows)), judge)


# --- activations --------------------------------------------------------------------------------------------


def _activations(choose: random.Random) -> Iterator[ElementwiseCase]:
    special = np.array([[-np.inf, np.inf, -0.0, 0.0, 1e-30, -1e-30, 88.8, -88.8, -104.5, 3, -3, 6, -9]], np.float32)
    for kind in ("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH"):
        for number, shape in enumerate(((3, 7), (1, 2, 3, 5))):
            options = _leaky(choose.choice((0.1, -0.3, 1.5))) if kind == "LEAKY_RELU" else None
            rows = [[values(choose, F32, shape, spread)] for spread in (1, 4, 30)]
            yield case(f"{kind}_f32_{number}".lower(), kind, [tensor(F32, shape)], [tensor(F32, shape)], options, rows)
        finite = special if kind in ("RELU", "RELU6", "TANH") else special[:, 2:]
        operand = tensor(F32, finite.shape)
        yield case(f"{kind}_f32_special".lower(), kind, [operand], [operand], _leaky(0.25), [[finite]])
        for type_ in (I8, U8):
            for number in range(6):
                yield byte_activation(f"{kind}_{type_.name}_{number}".lower(), kind, type_, choose, number == 0)


def _leaky(alpha: float) -> Options:
    return Options(OptionsType.LEAKY_RELU, ((0, "f32", alpha),))


def byte_activation(
    name: str, kind: str, type_: DataType, choose: random.Random, same: bool = False
) -> ElementwiseCase:
    """Return the model with an input of every value, of a random scale; ``same``: which is that of the output too."""
    least = -128 if type_ is I8 else 0
    before = scale(float(np.float32(2 ** choose.uniform(-9, 0.5))), least + choose.randrange(256))
    after = before
    if not same and kind != "RELU6":
        after = scale(
            float(np.float32(before.scales[0] * 2 ** choose.uniform(-1.5, 1.5))), least + choose.randrange(256)
        )
    if kind == "LOGISTIC":
        after = scale(1 / 256, least)
    if kind == "TANH":
        after = scale(1 / 128, least + 128)
    options = _leaky(choose.choice((0.1, 0.3, 0.01, 1.5, -0.5, 0.0))) if kind == "LEAKY_RELU" else None
    # 259 elements: one more word, and three bytes.
    every = (np.arange(259) % 256 + least).astype(NUMPY_TYPES[type_])
    judge = "lite_rt" if type_ is U8 else None
    operand, result = tensor(type_, (259,), before), tensor(type_, (259,), after)
    return case(name, kind, [operand], [result], options, [[every]], judge=judge)


# --- conversions --------------------------------------------------------------------------------------------


def _conversions(choose: random.Random) -> Iterator[ElementwiseCase]:
    outputs = {F32: (I8, U8, I16), I8: (I8, U8, I16, I32), U8: (I8, U8, I16), I16: (I8, I16, I32), I32: (I8, I16)}
    micro = {F32: (I8, I16), I8: (I8, U8, I16, I32), U8: (I8,), I16: (I8, I16, I32), I32: (I8, I16)}
    for source, targets in outputs.items():
        for target in targets:
            for number in range(3):
                yield _quantize(
                    source, target, number, choose, "tflite_micro" if target in micro[source] else "lite_rt"
                )
    for source in (I8, U8, I16):
        for number in range(2):
            shape, scales = (3, 50), scale(float(np.float32(choose.uniform(0.001, 2))), choose.randrange(100))
            operand = tensor(source, shape, scales if source is not I16 else scale(scales.scales[0]))
            rows = [[values(choose, source, shape)] for _ in range(2)]
            name = f"dequantize_{source.name}_{number}".lower()
            yield case(name, "DEQUANTIZE", [operand], [tensor(F32, shape)], None, rows)
    for source in NUMPY_TYPES:
        for target in NUMPY_TYPES:
            yield _cast(source, target, choose)


def _quantize(source: DataType, target: DataType, number: int, choose: random.Random, judge: str) -> ElementwiseCase:
    shape = (3, 50)
    least = {I8: -128, U8: 0}
    points = [choose.randrange(256) + least[kind] if kind in least else 0 for kind in (source, target)]
    wide = {I16: 1 / 256, I32: 2.0**-20}
    sizes = [choose.uniform(0.02, 0.05) * wide.get(kind, 1) for kind in (source, target)]
    if number == 0:
        # One scale, and zero points that stand for the same stored bits or differ by 128.
        sizes[1] = sizes[0]
        points[1] = points[0] + least.get(target, 0) - least.get(source, 0) if target in least else 0
    before, after = (scale(float(np.float32(size)), point) for size, point in zip(sizes, points, strict=True))
    rows = [[values(choose, source, shape, 4)] for _ in range(3)]
    if source is F32:
        halves = (np.arange(150, dtype=np.float32).reshape(shape) - 70) * np.float32(after.scales[0] / 2)
        rows.append([halves])
    if source is I32:
        rows = [[(row[0] // 8).astype(np.int32)] for row in rows]
    operand = tensor(source, shape, before if source is not F32 else None)
    name = f"quantize_{source.name}_{target.name}_{number}".lower()
    return case(name, "QUANTIZE", [operand], [tensor(target, shape, after)], None, rows, judge=judge)


def _cast(source: DataType, target: DataType, choose: random.Random) -> ElementwiseCase:
    shape = (4, 9)
    value = values(choose, source, shape, 20)
    if source is F32:
        # C leaves open what becomes of numbers that do not fit.
        value = np.abs(value).astype(np.float32) if target in (U8, DataType.UINT16, DataType.UINT32) else value
        value[0, :3] = (0, -0.0, 0.5)
    micro = source in _MICRO["CAST"] and target in (F32, I8, I16, I32, BOOL) and source is not target
    options = Options(37, ((0, "i8", source.value), (1, "i8", target.value)))
    return case(
        f"cast_{source.name}_{target.name}".lower(),
        "CAST",
        [{"shape": shape, "type": source}],
        [{"shape": shape, "type": target}],
        options,
        [[value]],
        judge="tflite_micro" if micro else "lite_rt",
    )


# --- two operands -------------------------------------------------------------------------------------------

_SHAPES = (
    ((1, 4, 5, 3), (1, 4, 5, 3)),
    ((2, 4, 5, 3), (3,)),
    ((2, 1, 5, 1), (1, 4, 1, 3)),
    ((64,), (1,)),
    ((1,), (7, 2)),
    ((3, 4), ()),
)
#: More dimensions than tflite-micro repeats elements along.
_MORE_SHAPES = (((2, 1, 3, 1, 2), (1, 4, 1, 5, 1)),)


def _binaries(choose: random.Random) -> Iterator[ElementwiseCase]:
    for kind in ("ADD", "SUB", "MUL"):
        for type_ in (F32, I8, U8, I32, I64):
            for number, (first, second) in enumerate((*_SHAPES, *_MORE_SHAPES)):
                forms = ("both", "constant") if number < 3 else (choose.choice(("both", "constant", "swapped")),)
                for form in ("constant",) if second == () else forms:
                    activation = choose.choice(ACTIVATIONS)
                    name = f"{kind}_{type_.name}_{number}_{form}".lower()
                    yield _binary(name, kind, type_, (first, second), form, activation, choose)


def _binary(
    name: str,
    kind: str,
    type_: DataType,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    form: str,
    activation: Activation,
    choose: random.Random,
) -> ElementwiseCase:
    least = {I8: -128, U8: 0}.get(type_, 0)
    scales: list[Scales | None] = [None, None, None]
    if type_ in (I8, U8):
        sizes = [choose.uniform(0.01, 0.2) for _ in range(2)]
        if choose.random() < 0.3:
            sizes[1] = sizes[0]
        whole = sizes[0] * sizes[1] * 60 if kind == "MUL" else sum(sizes)
        sizes.append(whole * choose.choice((0.3, 0.8, 1.5)))
        points = [least + choose.randrange(256), least + choose.randrange(256), least + choose.randrange(40, 150)]
        scales = [scale(float(np.float32(size)), point) for size, point in zip(sizes, points, strict=True)]
    operands = [tensor(type_, shape, scales[i]) for i, shape in enumerate(shapes)]
    rows = [[values(choose, type_, shape, 4) for shape in shapes] for _ in range(2)]
    if form == "constant":
        operands[1]["data"] = rows[0][1]
        rows = [row[:1] for row in rows]
    if form == "swapped":
        operands[0]["data"] = rows[0][0]
        rows = [row[1:] for row in rows]
    shape = np.broadcast_shapes(*shapes)
    # tflite-micro leaves out the activation after an ADD of int32.
    is_bare = type_ is I32 and kind == "ADD" and activation is not Activation.NONE
    judge = "lite_rt" if len(shape) > 4 or is_bare else None
    result = tensor(type_, shape, scales[2])
    return case(name, kind, operands, [result], binary_options(kind, activation), rows, judge=judge, version=2)


def every_pair(name: str, kind: str, type_: DataType, choose: random.Random) -> ElementwiseCase:
    """Return the model that adds or multiplies every value of a column and every value of a row, of random scales."""
    least = -128 if type_ is I8 else 0
    sizes = [2 ** choose.uniform(-9, 3) for _ in range(2)]
    if choose.random() < 0.3:
        sizes[1] = sizes[0]
    if choose.random() < 0.2:
        sizes[1] = sizes[0] * 2 ** choose.uniform(-20, 20)
    whole = sizes[0] * sizes[1] * 128 if kind == "MUL" else max(sizes)
    sizes.append(whole * 2 ** choose.uniform(-3, 3))
    scales = [scale(float(np.float32(size)), least + choose.randrange(256)) for size in sizes]
    every = (np.arange(256) + least).astype(NUMPY_TYPES[type_])
    operands = [tensor(type_, (256, 1), scales[0]), tensor(type_, (1, 256), scales[1])]
    result = tensor(type_, (256, 256), scales[2])
    options = binary_options(kind, choose.choice(ACTIVATIONS))
    return case(name, kind, operands, [result], options, [[every.reshape(256, 1), every.reshape(1, 256)]])


# --- moving elements ----------------------------------------------------------------------------------------


def _movements(choose: random.Random) -> Iterator[ElementwiseCase]:
    for type_ in ALL:
        yield from _movements_of(type_, choose)


def _moved(
    name: str,
    kind: str,
    type_: DataType,
    shape: Sequence[int],
    results: Sequence[Sequence[int]],
    options: Options | None,
    choose: random.Random,
    *constants: dict[str, Any],
    first: bool = False,
    judge: str | None = None,
) -> ElementwiseCase:
    operands = [*constants, tensor(type_, shape)] if first else [tensor(type_, shape), *constants]
    outputs = [tensor(type_, result) for result in results]
    rows = [[values(choose, type_, shape)]]
    return case(f"{name}_{type_.name}".lower(), kind, operands, outputs, options, rows, judge=judge)


def _movements_of(type_: DataType, choose: random.Random) -> Iterator[ElementwiseCase]:
    short = type_ in (I16, I64, BOOL)
    for number, (shape, order) in enumerate(
        (
            ((2, 3, 4, 5), (0, 3, 1, 2)),
            ((3, 5), (1, 0)),
            ((2, 3, 4, 5), (3, 2, 1, 0)),
            ((2, 1, 4, 3), (1, 0, 2, 3)),
            ((2, 3, 2, 3, 2), (4, 0, 3, 1, 2)),
            ((2, 3, 2, 1, 3, 2), (5, 4, 3, 2, 1, 0)),
        )[: 1 if short else None]
    ):
        result = [shape[i] for i in order]
        judge = "lite_rt" if len(shape) > 5 else None
        operand = integers(*(order if number % 2 else [order[0], *(i - len(order) for i in order[1:])]))
        if type_ in (F32, I8, I16):
            operand = integers(*order)  # tflite-micro does not know negative ones
        yield _moved(f"transpose_{number}", "TRANSPOSE", type_, shape, [result], None, choose, operand, judge=judge)
    for number, (shape, begin, sizes) in enumerate(
        (
            ((2, 3, 4, 5), (1, 0, 1, 2), (1, 3, -1, 3)),
            ((7,), (2,), (3,)),
            ((2, 3, 4), (1, 0, 0), (1, 3, 4)),
            ((2, 2, 2, 3, 2), (0, 1, 0, 1, 0), (2, 1, 2, 2, 1)),
        )[: 1 if short else None]
    ):
        result = [whole - first if size == -1 else size for whole, first, size in zip(shape, begin, sizes, strict=True)]
        kind = I64 if number == 3 else I32
        operands = (integers(*begin, kind=kind), integers(*sizes, kind=kind))
        yield _moved(f"slice_{number}", "SLICE", type_, shape, [result], None, choose, *operands)
    yield from _strided_slices(type_, choose, short)
    for number, (shape, axis, parts) in enumerate(
        (((2, 3, 4, 6), 3, 3), ((2, 6, 4), 1, 2), ((4, 5), -2, 4), ((3, 2), 0, 1))[: 1 if short else None]
    ):
        if type_ is BOOL:
            continue  # no judge has it
        result = list(shape)
        result[axis] //= parts
        options = Options(OptionsType.SPLIT, ((0, "i32", parts),))
        operand = integers(axis, shape=() if number % 2 else (1,))
        results = [result] * parts
        yield _moved(f"split_{number}", "SPLIT", type_, shape, results, options, choose, operand, first=True)
    for number, (shapes, axis) in enumerate(
        (
            (((2, 3, 4), (2, 3, 1), (2, 3, 2)), 2),
            (((2, 3, 4), (1, 3, 4)), 0),
            (((3, 1, 2), (3, 2, 2)), -2),
            (((1, 1, 2, 3, 2), (1, 1, 2, 1, 2)), 3),
        )[: 1 if short else None]
    ):
        yield _concatenation(f"concatenation_{number}_{type_.name}".lower(), type_, shapes, axis, choose)
    yield from _pads(type_, choose, short)
    yield from _resizes(type_, choose, short)
    yield _moved("reshape", "RESHAPE", type_, (2, 6), [(3, 4)], reshape_options((3, 4)), choose)
    squeeze = Options(OptionsType.SQUEEZE, ((0, "[i32]", [0, -1]),))
    yield _moved("squeeze_some", "SQUEEZE", type_, (1, 3, 1, 4, 1), [(3, 1, 4)], squeeze, choose)
    yield _moved("squeeze_all", "SQUEEZE", type_, (1, 3, 1, 4, 1), [(3, 4)], Options(30, ()), choose)
    yield _moved("expand_dims", "EXPAND_DIMS", type_, (3, 4), [(3, 1, 4)], None, choose, integers(1, shape=()))
    yield _moved("expand_dims_last", "EXPAND_DIMS", type_, (3, 4), [(3, 4, 1)], None, choose, integers(-1, shape=(1,)))
    if type_ in (F32, I8, U8, I32):
        yield from _arg_maxes(type_, choose)


def _strided_slices(type_: DataType, choose: random.Random, short: bool) -> Iterator[ElementwiseCase]:
    shape = (4, 5, 6, 3)
    for number, (begin, end, strides, masks, result) in enumerate(
        (
            ((1, 0, 4, 0), (3, 5, 0, 3), (1, 2, -1, 1), {}, (2, 3, 4, 3)),
            ((1, 9, -9, 0), (3, -9, 9, 3), (1, -2, 2, 1), {"begin": 8, "end": 8}, (2, 3, 3, 3)),
            ((1, 2, 0, 0), (0, 0, 0, 0), (1, 1, 2, 1), {"shrink": 3, "end": 12}, (3, 3)),
            ((0, 0, 5, 0), (0, 0, 0, 0), (1, 1, -5, -1), {"begin": 15, "end": 15}, (4, 5, 2, 3)),
            ((0, 0, 0, 0), (4, 5, 6, 3), (1, 1, 1, 1), {}, shape),
            ((-1, 0, 0, 0), (0, 5, 6, 3), (1, 1, 1, 1), {"shrink": 1}, (5, 6, 3)),
        )[: 2 if short else None]
    ):
        operands = [integers(*numbers) for numbers in (begin, end, strides)]
        name = f"strided_slice_{number}"
        yield _moved(name, "STRIDED_SLICE", type_, shape, [result], _masks(**masks), choose, *operands)
    if short:
        return
    # What only LiteRT has: other counts of numbers, new dimensions, ellipses, ends relative to the beginnings.
    for number, (size, begin, end, strides, masks, result) in enumerate(
        (
            ((4, 5, 6), (1,), (3,), (1,), {}, (2, 5, 6)),
            ((4, 5, 6), (1, 0, 2), (3, 0, 5), (1, 1, 2), {"ellipsis": 2}, (2, 5, 2)),
            ((4, 5), (0, 1, 0), (0, 3, 5), (1, 1, 1), {"new_axis": 1}, (1, 2, 5)),
            ((4, 5), (0, 1, 0), (4, 3, 0), (1, 1, 1), {"new_axis": 4}, (4, 2, 1)),
            ((6, 5), (1, 2), (3, 2), (1, 1), {"offset": True}, (3, 2)),
            ((2, 2, 2, 3, 4), (0, 0, 0, 2, 0), (2, 2, 2, -4, 4), (1, 1, 1, -1, 3), {}, (2, 2, 2, 3, 2)),
        )
    ):
        operands = [integers(*numbers) for numbers in (begin, end, strides)]
        options = _masks(**masks)
        name = f"strided_slice_more_{number}"
        yield _moved(name, "STRIDED_SLICE", type_, size, [result], options, choose, *operands, judge="lite_rt")


def _masks(
    begin: int = 0, end: int = 0, ellipsis: int = 0, new_axis: int = 0, shrink: int = 0, offset: bool = False
) -> Options:
    fields = [(i, "i32", mask) for i, mask in enumerate((begin, end, ellipsis, new_axis, shrink))]
    return Options(OptionsType.STRIDED_SLICE, (*fields, (5, "bool", offset)))


def _concatenation(
    name: str, type_: DataType, shapes: Sequence[tuple[int, ...]], axis: int, choose: random.Random
) -> ElementwiseCase:
    result = list(shapes[0])
    result[axis] = sum(shape[axis] for shape in shapes)
    operands = [tensor(type_, shape) for shape in shapes]
    if type_ is U8:
        for operand in operands[1:]:
            operand["scales"] = scale(float(np.float32(choose.uniform(0.02, 0.09))), choose.randrange(256))
    rows = [[values(choose, type_, shape) for shape in shapes] for _ in range(2)]
    options = Options(OptionsType.CONCATENATION, ((0, "i32", axis), (1, "i8", 0)))
    return case(name, "CONCATENATION", operands, [tensor(type_, result)], options, rows)


def _pads(type_: DataType, choose: random.Random, short: bool) -> Iterator[ElementwiseCase]:
    for number, (shape, paddings) in enumerate(
        (
            ((1, 3, 4, 2), (0, 0, 1, 2, 2, 1, 0, 0)),
            ((2, 3, 2), (1, 0, 0, 3, 2, 1)),
            ((5,), (2, 0)),
            ((2, 3), (0, 0, 0, 0)),
            ((1, 2, 1, 2, 3), (1, 1, 0, 1, 1, 0, 0, 1, 2, 0)),
        )[: 2 if short else None]
    ):
        result = [
            before + size + after for before, size, after in zip(paddings[::2], shape, paddings[1::2], strict=True)
        ]
        operand = integers(*paddings, shape=(len(shape), 2), kind=I64 if type_ is U8 else I32)
        yield _moved(f"pad_{number}", "PAD", type_, shape, [result], None, choose, operand)
        value = {**tensor(type_, (1,)), "data": values(choose, type_, (1,))}
        yield _moved(f"padv2_{number}", "PADV2", type_, shape, [result], None, choose, operand, value)


def _resizes(type_: DataType, choose: random.Random, short: bool) -> Iterator[ElementwiseCase]:
    if type_ is I64:
        return  # no judge has it
    for number, (shape, size) in enumerate(
        (
            ((1, 3, 4, 2), (6, 8)),
            ((2, 3, 5, 1), (7, 4)),
            ((1, 6, 9, 3), (2, 3)),
            ((1, 1, 1, 4), (3, 2)),
            ((1, 5, 4, 1), (1, 1)),
        )[: 2 if short else None]
    ):
        for flags in (0, 1, 2, 3):
            if short and flags:
                continue
            options = Options(
                OptionsType.RESIZE_NEAREST_NEIGHBOR, ((0, "bool", bool(flags & 1)), (1, "bool", bool(flags & 2)))
            )
            result = (shape[0], *size, shape[3])
            name, kind = f"resize_{number}_{flags}", "RESIZE_NEAREST_NEIGHBOR"
            yield _moved(name, kind, type_, shape, [result], options, choose, integers(*size))


def _arg_maxes(type_: DataType, choose: random.Random) -> Iterator[ElementwiseCase]:
    for number, (shape, axis, output) in enumerate(
        (((3, 7), 1, I32), ((2, 5, 3), 1, I32), ((4, 6), 0, I64), ((9,), -1, I32), ((2, 3, 1), 2, I64))
    ):
        value = values(choose, type_, shape, 2)
        ties = np.clip(value, 0, 2).astype(np.int32).astype(value.dtype)
        result = [size for i, size in enumerate(shape) if i != axis % len(shape)]
        options = Options(OptionsType.ARG_MAX, ((0, "i8", output.value),))
        operands = [tensor(type_, shape), integers(axis, shape=())]
        name = f"arg_max_{type_.name}_{number}".lower()
        judge = "lite_rt" if output is I64 or type_ not in (F32, I8) else "tflite_micro"
        result_tensor = {"shape": tuple(result), "type": output}
        yield case(name, "ARG_MAX", operands, [result_tensor], options, [[value], [ties]], judge=judge)


def many_scales() -> Iterator[ElementwiseCase]:
    """Yield operators of int8 and uint8 with every value, and pair of values, of many random scales."""
    choose = random.Random(31)
    for type_ in (I8, U8):
        for number in range(60):
            for kind in ("RELU", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH", "QUANTIZE"):
                yield byte_activation(f"many_{kind}_{type_.name}_{number}".lower(), kind, type_, choose)
            for kind in ("ADD", "SUB", "MUL"):
                yield every_pair(f"many_{kind}_{type_.name}_{number}".lower(), kind, type_, choose)


def chain(type_: DataType) -> ElementwiseCase:
    """Return a model of several operators, most of which may work in place."""
    choose = random.Random(7)
    shape = (1, 6, 5, 4)
    builder = ModelBuilder()

    def made(kind: str, inputs: Sequence[int], options: Options | None = None, result: Sequence[int] = shape) -> int:
        scales = scale(1 / 256, -128 if type_ is I8 else 0) if kind == "LOGISTIC" else None
        output = builder.tensor(**tensor(type_, result, None if type_ is F32 else scales))
        builder.operator(kind, inputs, [output], options)
        return output

    x, y = (builder.tensor(**tensor(type_, shape)) for _ in range(2))
    row = builder.tensor(**tensor(type_, (4,)), data=values(choose, type_, (4,)))
    total = made("ADD", [x, y], binary_options("ADD", Activation.RELU))
    product = made("MUL", [made("LOGISTIC", [total]), total], binary_options("MUL"))
    difference = made("SUB", [row, product], binary_options("SUB"))
    bent = made("LEAKY_RELU", [made("HARD_SWISH", [difference])], _leaky(0.3))
    order = builder.tensor(**integers(0, 3, 1, 2))
    turned = made("TRANSPOSE", [made("RELU6", [bent]), order], None, (1, 4, 6, 5))
    flat = made("SQUEEZE", [turned], Options(OptionsType.SQUEEZE, ((0, "[i32]", [0]),)), (4, 6, 5))
    result = made("ADD", [flat, flat], binary_options("ADD"), (4, 6, 5))
    given = tuple(values(choose, type_, shape) for _ in range(2))
    judge = "lite_rt" if type_ is U8 else "tflite_micro"
    return ElementwiseCase(f"chain_{type_.name}".lower(), builder.build([x, y], [result]), (given,), judge)


def all_elementwise_cases() -> list[ElementwiseCase]:
    """Return every case, the same each time."""
    choose = random.Random(12)
    chains = [chain(type_) for type_ in (F32, I8, U8)]
    return [*chains, *_activations(choose), *_conversions(choose), *_binaries(choose), *_movements(choose)]
