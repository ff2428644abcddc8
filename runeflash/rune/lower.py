"""Pipeline to C: the pipeline's own file and one header per stage that is a proc block.

Everything that the templates print is decided here, in frozen contexts.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runeflash.arena import ALIGNMENT, ArenaPlan, Buffer
from runeflash.arena_search import search_arena
from runeflash.blocks.manifest import ArgumentType
from runeflash.pipeline.graph import (
    CapabilityStage,
    ModelStage,
    OutStage,
    Pipeline,
    ProcBlockStage,
    TensorReference,
)
from runeflash.rune import abi
from runeflash.templating import c_comment, c_float, c_string, render
from runeflash.tensors import ElementType, TensorType


@dataclass(frozen=True)
class BlockSource:
    """A proc block as one stage uses it: the stage and the header that it is compiled with."""

    stage: ProcBlockStage
    header: str


@dataclass(frozen=True)
class LoweredPipeline:
    """The C of a rune."""

    source: str
    blocks: tuple[BlockSource, ...]
    arena_bytes: int


def lower(pipeline: Pipeline) -> LoweredPipeline:
    """Return the C sources of a pipeline; the same pipeline gives the same text."""
    symbols = {name: f"stage_{number}" for number, name in enumerate(pipeline.declared)}
    plan = _plan(pipeline)
    source = render("rune/pipeline.c.j2", pipeline=_pipeline_context(pipeline, symbols, plan))
    blocks = tuple(
        BlockSource(stage, _stage_header(pipeline, stage, symbols[stage.name])) for stage in pipeline.proc_blocks
    )
    return LoweredPipeline(source, blocks, plan.size)


# --- memory -------------------------------------------------------------------------------------------------


def output_capacity(pipeline: Pipeline, stage: OutStage) -> int:
    """Return the bytes that an output's tensors take at most in the TENSOR form."""
    return sum(_tensor_capacity(pipeline, reference) for reference in stage.inputs)


def _tensor_capacity(pipeline: Pipeline, reference: TensorReference) -> int:
    tensor = pipeline.tensor(reference)
    head = 4 + len(str(tensor))
    if tensor.element is not ElementType.UTF8:
        return head + tensor.size
    return head + tensor.count * (4 + _text_bytes(pipeline, reference))


def _text_bytes(pipeline: Pipeline, reference: TensorReference) -> int:
    """Return the longest text of an element of a utf8 tensor; only proc blocks make such tensors."""
    stage = pipeline.stage(reference.stage)
    return stage.text_bytes[reference.output] if isinstance(stage, ProcBlockStage) else 0


def _plan(pipeline: Pipeline) -> ArenaPlan:
    """Place every tensor and every output's buffer, each alive from the step that makes it to its last reader."""
    last_use: dict[TensorReference, int] = {}
    first: dict[TensorReference, int] = {}
    for step, stage in enumerate(pipeline.stages):
        for output in range(len(stage.outputs)):
            reference = TensorReference(stage.name, output)
            first[reference] = last_use[reference] = step
        if not isinstance(stage, CapabilityStage):
            for reference in stage.inputs:
                last_use[reference] = step
    buffers = [
        Buffer(_tensor_key(reference), pipeline.tensor(reference).size, first[reference], last_use[reference])
        for reference in first
    ]
    buffers += [
        Buffer(f"output {stage.name}", output_capacity(pipeline, stage), step, step)
        for step, stage in enumerate(pipeline.stages)
        if isinstance(stage, OutStage)
    ]
    return search_arena(buffers, ALIGNMENT)


def _tensor_key(reference: TensorReference) -> str:
    return f"{reference.stage}.{reference.output}"


# --- the pipeline's file ------------------------------------------------------------------------------------


def _pipeline_context(pipeline: Pipeline, symbols: Mapping[str, str], plan: ArenaPlan) -> dict[str, object]:
    by_kind = [  # as container.STAGE_KINDS has them
        *(stage.name for stage in pipeline.capabilities),
        *(stage.name for stage in pipeline.models),
        *(stage.name for stage in pipeline.proc_blocks),
        *(stage.name for stage in pipeline.outs),
    ]
    numbers = {name: number for number, name in enumerate(by_kind, start=1)}
    references = [
        TensorReference(name, output)
        for name in pipeline.declared
        for output in range(len(pipeline.stage(name).outputs))
    ]
    return {
        "name": c_comment(pipeline.name),
        "file": c_comment(pipeline.path.name),
        "arena_bytes": max(plan.size, 1),
        "tensors": [_tensor_context(pipeline, reference, symbols, plan) for reference in references],
        "blocks": [_block_context(stage, symbols) for stage in pipeline.proc_blocks],
        "handles": [
            f"{symbols[name]}_handle"
            for name in pipeline.declared
            if not isinstance(pipeline.stage(name), ProcBlockStage)
        ],
        "capabilities": [_capability_context(stage, symbols) for stage in pipeline.capabilities],
        "block_resources": [
            c_string(name) for block in pipeline.proc_blocks for name in dict.fromkeys(block.resources)
        ],
        "models": [_model_context(pipeline, stage, symbols) for stage in pipeline.models],
        "outs": [{"handle": f"{symbols[stage.name]}_handle", "kind": abi.OUTPUT_TENSOR} for stage in pipeline.outs],
        "steps": [
            {"code": _step(pipeline, stage.name, symbols, plan), "number": numbers[stage.name]}
            for stage in pipeline.stages
        ],
    }


def _tensor_context(
    pipeline: Pipeline, reference: TensorReference, symbols: Mapping[str, str], plan: ArenaPlan
) -> dict[str, object]:
    tensor = pipeline.tensor(reference)
    symbol = f"{symbols[reference.stage]}_{reference.output}"
    return {
        "comment": c_comment(f"{reference.stage}.{reference.output}: {tensor}"),
        "symbol": symbol,
        "upper": symbol.upper(),
        "type_constant": abi.type_constant(tensor.element),
        "rank": len(tensor.dimensions),
        "dimensions": ", ".join(map(str, tensor.dimensions)) or "0",
        "count": tensor.count,
        "offset": plan.offsets[_tensor_key(reference)],
    }


def _tensor_constant(reference: TensorReference, symbols: Mapping[str, str]) -> str:
    return f"{symbols[reference.stage]}_{reference.output}".upper()


def _block_context(stage: ProcBlockStage, symbols: Mapping[str, str]) -> dict[str, object]:
    outputs = [TensorReference(stage.name, output) for output in range(len(stage.outputs))]
    return {
        "comment": c_comment(f"{stage.name}: {stage.block.name}"),
        "function": symbols[stage.name],
        "inputs": ", ".join(_tensor_constant(reference, symbols) for reference in stage.inputs),
        "outputs": ", ".join(_tensor_constant(reference, symbols) for reference in outputs),
    }


def _capability_context(stage: CapabilityStage, symbols: Mapping[str, str]) -> dict[str, object]:
    return {
        "handle": f"{symbols[stage.name]}_handle",
        "kind": stage.kind.value,
        "parameters": [
            {
                "name": c_string(name),
                "c_type": "float" if isinstance(value, float) else "int32_t",
                "value": c_float(_as_f32(value)) if isinstance(value, float) else value,
                "value_type": abi.VALUE_F32 if isinstance(value, float) else abi.VALUE_I32,
            }
            for name, value in stage.parameters.items()
        ],
    }


def _model_context(pipeline: Pipeline, stage: ModelStage, symbols: Mapping[str, str]) -> dict[str, object]:
    inputs = [pipeline.tensor(reference) for reference in stage.inputs]
    return {
        "handle": f"{symbols[stage.name]}_handle",
        "name": c_string(stage.name),
        "resource": c_string(stage.resource) if stage.resource else None,
        "input_types": ", ".join(f"STRING({c_string(str(tensor))})" for tensor in inputs),
        "input_count": len(inputs),
        "output_types": ", ".join(f"STRING({c_string(str(tensor))})" for tensor in stage.outputs),
        "output_count": len(stage.outputs),
    }


def _step(pipeline: Pipeline, name: str, symbols: Mapping[str, str], plan: ArenaPlan) -> str:
    """Return the statements that run one stage."""
    stage = pipeline.stage(name)
    symbol = symbols[name]
    if isinstance(stage, CapabilityStage):
        offset = plan.offsets[_tensor_key(TensorReference(name, 0))]
        return f"rune_read_capability(arena + {offset}, {stage.output.size}, {symbol}_handle);"
    if isinstance(stage, ProcBlockStage):
        return f"{symbol}({symbol}_inputs, {symbol}_outputs);"
    if isinstance(stage, ModelStage):
        inputs = ", ".join(f"arena + {plan.offsets[_tensor_key(reference)]}" for reference in stage.inputs)
        outputs = ", ".join(
            f"arena + {plan.offsets[_tensor_key(TensorReference(name, output))]}"
            for output in range(len(stage.outputs))
        )
        return "\n".join(
            [
                "{",
                f"    static const void *const inputs[] = {{ {inputs} }};",
                f"    static void *const outputs[] = {{ {outputs} }};",
                f"    rune_model_infer({symbol}_handle, inputs, outputs);",
                "}",
            ]
        )
    capacity = output_capacity(pipeline, stage)
    offset = plan.offsets[f"output {name}"]
    lines = ["{", "    uint32_t length = 0;"]
    for reference in stage.inputs:
        lines += [
            f"    length = rune_append_tensor({c_string(name)}, arena + {offset}, length, {capacity},",
            f"                                &{_tensor_variable(pipeline, reference, symbols)});",
        ]
    lines += [f"    rune_consume_output({symbol}_handle, arena + {offset}, length);", "}"]
    return "\n".join(lines)


def _tensor_variable(pipeline: Pipeline, reference: TensorReference, symbols: Mapping[str, str]) -> str:
    """Return the tensor to print: a block's own (it may have shrunk it), or a constant."""
    if isinstance(pipeline.stage(reference.stage), ProcBlockStage):
        return f"{symbols[reference.stage]}_outputs[{reference.output}]"
    return f"(const rune_tensor) {_tensor_constant(reference, symbols)}"


# --- a stage's header ---------------------------------------------------------------------------------------


def _stage_header(pipeline: Pipeline, stage: ProcBlockStage, symbol: str) -> str:
    inputs = [pipeline.tensor(reference) for reference in stage.inputs]
    return stage_header(stage, inputs, symbol)


def stage_header(stage: ProcBlockStage, inputs: list[TensorType], symbol: str) -> str:
    """Return the ``rune_stage.h`` of a stage.

    Args:
        stage: the stage; its name is what failures are reported under.
        inputs: the types of its inputs.
        symbol: the C name of the function.
    """
    tensors = [_stage_tensor("input", number, tensor) for number, tensor in enumerate(inputs)]
    tensors += [_stage_tensor("output", number, tensor) for number, tensor in enumerate(stage.outputs)]
    members, lines = _arguments(stage)
    context = {
        "comment_name": c_comment(stage.name),
        "c_name": c_string(stage.name),
        "block_name": c_comment(stage.block.name),
        "function": symbol,
        "inputs": inputs,
        "outputs": stage.outputs,
        "tensors": tensors,
        "input_sizes": ", ".join(f"{tensor.size}u" for tensor in inputs) or "0u",
        "lines_arguments": lines,
        "members": members,
        "constants": [
            {"upper": argument.name.upper(), "value": _scalar(argument.type, stage.arguments[argument.name])[1]}
            for argument in stage.block.arguments
            if argument.type in {ArgumentType.U32, ArgumentType.I32}
        ],
    }
    return render("rune/rune_stage.h.j2", stage=context)


def _stage_tensor(kind: str, number: int, tensor: TensorType) -> dict[str, object]:
    element = tensor.element
    signed = element.value.startswith("i")
    c_type = abi.C_TYPES[element]
    from_f32 = None
    if element.is_float:
        from_f32 = f"(({c_type})(x))"
    elif element is ElementType.U64:
        from_f32 = "rune_to_u64(x)"
    elif element.is_numeric:
        # INT64_MIN has no literal of its own in C
        bits = element.size * 8
        minimum = "INT64_MIN" if element is ElementType.I64 else str(-(1 << (bits - 1)) if signed else 0)
        maximum = "INT64_MAX" if element is ElementType.I64 else f"{(1 << (bits - signed)) - 1}LL"
        from_f32 = f"(({c_type})rune_to_i64((x), {minimum}, {maximum}))"
    return {
        "upper": f"{kind.upper()}{number}",
        "lower": f"{kind}{number}",
        "c_type": c_type,
        "type_constant": abi.type_constant(element),
        "count": tensor.count,
        "is_float": int(element.is_float),
        "is_signed": int(signed or element.is_float),
        "from_f32": from_f32,
    }


def _arguments(stage: ProcBlockStage) -> tuple[list[dict[str, str]], list[dict[str, object]]]:
    """Return the members of the arguments' struct, and the arrays of lines that it points to."""
    members = []
    arrays: list[dict[str, object]] = []
    for argument in stage.block.arguments:
        value = stage.arguments[argument.name]
        name = argument.name
        if argument.type is ArgumentType.LINES:
            assert isinstance(value, tuple)
            arrays.append({"name": name, "lines": [_rune_string(line) for line in value] or [_rune_string("")]})
            members.append({"declaration": f"const rune_string *{name}", "name": name, "value": f"rune_{name}"})
            members.append(
                {"declaration": f"uint32_t {name}_count", "name": f"{name}_count", "value": f"{len(value)}u"}
            )
            continue
        c_type, text = _scalar(argument.type, value)
        members.append({"declaration": f"{c_type} {name}", "name": name, "value": text})
    if not members:  # C has no empty struct
        members.append({"declaration": "char unused", "name": "unused", "value": "0"})
    return members, arrays


def _scalar(argument_type: ArgumentType, value: object) -> tuple[str, str]:
    if argument_type is ArgumentType.STRING:
        return "rune_string", _rune_string(str(value))
    if argument_type is ArgumentType.F32:
        assert isinstance(value, (int, float))
        return "float", c_float(_as_f32(value))
    if argument_type is ArgumentType.BOOL:
        return "bool", "true" if value else "false"
    assert isinstance(value, int)
    if argument_type is ArgumentType.I32:
        return "int32_t", str(value) if value > -(1 << 31) else "INT32_MIN"
    return "uint32_t", f"{value}u"


def _rune_string(text: str) -> str:
    return f"{{ {c_string(text)}, {len(text.encode())}u }}"


def _as_f32(value: float) -> float:
    """Return the nearest f32."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
