"""Builds .tflite files for tests: tensors and operators in, bytes out.

    builder = ModelBuilder()
    x = builder.tensor((1, 4), name="x")
    y = builder.tensor((1, 4), name="y")
    builder.operator("SOFTMAX", [x], [y], softmax_options(beta=1.0))
    data = builder.build(inputs=[x], outputs=[y])

Field numbers are those of TensorFlow Lite's schema, version 3. Nothing is checked: tests need wrong files too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np

from runeflash.model.schema import OPERATORS, Activation, DataType, OptionsType, Padding

_NUMPY_TYPES = {
    DataType.FLOAT32: np.float32,
    DataType.INT32: np.int32,
    DataType.INT64: np.int64,
    DataType.INT16: np.int16,
    DataType.INT8: np.int8,
    DataType.UINT8: np.uint8,
    DataType.BOOL: np.bool_,
}


@dataclass(frozen=True)
class Options:
    """An options table: its number in the union, and (field, kind, value) with kind i8, bool, i32, f32 or [i32]."""

    type: int
    fields: tuple[tuple[int, str, Any], ...]


@dataclass(frozen=True)
class Scales:
    """How integers stand for reals: scales, as many zero points (by default 0), and their dimension."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...] = ()
    dimension: int = 0


def scale(value: float, zero_point: int = 0) -> Scales:
    """Scale and zero point of a whole tensor."""
    return Scales((value,), (zero_point,))


def conv_2d_options(
    padding: Padding = Padding.VALID,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    activation: Activation = Activation.NONE,
) -> Options:
    """Options of CONV_2D; stride and dilation are (height, width)."""
    return Options(
        OptionsType.CONV_2D,
        (
            (0, "i8", padding.value),
            (1, "i32", stride[1]),
            (2, "i32", stride[0]),
            (3, "i8", activation.value),
            (4, "i32", dilation[1]),
            (5, "i32", dilation[0]),
        ),
    )


def depthwise_conv_2d_options(
    padding: Padding = Padding.VALID,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    activation: Activation = Activation.NONE,
    multiplier: int = 1,
) -> Options:
    """Options of DEPTHWISE_CONV_2D; stride and dilation are (height, width)."""
    return Options(
        OptionsType.DEPTHWISE_CONV_2D,
        (
            (0, "i8", padding.value),
            (1, "i32", stride[1]),
            (2, "i32", stride[0]),
            (3, "i32", multiplier),
            (4, "i8", activation.value),
            (5, "i32", dilation[1]),
            (6, "i32", dilation[0]),
        ),
    )


def pool_2d_options(
    filter_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: Padding = Padding.VALID,
    activation: Activation = Activation.NONE,
) -> Options:
    """Options of MAX_POOL_2D and its like; sizes are (height, width)."""
    return Options(
        OptionsType.POOL_2D,
        (
            (0, "i8", padding.value),
            (1, "i32", stride[1]),
            (2, "i32", stride[0]),
            (3, "i32", filter_size[1]),
            (4, "i32", filter_size[0]),
            (5, "i8", activation.value),
        ),
    )


def fully_connected_options(
    activation: Activation = Activation.NONE,
    keep_num_dims: bool = False,
    weights_format: int = 0,
    asymmetric: bool = False,
) -> Options:
    """Options of FULLY_CONNECTED; ``asymmetric`` is how hybrid ones quantise their inputs."""
    return Options(
        OptionsType.FULLY_CONNECTED,
        (
            (0, "i8", activation.value),
            (1, "i8", weights_format),
            (2, "bool", keep_num_dims),
            (3, "bool", asymmetric),
        ),
    )


def svdf_options(rank: int = 1, activation: Activation = Activation.NONE, asymmetric: bool = False) -> Options:
    """Options of SVDF; ``asymmetric`` is how hybrid ones quantise their inputs."""
    return Options(OptionsType.SVDF, ((0, "i32", rank), (1, "i8", activation.value), (2, "bool", asymmetric)))


def mean_options(keep_dims: bool = False) -> Options:
    """Options of MEAN and other reductions."""
    return Options(OptionsType.REDUCER, ((0, "bool", keep_dims),))


def binary_options(kind: str, activation: Activation = Activation.NONE) -> Options:
    """Options of ADD, SUB or MUL."""
    return Options(OptionsType[kind], ((0, "i8", activation.value),))


def softmax_options(beta: float = 1.0) -> Options:
    """Options of SOFTMAX."""
    return Options(OptionsType.SOFTMAX, ((0, "f32", beta),))


def reshape_options(shape: Sequence[int]) -> Options:
    """Options of RESHAPE."""
    return Options(OptionsType.RESHAPE, ((0, "[i32]", list(shape)),))


@dataclass
class _Tensor:
    shape: tuple[int, ...]
    type: int
    buffer: int
    name: str
    variable: bool
    sparse: bool
    scales: Scales | None


@dataclass
class _Operator:
    code: int
    inputs: list[int]
    outputs: list[int]
    options: Options | None


@dataclass
class ModelBuilder:
    """Collects a model; ``version`` is the file format's."""

    version: int = 3
    description: str = "built for a test"
    _tensors: list[_Tensor] = field(default_factory=list)
    _buffers: list[bytes] = field(default_factory=lambda: [b""])
    _codes: list[tuple[int, str, int]] = field(default_factory=list)
    _operators: list[_Operator] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        data: Any = None,
        *,
        name: str | None = None,
        type: DataType | int = DataType.FLOAT32,  # noqa: A002 - the schema's word
        buffer: int | None = None,
        variable: bool = False,
        sparse: bool = False,
        scales: Scales | None = None,
    ) -> int:
        """Add a tensor and return its index; ``data`` (numbers, or bytes as they are) makes it a constant."""
        if data is not None:
            if not isinstance(data, bytes):
                assert isinstance(type, DataType)
                data = np.asarray(data, dtype=np.dtype(_NUMPY_TYPES[type]).newbyteorder("<")).tobytes()
            self._buffers.append(data)
            buffer = len(self._buffers) - 1
        index = len(self._tensors)
        number = type.value if isinstance(type, DataType) else type
        label = f"tensor_{index}" if name is None else name
        self._tensors.append(_Tensor(tuple(shape), number, buffer or 0, label, variable, sparse, scales))
        return index

    def operator(
        self,
        kind: str | int,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Options | None = None,
        *,
        version: int = 1,
        custom_name: str = "",
    ) -> int:
        """Add an operator and return its index; -1 is an input that is left out."""
        code = (kind if isinstance(kind, int) else OPERATORS.index(kind), custom_name, version)
        if code not in self._codes:
            self._codes.append(code)
        self._operators.append(_Operator(self._codes.index(code), list(inputs), list(outputs), options))
        return len(self._operators) - 1

    def build(self, inputs: Sequence[int], outputs: Sequence[int], *, subgraphs: int = 1) -> bytes:
        """Return the file."""
        b = flatbuffers.Builder(1024)
        buffers = [self._table(b, [(0, "bytes", content)] if content else []) for content in self._buffers]
        codes = [
            self._table(
                b,
                [(0, "i8", min(number, 127)), (1, "string", name or None), (2, "i32", version), (3, "i32", number)],
            )
            for number, name, version in self._codes
        ]
        graphs = [self._subgraph(b, inputs, outputs) for _ in range(subgraphs)]
        root = self._table(
            b,
            [
                (0, "u32", self.version),
                (1, "tables", codes),
                (2, "tables", graphs),
                (3, "string", self.description),
                (4, "tables", buffers),
            ],
        )
        b.Finish(root, file_identifier=b"TFL3")
        return bytes(b.Output())

    def _subgraph(self, b: Any, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        tensors = []
        for tensor in self._tensors:
            sparsity = self._table(b, []) if tensor.sparse else None
            quantization = None
            if tensor.scales is not None:
                zero_points = tensor.scales.zero_points or (0,) * len(tensor.scales.scales)
                quantization = self._table(
                    b,
                    [
                        (2, "[f32]", tensor.scales.scales),
                        (3, "[i64]", zero_points),
                        (6, "i32", tensor.scales.dimension),
                    ],
                )
            tensors.append(
                self._table(
                    b,
                    [
                        (0, "[i32]", list(tensor.shape)),
                        (1, "i8", tensor.type),
                        (2, "u32", tensor.buffer),
                        (3, "string", tensor.name),
                        (4, "table", quantization),
                        (5, "bool", tensor.variable),
                        (6, "table", sparsity),
                    ],
                )
            )
        operators = []
        for operator in self._operators:
            options = None if operator.options is None else self._table(b, list(operator.options.fields))
            operators.append(
                self._table(
                    b,
                    [
                        (0, "u32", operator.code),
                        (1, "[i32]", operator.inputs),
                        (2, "[i32]", operator.outputs),
                        (3, "u8", 0 if operator.options is None else operator.options.type),
                        (4, "table", options),
                    ],
                )
            )
        return self._table(
            b,
            [
                (0, "tables", tensors),
                (1, "[i32]", list(inputs)),
                (2, "[i32]", list(outputs)),
                (3, "tables", operators),
                (4, "string", "main"),
            ],
        )

    @staticmethod
    def _table(b: Any, fields: list[tuple[int, str, Any]]) -> int:
        """Write a table and return its offset; a value of None leaves the field out."""
        placed: list[tuple[int, str, Any]] = []
        for number, kind, value in fields:
            if value is None:
                continue
            if kind == "string":
                placed.append((number, "table", b.CreateSharedString(value)))
            elif kind == "bytes":
                # The schema wants a buffer's data on a multiple of 16.
                b.StartVector(1, len(value), 16)
                b.head = b.head - len(value)
                b.Bytes[b.head : b.head + len(value)] = value
                placed.append((number, "table", b.EndVector()))
            elif kind in {"[f32]", "[i64]"}:
                size = 4 if kind == "[f32]" else 8
                b.StartVector(size, len(value), size)
                for item in reversed(value):
                    if kind == "[f32]":
                        b.PrependFloat32(item)
                    else:
                        b.PrependInt64(item)
                placed.append((number, "table", b.EndVector()))
            elif kind in {"[i32]", "tables"}:
                b.StartVector(4, len(value), 4)
                for item in reversed(value):
                    if kind == "[i32]":
                        b.PrependInt32(item)
                    else:
                        b.PrependUOffsetTRelative(item)
                placed.append((number, "table", b.EndVector()))
            else:
                placed.append((number, kind, value))
        b.StartObject(max((number for number, _, _ in placed), default=-1) + 1)
        for number, kind, value in placed:
            # A default that no value equals: the field is always written.
            if kind == "table":
                b.PrependUOffsetTRelativeSlot(number, value, 0)
            elif kind == "i8":
                b.PrependInt8Slot(number, value, None)
            elif kind == "u8":
                b.PrependUint8Slot(number, value, None)
            elif kind == "bool":
                b.PrependBoolSlot(number, value, None)
            elif kind == "i32":
                b.PrependInt32Slot(number, value, None)
            elif kind == "u32":
                b.PrependUint32Slot(number, value, None)
            elif kind == "f32":
                b.PrependFloat32Slot(number, value, None)
            else:
                raise AssertionError(kind)
        return int(b.EndObject())
