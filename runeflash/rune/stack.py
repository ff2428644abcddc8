"""How deep the shadow stack of a module gets, exactly.

clang keeps a C stack in linear memory, addressed by the first mutable global. A function that
needs some of it starts with ``global.get SP; i32.const N; i32.sub``. Without recursion, function
pointers and variable-length arrays the deepest path through the call graph is the whole need.
"""

from __future__ import annotations

from collections.abc import Mapping

from runeflash.errors import UserError
from runeflash.rune.wasm import Instruction, Module

_CALL, _CALL_INDIRECT, _GLOBAL_GET, _GLOBAL_SET, _I32_CONST, _I32_SUB = 0x10, 0x11, 0x23, 0x24, 0x41, 0x6B

#: The alignment of the stack, and so of what lies above it.
ALIGNMENT = 16


def stack_bytes(module: Module, stack_pointer: int = 0) -> int:
    """Return the bytes of stack that a module can use at most, a multiple of 16 and at least 16.

    Args:
        module: the module.
        stack_pointer: index of the global that is the stack pointer.

    Raises:
        UserError: the need has no bound that can be known (recursion), or a frame has no fixed size.
    """
    bodies = module.bodies
    first = module.imported_functions
    frames = [_frame(body, stack_pointer) for body in bodies]
    callees = [called_functions(body, module) for body in bodies]
    depths: dict[int, int] = {}
    on_path: set[int] = set()

    def depth(function: int) -> int:
        if function < first:
            return 0
        if function in depths:
            return depths[function]
        if function in on_path:
            raise UserError(
                "a proc block calls itself, so the stack that the rune needs has no bound",
                hint="write the recursion as a loop",
            )
        on_path.add(function)
        below = max((depth(callee) for callee in callees[function - first]), default=0)
        on_path.discard(function)
        depths[function] = frames[function - first] + below
        return depths[function]

    deepest = max((depth(first + index) for index in range(len(bodies))), default=0)
    return max(-(-deepest // ALIGNMENT) * ALIGNMENT, ALIGNMENT)


def _frame(body: tuple[Instruction, ...], stack_pointer: int) -> int:
    """Return the size of a function's frame; 0 for one that does not touch the stack."""
    touches = [
        index
        for index, instruction in enumerate(body)
        if instruction.opcode in {_GLOBAL_GET, _GLOBAL_SET} and instruction.immediates[0] == stack_pointer
    ]
    if not touches:
        return 0
    start = touches[0]
    window = body[start : start + 3]
    if [instruction.opcode for instruction in window] == [_GLOBAL_GET, _I32_CONST, _I32_SUB] and sum(
        body[index].opcode == _GLOBAL_GET for index in touches
    ) == 1:
        return window[1].immediates[0]
    raise UserError(
        "a proc block has an array whose size is not constant, so the stack that the rune needs cannot be known",
        hint="give every local array a constant size",
    )


def recursive_functions(module: Module) -> frozenset[int]:
    """Return the functions that may come to call themselves, and with them those between two that do.

    What is left when functions that call none of the others, and functions that none of the others calls, are taken
    away one after the other.
    """
    first = module.imported_functions
    called = {first + index: called_functions(body, module) for index, body in enumerate(module.bodies)}
    left = set(called)
    for direction in (called, _reversed(called)):
        open_edges = {function: len(direction[function] & left) for function in left}
        against = _reversed({function: direction[function] & left for function in left})
        ready = [function for function, count in open_edges.items() if count == 0]
        while ready:
            function = ready.pop()
            left.discard(function)
            for other in against[function]:
                open_edges[other] -= 1
                if open_edges[other] == 0:
                    ready.append(other)
    return frozenset(left)


def _reversed(edges: Mapping[int, frozenset[int] | set[int]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {function: set() for function in edges}
    for function, others in edges.items():
        for other in others:
            if other in found:
                found[other].add(function)
    return {function: frozenset(others) for function, others in found.items()}


def called_functions(body: tuple[Instruction, ...], module: Module) -> frozenset[int]:
    """Return the functions that a body calls; an indirect call may reach all that tables hold."""
    called = {instruction.immediates[0] for instruction in body if instruction.opcode == _CALL}
    if any(instruction.opcode == _CALL_INDIRECT for instruction in body):
        called |= module.element_functions
    return frozenset(called)
