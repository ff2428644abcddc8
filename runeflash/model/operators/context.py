"""What an operator's reader is given: one operator of the file, its tensors and options, and ways to refuse it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from runeflash.errors import UserError
from runeflash.model.flatbuffer import Table, damaged
from runeflash.model.graph import Tensor, quoted
from runeflash.model.read import FileOperator
from runeflash.model.schema import Activation, DataType, OptionsType, Padding


@dataclass(frozen=True)
class OperatorContext:
    """One operator of a file. Each method returns something that was checked, or raises a UserError that
    names the operator, its number and the tensor.
    """

    operator: FileOperator
    tensors: Sequence[Tensor]

    def __str__(self) -> str:
        """Return how messages call the operator."""
        custom = f" {quoted(self.operator.custom_name)}" if self.operator.custom_name else ""
        return f"operator {self.operator.index} of the model ({self.operator.kind}{custom})"

    def unsupported(self, detail: str, hint: str | None = None) -> UserError:
        """Return the error for what the file may have but we cannot compile."""
        return UserError(f"{self}: {detail}", hint=hint)

    def wrong(self, detail: str) -> UserError:
        """Return the error for what no file may have."""
        return damaged(f"{self}: {detail}")

    def check_version(self, newest: int) -> None:
        """Refuse a version of the operator that we do not know."""
        if not 1 <= self.operator.version <= newest:
            raise self.unsupported(f"version {self.operator.version} is not supported; the newest known is {newest}")

    def check_arity(self, inputs: tuple[int, int], outputs: int) -> None:
        """Check the number of inputs, between two bounds, and of outputs."""
        least, most = inputs
        if not least <= len(self.operator.inputs) <= most:
            raise self.wrong(f"it has {len(self.operator.inputs)} inputs")
        if len(self.operator.outputs) != outputs:
            raise self.wrong(f"it has {len(self.operator.outputs)} outputs")

    def input(self, number: int, role: str) -> Tensor:
        """Return an input that must be there."""
        tensor = self.optional_input(number, role)
        if tensor is None:
            raise self.wrong(f"its {role} is missing")
        return tensor

    def optional_input(self, number: int, role: str) -> Tensor | None:
        """Return an input, or None where it is left out."""
        if number >= len(self.operator.inputs):
            return None
        index = self.operator.inputs[number]
        return None if index is None else self._usable(self.tensors[index], role)

    def output(self, number: int) -> Tensor:
        """Return an output."""
        return self._usable(self.tensors[self.operator.outputs[number]], "output")

    def layer_fields(self, source: Tensor, output: Tensor) -> tuple[int, str, tuple[int, ...], tuple[int, ...]]:
        """Return what every :class:`Layer` begins with, for one that reads and writes one tensor each."""
        return self.operator.index, output.name, (source.index,), (output.index,)

    def variable(self, number: int, role: str) -> Tensor:
        """Return an input that keeps its value from one inference to the next, and that this operator writes."""
        index = self.operator.inputs[number] if number < len(self.operator.inputs) else None
        if index is None:
            raise self.wrong(f"its {role} is missing")
        tensor = self.tensors[index]
        self._check_fixed(tensor, role)
        if not tensor.is_variable:
            raise self.unsupported(f"its {role}, {tensor}, is no variable")
        if tensor.data is not None and any(tensor.data):
            raise self.unsupported(f"its {role}, {tensor}, has a value at the beginning")
        return tensor

    def _check_fixed(self, tensor: Tensor, role: str) -> None:
        if any(dimension < 1 for dimension in tensor.shape):
            raise self.unsupported(
                f"the shape {list(tensor.shape)} of its {role}, {tensor}, is not fixed",
                hint="export the model with an input of fixed shape",
            )

    def _usable(self, tensor: Tensor, role: str) -> Tensor:
        self._check_fixed(tensor, role)
        if tensor.is_variable:
            raise self.unsupported(f"its {role}, {tensor}, is a variable")
        if tensor.is_sparse:
            raise self.unsupported(f"its {role}, {tensor}, is sparse")
        return tensor

    def check_type(self, tensor: Tensor, role: str, *allowed: DataType) -> None:
        """Refuse a tensor of another type than those."""
        if tensor.type not in allowed:
            names = " or ".join(data_type.name for data_type in allowed)
            raise self.unsupported(f"its {role}, {tensor}, is of type {tensor.type.name}; supported is {names}")

    def check_types(self, source: Tensor, weights: Tensor, output: Tensor) -> None:
        """Refuse types that do not go together: all one of FLOAT32, INT8 and UINT8, or floats with integer weights.

        Beside floats UINT8 is what old files call INT8.
        """
        self.check_type(source, "input", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
        if source.type is DataType.FLOAT32:
            self.check_type(weights, "weights", DataType.FLOAT32, DataType.INT8, DataType.UINT8)
        else:
            self.check_type(weights, "weights", source.type)
        self.check_type(output, "output", source.type)

    def weighted_sum(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Return the input, weights, bias and output of an operator that sums weighted inputs; their types fit."""
        self.check_arity((2, 3), 1)
        source = self.input(0, "input")
        weights = self.input(1, "weights")
        bias = self.optional_input(2, "bias")
        output = self.output(0)
        self.check_types(source, weights, output)
        return source, weights, bias, output

    def check_rank(self, tensor: Tensor, role: str, rank: int) -> None:
        """Refuse a tensor that has not this many dimensions."""
        if len(tensor.shape) != rank:
            raise self.wrong(f"its {role}, {tensor}, has the shape {list(tensor.shape)}, not {rank} dimensions")

    def check_shape(self, tensor: Tensor, role: str, *allowed: tuple[int, ...]) -> None:
        """Refuse a tensor whose declared shape is none of those that the operator would give it."""
        if tensor.shape not in allowed:
            raise self.wrong(
                f"its {role}, {tensor}, is declared as {list(tensor.shape)}, but must be {list(allowed[0])}"
            )

    def constant(self, tensor: Tensor, role: str) -> memoryview:
        """Return the bytes of a tensor that must be a constant."""
        if tensor.data is None:
            raise self.unsupported(f"its {role}, {tensor}, is computed; only constant {role} can be compiled")
        return tensor.data

    def int32_constant(self, tensor: Tensor, role: str) -> tuple[int, ...]:
        """Return the values of a constant INT32 tensor."""
        self.check_type(tensor, role, DataType.INT32)
        return struct.unpack(f"<{tensor.count}i", self.constant(tensor, role))

    def optional_options(self, kind: OptionsType) -> Table | None:
        """Return the options, or None where the file has none."""
        if self.operator.options is None or self.operator.options_type == 0:
            return None
        if self.operator.options_type != kind:
            raise self.wrong(f"its options are those of another operator (number {self.operator.options_type})")
        return self.operator.options

    def options(self, kind: OptionsType) -> Table:
        """Return the options that must be there."""
        options = self.optional_options(kind)
        if options is None:
            raise self.wrong("its options are missing")
        return options

    def padding(self, number: int) -> Padding:
        """Return a padding option's value, given as the number in the file."""
        try:
            return Padding(number)
        except ValueError:
            raise self.wrong(f"its padding has the unknown number {number}") from None

    def activation(self, number: int, *allowed: Activation) -> Activation:
        """Return an activation option's value, given as the number in the file."""
        try:
            activation = self.operator.activation or Activation(number)
        except ValueError:
            raise self.wrong(f"its activation has the unknown number {number}") from None
        if activation not in allowed:
            raise self.unsupported(f"the activation {activation.name} is not supported")
        return activation

    def positive(self, value: int, what: str) -> int:
        """Return an option's value that must be at least 1."""
        if value < 1:
            raise self.wrong(f"its {what} is {value}")
        return value
