"""Bytes of a .tflite file to tensors and operators: the structure is checked here, the meaning is not.

Entry point: :func:`read_model`. Only the first subgraph counts: it is the one that an interpreter
invokes, with its inputs and outputs in the order that the subgraph lists them.
"""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.errors import UserError
from runeflash.model.flatbuffer import FlatBuffer, Table, damaged
from runeflash.model.graph import Quantization, Tensor
from runeflash.model.schema import (
    CUSTOM_OPERATOR,
    FILE_IDENTIFIER,
    OPERATORS,
    SCHEMA_VERSION,
    Activation,
    DataType,
)

#: Far beyond any model for a microcontroller: a hostile file shall not take long.
MAX_TENSORS = 65_536
MAX_OPERATORS = 65_536
MAX_RANK = 8
#: Elements of one tensor, as in a Runefile.
MAX_ELEMENTS = (1 << 31) - 1


@dataclass(frozen=True)
class ImagePadding:
    """Pixels around an image that count as zero: above and below it, to its left and right."""

    rows: tuple[int, int] = (0, 0)
    columns: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class FileOperator:
    """An operator as the file has it, or as a pass has changed it.

    Attributes:
        index: its number in the subgraph.
        kind: ``CONV_2D``; ``CUSTOM`` for those that are not TensorFlow Lite's own.
        custom_name: the name of a custom operator, or empty.
        version: of the operator's definition.
        inputs: tensor indices; None for an optional input that is left out.
        outputs: tensor indices.
        options_type: which of the options tables it has, 0 for none.
        options: that table, or None.
        padding: around its image, of which the options know nothing.
        activation: with which it ends, instead of that in its options; or None.
    """

    index: int
    kind: str
    custom_name: str
    version: int
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    options_type: int
    options: Table | None
    padding: ImagePadding = ImagePadding()
    activation: Activation | None = None


@dataclass(frozen=True)
class ModelFile:
    """The first subgraph of a file: its tensors, operators in order, and the indices of its inputs and outputs."""

    tensors: tuple[Tensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_model(data: bytes) -> ModelFile:
    """Return what a .tflite file holds.

    Raises:
        UserError: it is no such file, or it is damaged; the message says where.
    """
    buffer = FlatBuffer(data)
    root = buffer.root(FILE_IDENTIFIER, "the model")
    version = root.u32(0)
    if version != SCHEMA_VERSION:
        raise UserError(f"the model has version {version} of the file format; only {SCHEMA_VERSION} is supported")
    codes = [_operator_code(table) for table in root.tables(1, "the operator codes", "operator code", MAX_OPERATORS)]
    subgraphs = root.tables(2, "the subgraphs", "subgraph", MAX_OPERATORS)
    if not subgraphs:
        raise damaged("it has no subgraph")
    subgraph = subgraphs[0]
    contents = [_buffer_content(buffer, table) for table in root.tables(4, "the buffers", "buffer", 2 * MAX_TENSORS)]
    tensors = tuple(
        _tensor(index, table, contents)
        for index, table in enumerate(subgraph.tables(0, "the tensors", "tensor", MAX_TENSORS))
    )
    operators = tuple(
        _operator(index, table, codes, len(tensors))
        for index, table in enumerate(subgraph.tables(3, "the operators", "operator", MAX_OPERATORS))
    )
    inputs = _indices(subgraph, 1, "the model's inputs", len(tensors))
    outputs = _indices(subgraph, 2, "the model's outputs", len(tensors))
    return ModelFile(tensors, operators, inputs, outputs)


def _operator_code(table: Table) -> tuple[str, str, int]:
    """Return an operator's kind, its custom name and its version."""
    # The number grew beyond the byte it had at first: the greater of the two fields counts.
    number = max(table.i8(0), table.i32(3))
    kind = OPERATORS[number] if 0 <= number < len(OPERATORS) else f"number {number}"
    custom_name = table.string(1, f"the name of {table.what}") if kind == CUSTOM_OPERATOR else ""
    return kind, custom_name, table.i32(2, 1)


def _buffer_content(buffer: FlatBuffer, table: Table) -> memoryview | None:
    """Return a buffer's bytes, or None when it has none."""
    content = table.content(0, f"the data of {table.what}")
    if content is not None and len(content) > 0:
        return content
    # Files of more than 2 GB keep the data behind the FlatBuffer; so may smaller ones.
    offset, size = table.u64(1), table.u64(2)
    if offset <= 1 or size == 0:
        return None
    buffer.need(offset, size, f"the data of {table.what}")
    return buffer.data[offset : offset + size]


def _tensor(index: int, table: Table, contents: list[memoryview | None]) -> Tensor:
    name = table.string(3, f"the name of {table.what}")
    number = table.i8(1)
    try:
        data_type = DataType(number)
    except ValueError:
        raise UserError(f"tensor {index} of the model has the unknown element type {number}") from None
    shape = table.integers(0, f"the shape of {table.what}") or ()
    buffer_index = table.u32(2)
    # Buffer 0 is empty by definition, and files without any buffers have been seen.
    if buffer_index != 0 and buffer_index >= len(contents):
        raise damaged(f"tensor {index} refers to buffer {buffer_index}, but there are {len(contents)}")
    tensor = Tensor(
        index=index,
        name=name,
        type=data_type,
        shape=shape,
        data=contents[buffer_index] if buffer_index != 0 else None,
        quantization=_quantization(table),
        is_variable=table.boolean(5),
        is_sparse=table.has(6),
    )
    _check_shape(tensor)
    return tensor


def _check_shape(tensor: Tensor) -> None:
    if len(tensor.shape) > MAX_RANK:
        raise UserError(f"{tensor} of the model has {len(tensor.shape)} dimensions; at most {MAX_RANK} are supported")
    if any(dimension < -1 for dimension in tensor.shape):
        raise damaged(f"{tensor} has the shape {list(tensor.shape)}")
    if any(dimension < 1 for dimension in tensor.shape):
        return  # not known before it runs: only an error for those who need it
    if tensor.count > MAX_ELEMENTS:
        raise UserError(f"{tensor} of the model, shape {list(tensor.shape)}, has more than {MAX_ELEMENTS} elements")
    if tensor.data is not None and tensor.type.size is not None and not tensor.is_sparse:
        expected = tensor.count * tensor.type.size
        if len(tensor.data) != expected:
            raise damaged(
                f"{tensor} of shape {list(tensor.shape)} and type {tensor.type.name} needs {expected} bytes,"
                f" but its buffer has {len(tensor.data)}"
            )


def _quantization(table: Table) -> Quantization | None:
    found = table.table(4, f"the quantisation of {table.what}")
    if found is None:
        return None
    scales = found.numbers(2, "f", f"the scales of {table.what}") or ()
    zero_points = found.numbers(3, "q", f"the zero points of {table.what}") or ()
    if not scales:
        return None
    return Quantization(
        tuple(float(scale) for scale in scales), tuple(int(point) for point in zero_points), found.i32(6)
    )


def _operator(index: int, table: Table, codes: list[tuple[str, str, int]], tensor_count: int) -> FileOperator:
    code = table.u32(0)
    if code >= len(codes):
        raise damaged(f"operator {index} refers to operator code {code}, but there are {len(codes)}")
    kind, custom_name, version = codes[code]
    inputs = table.integers(1, f"the inputs of {table.what}") or ()
    for number in inputs:
        if number != -1 and not 0 <= number < tensor_count:
            raise damaged(f"operator {index} ({kind}) reads tensor {number}, but there are {tensor_count}")
    outputs = _indices(table, 2, f"the outputs of {table.what}", tensor_count)
    return FileOperator(
        index=index,
        kind=kind,
        custom_name=custom_name,
        version=version,
        inputs=tuple(None if number == -1 else number for number in inputs),
        outputs=outputs,
        options_type=table.u8(3),
        options=table.table(4, f"the options of {table.what}"),
    )


def _indices(table: Table, number: int, what: str, tensor_count: int) -> tuple[int, ...]:
    indices = table.integers(number, what) or ()
    for index in indices:
        if not 0 <= index < tensor_count:
            raise damaged(f"{what} name tensor {index}, but there are {tensor_count}")
    return indices
