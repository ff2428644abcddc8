"""A file's operators to checked layers, and the checks that concern the graph as a whole."""

from __future__ import annotations

from runeflash.errors import UserError
from runeflash.model.flatbuffer import damaged
from runeflash.model.graph import Graph, Layer, Tensor
from runeflash.model.operators import READERS, OperatorContext
from runeflash.model.read import FileOperator, ModelFile

#: Inputs, and likewise outputs: RUNE_MAX_MODEL_TENSORS of ``targets/common/rune_model.h``.
MAX_MODEL_TENSORS = 8
#: The passes and the planner compare layers with each other: a hostile file shall not take long.
MAX_LAYERS = 1024
#: Bytes of all weights, and likewise of all activations: far beyond a microcontroller, but what this computer can
#: still build.
MAX_WEIGHT_BYTES = 1 << 26
MAX_ACTIVATION_BYTES = 1 << 28


def lower(model: ModelFile) -> Graph:
    """Return the model as a graph of layers that can be compiled.

    Raises:
        UserError: an operator, type or option is not supported (the message names the operator, its number and the
            tensor), or the graph is malformed.
    """
    if len(model.operators) > MAX_LAYERS:
        raise UserError(f"the model has {len(model.operators)} operators; at most {MAX_LAYERS} are supported")
    _check_interface(model)
    _check_weight_bytes(model)
    layers = tuple(_layer(operator, model) for operator in model.operators)
    graph = Graph({tensor.index: tensor for tensor in model.tensors}, layers, model.inputs, model.outputs)
    _check_order(graph)
    _check_activation_bytes(graph)
    return graph


def _layer(operator: FileOperator, model: ModelFile) -> Layer:
    context = OperatorContext(operator, model.tensors)
    reader = READERS.get(operator.kind)
    if reader is None:
        made = ", ".join(str(model.tensors[index]) for index in operator.outputs[:3])
        raise context.unsupported(
            "this operator is not supported" + (f" (it computes {made})" if made else ""),
            hint=f"supported are {', '.join(sorted(READERS))}",
        )
    return reader(context)


def _check_interface(model: ModelFile) -> None:
    if not model.outputs:
        raise UserError("the model has no outputs")
    for role, indices in (("input", model.inputs), ("output", model.outputs)):
        if len(indices) > MAX_MODEL_TENSORS:
            raise UserError(
                f"the model has {len(indices)} {role}s; at most {MAX_MODEL_TENSORS} are supported",
                hint="build the rune with fewer, or join some of them into one tensor",
            )
        for number, index in enumerate(indices):
            _check_interface_tensor(model.tensors[index], f"{role} {number} of the model")
    if len(set(model.inputs)) != len(model.inputs):
        raise damaged("two of the model's inputs are the same tensor")
    for index in model.inputs:
        if model.tensors[index].data is not None:
            raise damaged(f"an input of the model, {model.tensors[index]}, is a constant")


def _check_interface_tensor(tensor: Tensor, what: str) -> None:
    if tensor.type.element is None or tensor.type.size is None:
        raise UserError(f"{what}, {tensor}, is of type {tensor.type.name}, which is not supported")
    if any(dimension < 1 for dimension in tensor.shape):
        raise UserError(
            f"the shape {list(tensor.shape)} of {what}, {tensor}, is not fixed",
            hint="export the model with an input of fixed shape",
        )
    if tensor.is_variable or tensor.is_sparse:
        raise UserError(f"{what}, {tensor}, is {'a variable' if tensor.is_variable else 'sparse'}")


def _check_order(graph: Graph) -> None:
    """Check that every tensor is written once, and before it is read."""
    written = set(graph.inputs)
    for layer in graph.layers:
        what = f"operator {layer.index} of the model ({layer.operator})"
        for index in layer.inputs:
            if index not in written and graph.tensors[index].data is None:
                raise damaged(f"{what} reads {graph.tensors[index]}, which nothing has written before")
        for index in layer.outputs:
            if index in written or graph.tensors[index].data is not None:
                raise damaged(f"{what} writes {graph.tensors[index]}, which already has a value")
            written.add(index)
    for index in graph.outputs:
        if index not in written and graph.tensors[index].data is None:
            raise damaged(f"an output of the model, {graph.tensors[index]}, is never written")


def _check_weight_bytes(model: ModelFile) -> None:
    """Check the size of the constants before any is packed; one that several operators share counts for each."""
    used = [index for operator in model.operators for index in operator.inputs if index is not None]
    data = [model.tensors[index].data for index in used]
    weights = sum(len(content) for content in data if content is not None)
    if weights > MAX_WEIGHT_BYTES:
        raise UserError(f"the model has {weights} bytes of weights; at most {MAX_WEIGHT_BYTES} are supported")


def _check_activation_bytes(graph: Graph) -> None:
    used = {index for layer in graph.layers for index in (*layer.inputs, *layer.outputs, *layer.variables)}
    activations = sum(graph.tensors[index].size for index in used if graph.tensors[index].data is None)
    if activations > MAX_ACTIVATION_BYTES:
        raise UserError(
            f"the model has {activations} bytes of activations; at most {MAX_ACTIVATION_BYTES} are supported"
        )
