"""A planned graph to C: one function per layer, called in order by ``infer``."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from runeflash.model.graph import Constant, Graph, Layer, quoted
from runeflash.model.operators.c_code import float_literal
from runeflash.model.plan import MemoryPlan, Place
from runeflash.templating import c_bytes, c_comment, c_float, c_string, render
from runeflash.tensors import ElementType

_C_TYPES = {
    ElementType.U8: "uint8_t",
    ElementType.I8: "int8_t",
    ElementType.U16: "uint16_t",
    ElementType.I16: "int16_t",
    ElementType.U32: "uint32_t",
    ElementType.I32: "int32_t",
    ElementType.U64: "uint64_t",
    ElementType.I64: "int64_t",
    ElementType.F32: "float",
    ElementType.F64: "double",
}
_STRUCT_CODES = {
    ElementType.U8: "B",
    ElementType.I8: "b",
    ElementType.U16: "H",
    ElementType.I16: "h",
    ElementType.U32: "I",
    ElementType.I32: "i",
    ElementType.U64: "Q",
    ElementType.I64: "q",
    ElementType.F32: "f",
    ElementType.F64: "d",
}
#: The suffixes that make literals of wide types have them; the least values have no literal of their own.
_SUFFIXES = {ElementType.U32: "u", ElementType.U64: "u", ElementType.I64: "ll"}
_LINE_WIDTH = 100


@dataclass(frozen=True)
class EmittedConstant:
    """An array in the C text."""

    name: str
    c_type: str
    alignment: str
    comment: str
    count: int
    lines: list[str]


@dataclass(frozen=True)
class EmittedVariable:
    """A variable tensor in the C text: an array, and the byte that a reset fills it with."""

    name: str
    c_type: str
    count: int
    comment: str
    initial_byte: int


@dataclass(frozen=True)
class EmittedLayer:
    """A layer's function in the C text."""

    comment: list[str]
    function: str
    parameters: str
    lines: list[str]


@dataclass
class _Constants:
    """The arrays of a model; equal ones are emitted once."""

    items: list[EmittedConstant] = field(default_factory=list)
    names: dict[tuple[ElementType, int, bytes], str] = field(default_factory=dict)

    def add(self, name: str, comment: str, constant: Constant) -> str:
        """Return the C name of an array with these elements."""
        key = (constant.element, constant.alignment, constant.data)
        if key not in self.names:
            self.names[key] = name
            count = len(constant.data) // constant.element.size
            lines = list(_wrapped(_literals(constant.element, constant.data)))
            alignment = f"_Alignas({constant.alignment}) " if constant.alignment > 1 else ""
            self.items.append(EmittedConstant(name, _C_TYPES[constant.element], alignment, comment, count, lines))
        return self.names[key]

    @property
    def size(self) -> int:
        """Bytes of flash."""
        return sum(len(data) for _, _, data in self.names)


@dataclass(frozen=True)
class EmittedModel:
    """The C text, and how many bytes of flash its constants take."""

    source: str
    weight_bytes: int


def emit(graph: Graph, plan: MemoryPlan, *, name: str, symbol: str, sha256: bytes) -> EmittedModel:
    """Return the model as one C file that defines ``const rune_model SYMBOL``.

    Args:
        graph: the model.
        plan: where its tensors lie.
        name: by which the rune calls the model.
        symbol: a C identifier.
        sha256: of the .tflite file, 32 bytes.
    """
    constants = _Constants()
    layers = [_layer(graph, layer, constants, symbol, layer.index in plan.sharing) for layer in graph.layers]
    source = render(
        "model/model.c.j2",
        title=c_comment(quoted(name)),
        layer_count=len(layers),
        macs=f"{sum(layer.macs for layer in graph.layers):,}",
        headers=sorted({header for layer in graph.layers for header in layer.headers}),
        steps=list(_infer(graph, plan, constants, symbol)),
        constants=constants.items,
        weight_bytes=f"{constants.size:,}",
        variables=_variables(graph, symbol),
        reset=f"{symbol}_reset" if any(layer.variables for layer in graph.layers) else "0",
        layers=layers,
        symbol=symbol,
        name=c_string(name),
        sha256=list(c_bytes(sha256)),
        inputs=[_interface_tensor(graph, index) for index in graph.inputs],
        outputs=[_interface_tensor(graph, index) for index in graph.outputs],
        input_list=f"{symbol}_inputs" if graph.inputs else "0",
        arena_bytes=plan.arena_bytes,
    )
    return EmittedModel(source, constants.size)


def _variables(graph: Graph, symbol: str) -> list[EmittedVariable]:
    indices = sorted({index for layer in graph.layers for index in layer.variables})
    tensors = [graph.tensors[index] for index in indices]
    return [
        EmittedVariable(
            _variable(tensor.index, symbol),
            _C_TYPES[tensor.element],
            tensor.count,
            c_comment(f"Variable {quoted(tensor.name)}: {tensor.tensor_type}."),
            tensor.initial_byte,
        )
        for tensor in tensors
    ]


def _variable(index: int, symbol: str) -> str:
    return f"{symbol}_variable_{index}"


def _prefix(layer: Layer, symbol: str) -> str:
    """Return how the layer's names begin: with the model's, so that a profile tells several models apart."""
    return f"{symbol}_layer_{layer.index}"


def function_name(layer: Layer, symbol: str) -> str:
    """Return the name of a layer's function."""
    return f"{_prefix(layer, symbol)}_{layer.operator.lower()}"


def _layer(graph: Graph, layer: Layer, constants: _Constants, symbol: str, is_shared: bool) -> EmittedLayer:
    names = {
        constant.role: constants.add(
            f"{_prefix(layer, symbol)}_{constant.role}", f"Layer {layer.index}: {constant.role}.", constant
        )
        for constant in layer.constants
    }
    alone = "" if is_shared else "restrict "
    parameters = [
        f"const {_C_TYPES[graph.tensors[index].element]} *{alone}{_numbered('input', i)}"
        for i, index in enumerate(layer.inputs)
    ]
    parameters += [
        f"{_C_TYPES[graph.tensors[index].element]} *{alone}{_numbered('output', i)}"
        for i, index in enumerate(layer.outputs)
    ]
    parameters += [
        f"{_C_TYPES[graph.tensors[index].element]} *restrict {_numbered('state', i)}"
        for i, index in enumerate(layer.variables)
    ]
    if layer.scratch_bytes > 0:
        parameters.append("uint8_t *restrict scratch")
    shapes = " and ".join(str(graph.tensors[index].tensor_type) for index in layer.inputs)
    results = " and ".join(str(graph.tensors[index].tensor_type) for index in layer.outputs)
    return EmittedLayer(
        [
            f"Layer {layer.index}: {layer.operator} {c_comment(quoted(layer.name))}",
            f"{shapes} -> {results}"
            + (f", {layer.macs:,} multiply-accumulates" if layer.macs else "")
            + (", in place" if is_shared else ""),
        ],
        function_name(layer, symbol),
        ", ".join(parameters),
        layer.body(names),
    )


def _infer(graph: Graph, plan: MemoryPlan, constants: _Constants, symbol: str) -> Iterator[str]:
    """Yield the lines of the function that runs the layers."""
    calls = []
    used: set[int] = set()
    written: set[int] = set()
    uses_arena = False
    for layer in graph.layers:
        arguments = [_pointer(index) for index in (*layer.inputs, *layer.outputs)]
        arguments += [_variable(index, symbol) for index in layer.variables]
        if layer.scratch_bytes > 0:
            arguments.append(f"arena + {plan.scratch[layer.index]}")
            uses_arena = True
        used.update(layer.inputs, layer.outputs)
        written.update(layer.outputs)
        calls.append(f"{function_name(layer, symbol)}({', '.join(arguments)});")
    for copy in plan.copies:
        used.add(copy.tensor)
        size = graph.tensors[copy.tensor].size
        calls.append(f"__builtin_memcpy(outputs[{copy.output}], {_pointer(copy.tensor)}, {size});")
    places = {plan.storage[index].place for index in used}
    for name, is_used in (
        ("inputs", Place.INPUT in places),
        ("outputs", True),
        ("arena", Place.ARENA in places or uses_arena),
    ):
        if not is_used:
            yield f"(void){name};"
    for index in sorted(used):
        tensor = graph.tensors[index]
        storage = plan.storage[index]
        c_type = _C_TYPES[tensor.element]
        if storage.place is Place.CONSTANT:
            assert tensor.data is not None
            data = Constant("value", tensor.element, bytes(tensor.data))
            expression = constants.add(f"{symbol}_{_pointer(index)}", f"Tensor {index}.", data)
        elif storage.place is Place.ARENA:
            expression = f"(void *)(arena + {storage.number})"
        else:
            expression = f"{storage.place.value}s[{storage.number}]"
        const = "" if index in written else "const "
        yield f"{const}{c_type} *const {_pointer(index)} = {expression}; /* {tensor.tensor_type} */"
    yield ""
    yield from calls


def _pointer(index: int) -> str:
    return f"tensor_{index}"


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}_{number}"


def _interface_tensor(graph: Graph, index: int) -> str:
    tensor = graph.tensors[index]
    comment = c_comment(f"{quoted(tensor.name)}: {tensor.tensor_type}")
    return f"{{RUNE_TYPE_{tensor.element.name}, {tensor.count}}}, /* {comment} */"


def _literals(element: ElementType, data: bytes) -> Iterator[str]:
    """Yield each element as a C literal with exactly its value."""
    values = struct.unpack(f"<{len(data) // element.size}{_STRUCT_CODES[element]}", data)
    if element is ElementType.F32:
        yield from map(float_literal, values)
        return
    if element is ElementType.F64:
        yield from (c_float(value).removesuffix("f") for value in values)
        return
    suffix = _SUFFIXES.get(element, "")
    least = -(1 << (8 * element.size - 1))
    for value in values:
        yield f"({value + 1}{suffix} - 1)" if value == least and element.size >= 4 else f"{value}{suffix}"


def _wrapped(literals: Iterator[str]) -> Iterator[str]:
    line = ""
    for literal in literals:
        if line and len(line) + len(literal) + 2 > _LINE_WIDTH:
            yield line
            line = ""
        line += f"{' ' if line else ''}{literal},"
    if line:
        yield line
