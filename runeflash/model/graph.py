"""A model as a typed graph: what the passes change, the planner plans and the emitter prints.

:class:`Tensor` and :class:`Graph` are plain data. A :class:`Layer` is an operator that has been
checked completely: it knows its own shapes, so that a pass may give it other tensors (of the same
size) without asking it, and it can print its own C.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from runeflash.model.schema import DataType
from runeflash.tensors import ElementType, TensorType

_QUOTED_NAME = 80


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point), for the whole tensor or per index along ``dimension``."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    dimension: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file's first subgraph.

    Attributes:
        index: its number there.
        name: as in the file; not unique.
        type: of its elements.
        shape: as declared; not yet checked to be positive.
        data: the constant's bytes (little-endian, as long as the shape says), or None for an activation.
        quantization: how integers stand for reals, or None.
        is_variable: whether it keeps its value from one inference to the next.
        is_sparse: whether the data leaves zeros out.
    """

    index: int
    name: str
    type: DataType
    shape: tuple[int, ...]
    data: memoryview | None
    quantization: Quantization | None
    is_variable: bool
    is_sparse: bool

    @property
    def count(self) -> int:
        """Number of elements."""
        product = 1
        for dimension in self.shape:
            product *= dimension
        return product

    @property
    def size(self) -> int:
        """Bytes of all elements; only for types whose elements have a size."""
        size = self.type.size
        assert size is not None, self.type
        return self.count * size

    @property
    def initial_byte(self) -> int:
        """What every byte of a variable is after a reset: its zero point, which int8 alone can have."""
        if self.type is not DataType.INT8 or self.quantization is None or len(self.quantization.zero_points) != 1:
            return 0
        return self.quantization.zero_points[0] & 0xFF

    @property
    def element(self) -> ElementType:
        """The element type; only for types that a Runefile has."""
        element = self.type.element
        assert element is not None, self.type
        return element

    @property
    def tensor_type(self) -> TensorType:
        """Element type and shape, as the rest of runeflash has them."""
        return TensorType(self.element, self.shape)

    def __str__(self) -> str:
        """Return how messages call the tensor: its number and name."""
        return f"tensor {self.index} ({quoted(self.name)})"


@dataclass(frozen=True)
class Constant:
    """A constant array that a layer needs in flash.

    Attributes:
        role: what it is to the layer (``weights``): part of its name in C.
        element: type of the elements.
        data: the elements, little-endian, in the order in which the kernel reads them.
        alignment: in bytes, where the kernel reads more than one element at once; 1 otherwise.
    """

    role: str
    element: ElementType
    data: bytes
    alignment: int = 1


@dataclass(frozen=True)
class Layer(abc.ABC):
    """A checked operator.

    Attributes:
        index: the operator's number in the file.
        name: what messages and comments call it: the name of its first output.
        inputs: the tensors that it reads, without those that became its constants.
        outputs: the tensors that it writes; none of them is among the inputs.
        operator: the operator's name in the file format.
        headers: the headers of ``targets/common`` that its C needs.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    operator: ClassVar[str]
    headers: ClassVar[tuple[str, ...]] = ()
    #: Whether it quantises its whole input, of float32, before it multiplies.
    is_hybrid: ClassVar[bool] = False

    @property
    def variables(self) -> tuple[int, ...]:
        """The variable tensors that the layer reads and writes: they have memory of their own, set by ``reset``."""
        return ()

    @property
    def macs(self) -> int:
        """Multiplications with addition in one inference, counting taps outside an image as well."""
        return 0

    @property
    def elements_gathered(self) -> int:
        """Input elements that are put together one by one before they are multiplied."""
        return 0

    @property
    def is_general(self) -> bool:
        """Whether its sums need the general form of requantisation."""
        return False

    def elements_read(self, counts: Sequence[int]) -> int:
        """Return how many elements of its inputs an inference reads, given how many these have."""
        return sum(counts)

    @property
    def scratch_bytes(self) -> int:
        """Bytes of working memory while the layer runs; its C finds them as ``uint8_t *scratch``."""
        return 0

    @property
    def is_stateful(self) -> bool:
        """Whether it keeps something from one inference to the next."""
        return len(self.variables) > 0

    @property
    def in_place_inputs(self) -> tuple[int, ...]:
        """Positions in ``inputs`` whose buffer the output may take over, where nothing needs the input afterwards.

        The output then begins at the same address; it must not be larger. Only for layers with one output. The kernel
        must give the same result if the two are one buffer, so it must not declare both ``restrict``; the layer's own
        function in C leaves the word out where it is used so.
        """
        return ()

    @property
    def output_leads(self) -> Mapping[int, int]:
        """By position in ``inputs``: by how many bytes the output must begin before that input at least, so that the
        two may share memory where nothing needs the input afterwards.

        For kernels that go through both in order, so that what is written lies behind what is still to be read. Only
        for layers with one output; of ``restrict`` the same is true as for :attr:`in_place_inputs`.
        """
        return {}

    @cached_property
    def constants(self) -> tuple[Constant, ...]:
        """The arrays that the layer needs in flash."""
        return self._make_constants()

    def _make_constants(self) -> tuple[Constant, ...]:
        return ()

    @abc.abstractmethod
    def body(self, constants: Mapping[str, str]) -> list[str]:
        """Return the lines of the layer's C function.

        Its parameters are ``input``, ``input_1``, ..., ``output``, ``output_1``, ... and for variables ``state``,
        ``state_1``, ..., pointers to the tensors' elements. ``constants`` has the C name of each constant by its role.
        """


@dataclass(frozen=True)
class Graph:
    """A model: layers in the order in which they run.

    Attributes:
        tensors: by index; those that nothing refers to any more may be among them.
        layers: each reads inputs, constants and outputs of layers before it.
        inputs: tensor indices, in the order of the model's inputs.
        outputs: likewise; an index may be an input's, a constant's, or occur twice.
    """

    tensors: Mapping[int, Tensor]
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def quoted(name: str) -> str:
    """Return a name from a file as messages quote it: on one line, not longer than it helps."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name[: _QUOTED_NAME + 1])
    return f'"{printable[:_QUOTED_NAME]}…"' if len(printable) > _QUOTED_NAME else f'"{printable}"'
