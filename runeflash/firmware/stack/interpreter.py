"""The C stack that wasm3 takes for a rune: its operations jump to each other, but some call.

A call within the rune takes a frame of ``op_Call`` and, in the called function, one of ``op_Entry``; a loop takes
one of ``op_Loop`` for as long as it runs; a host function is called by ``op_CallRawFunction``. Every other operation
gives back what it takes before it jumps to the next: :mod:`runeflash.firmware.tail_calls` makes sure of that.
"""

from __future__ import annotations

from runeflash.errors import InternalError, UserError
from runeflash.firmware.stack.call_graph import CallGraph, Depth
from runeflash.rune.wasm import Module

_BLOCK, _LOOP, _IF, _END = 0x02, 0x03, 0x04, 0x0B
_CALL, _CALL_INDIRECT = 0x10, 0x11

#: The operations with frames that stay while others run.
_HOLDING = ("op_Call", "op_CallIndirect", "op_Entry", "op_Loop", "op_CallRawFunction", "op_Compile")


def interpreter_depth(graph: CallGraph, module: Module) -> Depth:
    """Return the deepest way down from the engine's call of an export.

    Args:
        graph: of an image with wasm3; ``op_…`` are among its functions.
        module: the rune that the image embeds.

    Raises:
        UserError: the rune calls itself.
        InternalError: the image is not as expected.
    """
    frames = {name: _frame(graph, name) for name in _HOLDING}
    other = max(
        (_operation(graph, address) for name, address in graph.code.addresses.items() if _is_other(name)),
        key=lambda depth: depth.bytes,
    )
    host = {
        item.name: graph.named(f"import_{item.name.removeprefix('rune_').removeprefix('_')}") for item in module.imports
    }
    imports = [host[item.name] for item in module.imports]
    known: dict[int, Depth] = {}
    on_path: set[int] = set()

    def depth(function: int) -> Depth:
        """Return what lies below a call of a function, without the frame of the operation that calls it."""
        if function < len(imports):
            below = imports[function]
            return Depth(frames["op_CallRawFunction"] + below.bytes, ("op_CallRawFunction", *below.path))
        if function in known:
            return known[function]
        if function in on_path:
            raise UserError(
                "the rune calls itself, so the C stack that the engine needs has no bound",
                hint="write the recursion as a loop",
            )
        on_path.add(function)
        best = other
        nesting: list[bool] = []
        for instruction in module.bodies[function - len(imports)]:
            if instruction.opcode in (_BLOCK, _LOOP, _IF):
                nesting.append(instruction.opcode == _LOOP)
                loops = sum(nesting) * frames["op_Loop"]
                if loops + other.bytes > best.bytes:
                    best = Depth(loops + other.bytes, other.path)
            elif instruction.opcode == _END and nesting:
                nesting.pop()
            elif instruction.opcode in (_CALL, _CALL_INDIRECT):
                is_direct = instruction.opcode == _CALL
                holder = "op_Call" if is_direct else "op_CallIndirect"
                for target in (instruction.immediates[0],) if is_direct else sorted(module.element_functions):
                    below = depth(target)
                    total = sum(nesting) * frames["op_Loop"] + frames[holder] + below.bytes
                    if total > best.bytes:
                        best = Depth(total, (holder, *below.path))
        on_path.discard(function)
        known[function] = Depth(frames["op_Entry"] + best.bytes, (f"rune function {function}", *best.path))
        return known[function]

    exports = [depth(item.index) for item in module.exports if item.name in ("_manifest", "_call")]
    if not exports:
        raise InternalError("the rune has no exports to call")
    return max(exports, key=lambda found: found.bytes)


def _operation(graph: CallGraph, address: int) -> Depth:
    """Return the depth of an operation: what it jumps to when it ends is the next one."""
    function = graph.code.functions[address]
    calls = [
        Depth(taken + below.bytes, below.path)
        for taken, below in ((taken, graph.depth(target)) for target, taken in function.calls.items())
    ]
    deepest = max([Depth(function.frame, ()), *calls], key=lambda depth: depth.bytes)
    return Depth(deepest.bytes, (function.name, *deepest.path))


def _is_other(name: str) -> bool:
    return name.startswith("op_") and not name.startswith(_HOLDING)


def _frame(graph: CallGraph, name: str) -> int:
    function = graph.code.named(name)
    if function is None:
        raise InternalError(f"the image has no function {name}")
    return function.frame
