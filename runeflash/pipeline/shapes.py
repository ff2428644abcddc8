"""Shapes: on every edge, what comes out of one stage is what goes into the next."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.blocks import Block
from runeflash.blocks.signature import Binding, Place, bind
from runeflash.diagnostics import Span
from runeflash.pipeline.context import Context
from runeflash.pipeline.inference import Knowledge, Types, input_types
from runeflash.pipeline.models import LoadedModel
from runeflash.runefile.tree import Stage
from runeflash.tensors import ElementType, TensorType


class Agreement(enum.Enum):
    """How two tensor types compare."""

    SAME = "the same"
    RANK = "the same elements with other dimensions"
    SIGN = "bytes, signed here and unsigned there"
    NONE = "different"


def compare(one: TensorType, other: TensorType) -> Agreement:
    """Compare two types: elements and their count matter, the dimensions less."""
    if one.count != other.count:
        return Agreement.NONE
    if one.element is not other.element:
        bytes_of_both = {one.element, other.element} == {ElementType.U8, ElementType.I8}
        return Agreement.SIGN if bytes_of_both else Agreement.NONE
    return Agreement.SAME if one.dimensions == other.dimensions else Agreement.RANK


def check_shapes(knowledge: Knowledge, types: Types, context: Context) -> Mapping[str, Binding]:
    """Check every edge; return how each proc block is bound to its inputs."""
    bindings: dict[str, Binding] = {}
    for name, stage in knowledge.names.stages.items():
        check = _Check(stage, input_types(name, knowledge.names, types), context)
        check.declared_inputs()
        if name in knowledge.models:
            check.model(knowledge.models[name], types[name])
        if name in knowledge.blocks:
            values = knowledge.arguments[name].values
            bindings[name] = bind(knowledge.blocks[name], check.inputs, types[name], values)
            check.block(knowledge.blocks[name], bindings[name])
    _check_dynamic(knowledge, bindings, context)
    return bindings


class _Check:
    """The pass over one stage."""

    def __init__(self, stage: Stage, inputs: list[TensorType | None], context: Context) -> None:
        self.stage = stage
        self.name = stage.name.text
        self.inputs = inputs
        self.context = context

    def input_span(self, index: int) -> Span:
        return self.stage.inputs[index].span if index < len(self.stage.inputs) else self.stage.span

    def output_span(self, index: int) -> Span:
        outputs = self.stage.outputs or ()
        return outputs[index].span if index < len(outputs) else self.stage.span

    def declared_inputs(self) -> None:
        """Check the inputs that the stage itself declares (in the Dockerfile-like dialect)."""
        for index, (expression, tensor) in enumerate(zip(self.stage.input_types, self.inputs, strict=False)):
            if expression.type is None or tensor is None:
                continue
            agreement = compare(tensor, expression.type)
            source = self.stage.inputs[index].text
            difference = f'"{source}" gives {tensor}, but "{self.name}" takes {expression.type}'
            if agreement is Agreement.RANK:
                message = f"{difference}: {agreement.value}"
                self.context.warning(codes.RANK_MISMATCH, message, expression.span)
            elif agreement is not Agreement.SAME:
                self.context.tolerate(
                    codes.TYPE_MISMATCH,
                    difference,
                    expression.span,
                    stage=self.name,
                    hint=_edge_hint(tensor, expression.type),
                )

    # --- models

    def model(self, model: LoadedModel, outputs: tuple[TensorType | None, ...]) -> None:
        signature = model.signature
        if signature is None:
            return
        real_inputs = [tensor.type for tensor in signature.inputs]
        if len(real_inputs) != len(self.inputs):
            real = "1 input" if len(real_inputs) == 1 else f"{len(real_inputs)} inputs"
            self.context.refuse(
                codes.MODEL_SIGNATURE,
                f'The model of "{self.name}" has {real}, but {len(self.inputs)} are connected',
                self.input_span(min(len(real_inputs), max(len(self.inputs) - 1, 0))),
                stage=self.name,
            )
        for index, (given, wanted) in enumerate(zip(self.inputs, real_inputs, strict=False)):
            source = self.stage.inputs[index].text
            self.model_tensor(
                given,
                wanted,
                f'"{source}" gives {given}, but the model of "{self.name}" takes {wanted}',
                self.input_span(index),
            )
        for index, (declared, tensor) in enumerate(zip(outputs, signature.outputs, strict=False)):
            self.model_tensor(
                declared,
                tensor.type,
                f'"{self.name}" declares {declared}, but its model gives {tensor.type}',
                self.output_span(index),
            )

    def model_tensor(self, written: TensorType | None, real: TensorType, difference: str, span: Span) -> None:
        if written is None:
            return
        agreement = compare(written, real)
        if agreement is Agreement.RANK:
            self.context.warning(codes.RANK_MISMATCH, f"{difference}: {agreement.value}", span)
        elif agreement is Agreement.SIGN:
            self.context.warning(codes.SIGN_MISMATCH, f"{difference}: the bytes are passed unchanged", span)
        elif agreement is Agreement.NONE:
            self.context.refuse(
                codes.MODEL_SIGNATURE, difference, span, stage=self.name, hint=_edge_hint(written, real)
            )

    # --- proc blocks

    def block(self, block: Block, binding: Binding) -> None:
        if not block.is_known:
            return
        if self.wrong_input_count(block):
            return
        for problem in binding.problems:
            if problem.is_rank_only:
                self.context.warning(codes.RANK_MISMATCH, problem.message, self.output_span(problem.index))
            elif problem.place is Place.INPUT:
                source = self.stage.inputs[problem.index].text
                hint = (
                    f'"{source}" gives {self.inputs[problem.index]}: change that, or put a proc block between the two'
                )
                if block.is_built_in:
                    hint += f"; `runeflash blocks {block.name}` says what this one takes"
                self.error(codes.BLOCK_INPUT, problem.message, self.input_span(problem.index), hint)
            elif problem.place is Place.OUTPUT:
                hint = "declare what the block gives, or leave it to be inferred (_)"
                self.error(codes.BLOCK_OUTPUT, problem.message, self.output_span(problem.index), hint)
            else:
                self.error(codes.BLOCK_CHECK, problem.message, self.stage.span)

    def wrong_input_count(self, block: Block) -> bool:
        given, declared = len(self.stage.inputs), len(block.inputs)
        is_variadic = bool(block.inputs) and block.inputs[-1].is_variadic
        if given == declared or (is_variadic and given > declared):
            return False
        wanted = f"{'at least ' if is_variadic else ''}{declared} input{'' if declared == 1 else 's'}"
        message = f"The {block.name} proc block has {wanted}, but {given} are connected"
        self.error(codes.WRONG_INPUT_COUNT, message, self.input_span(declared) if given else self.stage.span)
        return True

    def error(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.context.error(code, message, span, stage=self.name, hint=hint)


def _edge_hint(given: TensorType, taken: TensorType) -> str:
    """Return what about two types differs, and so what to change."""
    if given.element is taken.element:
        return f"that is {given.count} elements against {taken.count}: change one, or put a proc block between the two"
    if given.count == taken.count:
        return (
            f"{given.element.value} is not {taken.element.value}: change one, or put a converting proc block between "
            "the two"
        )
    return "both element type and number of elements differ: is a stage missing between the two?"


def _check_dynamic(knowledge: Knowledge, bindings: Mapping[str, Binding], context: Context) -> None:
    """A tensor that may have fewer elements than declared goes only where that is foreseen."""
    names = knowledge.names
    for name, references in names.inputs.items():
        for index, reference in enumerate(references):
            binding = bindings.get(reference.stage) if reference is not None else None
            if reference is None or binding is None or reference.output >= len(binding.dynamic):
                continue
            if binding.dynamic[reference.output] is None:
                continue
            block = knowledge.blocks.get(name)
            port = block.input(index) if block is not None else None
            refused = name in knowledge.models or (port is not None and not port.takes_dynamic)
            if refused:
                text = names.stages[name].inputs[index]
                what = "a model" if name in knowledge.models else f"the {block.name if block else ''} proc block"
                context.error(
                    codes.DYNAMIC_TENSOR,
                    f'The number of elements of "{text.text}" varies, and {what} needs a fixed one',
                    text.span,
                    stage=name,
                )
