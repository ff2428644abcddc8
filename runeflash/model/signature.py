"""What a model takes and gives, read without compiling it: for ``check``, so it must be quick."""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.errors import UserError
from runeflash.model.graph import Tensor, quoted
from runeflash.model.read import read_model
from runeflash.tensors import TensorType


@dataclass(frozen=True)
class SignatureTensor:
    """An input or output: its name in the file (not unique, may be empty) and its type."""

    name: str
    type: TensorType


@dataclass(frozen=True)
class ModelSignature:
    """The inputs and outputs of a model's first subgraph, in its order."""

    inputs: tuple[SignatureTensor, ...]
    outputs: tuple[SignatureTensor, ...]


def read_signature(data: bytes) -> ModelSignature:
    """Return the inputs and outputs of a .tflite file, whatever operators it uses.

    Where a dimension is open (a batch), the shape that the file fixes it to counts: 1, as a rule.

    Raises:
        UserError: the file is damaged, or an input's or output's type or shape has no like in a Runefile.
    """
    model = read_model(data)
    return ModelSignature(
        tuple(_signature(model.tensors[index], "input", i) for i, index in enumerate(model.inputs)),
        tuple(_signature(model.tensors[index], "output", i) for i, index in enumerate(model.outputs)),
    )


def _signature(tensor: Tensor, role: str, number: int) -> SignatureTensor:
    what = f"{role} {number} of the model ({quoted(tensor.name)})"
    if tensor.type.element is None:
        raise UserError(f"{what} is of type {tensor.type.name}, which no tensor of a Runefile can have")
    if any(dimension < 1 for dimension in tensor.shape):
        raise UserError(
            f"{what} has the shape {list(tensor.shape)}, which is not fixed",
            hint="export the model with an input of fixed shape",
        )
    return SignatureTensor(tensor.name, tensor.tensor_type)
