"""What a .tflite file holds, whether it can be compiled or not: for people who choose or debug a model.

Entry point: :func:`describe_model`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runeflash.errors import UserError
from runeflash.model.flatbuffer import damaged
from runeflash.model.graph import Quantization, Tensor
from runeflash.model.operators import READERS, OperatorContext
from runeflash.model.read import FileOperator, ModelFile, read_model

if TYPE_CHECKING:
    from runeflash.model.compile import CompiledModel, PassResult

_DAMAGED = damaged("").message
#: Operators that move, compare, convert, add or multiply values, and keep no sums of products.
_WITHOUT_MACS = frozenset(
    """
    ADD ARG_MAX AVERAGE_POOL_2D CAST CONCATENATION DEQUANTIZE EXPAND_DIMS HARD_SWISH LEAKY_RELU LOGISTIC MAX_POOL_2D
    MEAN MUL PACK PAD PADV2 QUANTIZE RELU RELU6 RESHAPE RESIZE_NEAREST_NEIGHBOR SLICE SOFTMAX SPLIT SQUEEZE
    STRIDED_SLICE SUB TANH TRANSPOSE UNPACK
    """.split()  # noqa: SIM905 - as in the table of operators
)


@dataclass(frozen=True)
class TensorInfo:
    """A tensor.

    Attributes:
        name: in the file; not unique, may be empty.
        type: of its elements: a Runefile's name for it where there is one, else the file format's in lower case.
        shape: as declared; -1 where it is only known at run time.
        quantization: how integers stand for reals, or None.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    quantization: Quantization | None

    def __str__(self) -> str:
        """Return type and shape as the reference's ``model-info`` prints them."""
        return f"{self.type}[{','.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class OperatorInfo:
    """An operator.

    Attributes:
        index: its number in the file.
        operator: ``CONV_2D``; of a custom operator, its name.
        name: of its first output, or empty.
        inputs: the tensors that it reads and that are computed, in order.
        constants: the tensors that it reads and whose data are in the file.
        outputs: the tensors that it writes.
        macs: multiplications with addition in one inference, taps outside an image included; None where that is not
            known.
        weight_bytes: of its constants, as they are in the file.
        compiled_macs: those that are left after the passes, 0 where the operator has been removed; None where the model
            cannot be compiled.
        arena_bytes: of the arena that are in use while it runs; None where it does not.
        problem: why the compiler cannot compile it, or None where it can.
    """

    index: int
    operator: str
    name: str
    inputs: tuple[TensorInfo, ...]
    constants: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    macs: int | None
    weight_bytes: int
    compiled_macs: int | None
    arena_bytes: int | None
    problem: str | None


@dataclass(frozen=True)
class ModelInfo:
    """A model.

    Attributes:
        inputs: in its order.
        outputs: in its order.
        operators: in the order of the file.
        macs: of all operators for which they are known.
        weight_bytes: of all constants as they are in the file, each once.
        arena_bytes: RAM that the compiled model needs besides its inputs and outputs; None where it cannot be compiled.
        flash_bytes: flash that the compiled model's constants take; None where it cannot be compiled.
        passes: what each pass of the compiler did; empty where it cannot be compiled.
        problem: why it cannot be compiled, or None where it can.
    """

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    operators: tuple[OperatorInfo, ...]
    macs: int
    weight_bytes: int
    arena_bytes: int | None
    flash_bytes: int | None
    passes: tuple[PassResult, ...]
    problem: str | None


def describe_model(data: bytes, disabled: Collection[str] = ()) -> ModelInfo:
    """Return what a .tflite file holds; what cannot be compiled is said, and is no error.

    Args:
        data: the file.
        disabled: passes of the compiler that do not run.

    Raises:
        UserError: it is no such file, or it is damaged.
    """
    from runeflash.model.compile import compile_model

    model = read_model(data)
    compiled = problem = None
    try:
        compiled = compile_model(data, name="model", symbol="model", disabled=disabled)
    except UserError as error:
        problem = _refusal(error)
    operators = tuple(_operator(operator, model, compiled) for operator in model.operators)
    used = {index for operator in model.operators for index in operator.inputs if index is not None}
    return ModelInfo(
        tuple(_tensor(model.tensors[index]) for index in model.inputs),
        tuple(_tensor(model.tensors[index]) for index in model.outputs),
        operators,
        sum(operator.macs or 0 for operator in operators),
        sum(_data_bytes(model.tensors[index]) for index in used),
        None if compiled is None else compiled.arena_bytes,
        None if compiled is None else compiled.weight_bytes,
        () if compiled is None else compiled.passes,
        problem,
    )


def count_macs(kind: str, inputs: list[Tensor | None], output: Tensor) -> int | None:
    """Return the multiplications with addition of an operator, by its shapes alone, or None where they do not say.

    Args:
        kind: the operator.
        inputs: its inputs; None for one that is left out.
        output: its first output.
    """
    if kind in _WITHOUT_MACS:
        return 0
    weights = inputs[1] if len(inputs) > 1 else None
    if weights is None or any(dimension < 1 for dimension in (*weights.shape, *output.shape)):
        return None
    shape = weights.shape
    if kind == "CONV_2D" and len(shape) == 4:  # [output channels, height, width, input channels of a group]
        return output.count * shape[1] * shape[2] * shape[3]
    if kind == "DEPTHWISE_CONV_2D" and len(shape) == 4:  # [1, height, width, output channels]
        return output.count * shape[1] * shape[2]
    if kind == "FULLY_CONNECTED" and len(shape) == 2:  # [units, depth]
        return output.count * shape[1]
    if (
        kind == "SVDF" and len(shape) == 2 and len(output.shape) == 2
    ):  # [filters, depth], and for time [filters, memory]
        time = inputs[2] if len(inputs) > 2 else None
        fits = time is not None and len(time.shape) == 2 and time.shape[0] == shape[0]
        return output.shape[0] * shape[0] * (shape[1] + time.shape[1]) if time is not None and fits else None
    return None


def _operator(operator: FileOperator, model: ModelFile, compiled: CompiledModel | None) -> OperatorInfo:
    layers = () if compiled is None else compiled.layers
    layer = next((layer for layer in layers if layer.index == operator.index), None)
    inputs = [None if index is None else model.tensors[index] for index in operator.inputs]
    given = [tensor for tensor in inputs if tensor is not None]
    outputs = [model.tensors[index] for index in operator.outputs]
    return OperatorInfo(
        index=operator.index,
        operator=operator.custom_name or operator.kind,
        name=outputs[0].name if outputs else "",
        inputs=tuple(_tensor(tensor) for tensor in given if tensor.data is None),
        constants=tuple(_tensor(tensor) for tensor in given if tensor.data is not None),
        outputs=tuple(_tensor(tensor) for tensor in outputs),
        macs=count_macs(operator.kind, inputs, outputs[0]) if outputs else None,
        weight_bytes=sum(_data_bytes(tensor) for tensor in given),
        compiled_macs=None if compiled is None else 0 if layer is None else layer.macs,
        arena_bytes=None if layer is None else layer.arena_bytes,
        problem=_problem(operator, model),
    )


def _problem(operator: FileOperator, model: ModelFile) -> str | None:
    reader = READERS.get(operator.kind)
    if reader is None:
        return "this operator is not supported"
    context = OperatorContext(operator, model.tensors)
    try:
        reader(context)
    except UserError as error:
        return _refusal(error).removeprefix(f"{context}: ")
    return None


def _refusal(error: UserError) -> str:
    """Return why something cannot be compiled; a file that is damaged is an error all the same."""
    if error.message.startswith(_DAMAGED):
        raise error
    return error.message


def _tensor(tensor: Tensor) -> TensorInfo:
    element = tensor.type.element
    name = element.value if element is not None else tensor.type.name.lower()
    return TensorInfo(tensor.name, name, tensor.shape, tensor.quantization)


def _data_bytes(tensor: Tensor) -> int:
    return len(tensor.data) if tensor.data is not None else 0
