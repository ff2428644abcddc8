"""Order: the stages sorted so that each comes after those it reads from."""

from __future__ import annotations

from runeflash import diagnostic_codes as codes
from runeflash.pipeline.context import Context
from runeflash.pipeline.names import Names

_MAXIMUM_NOTES = 20


def execution_order(names: Names, context: Context) -> tuple[str, ...]:
    """Return the names of all stages, depth-first in the order of the file, producers first.

    A cycle is an error; a stage is reported in at most one cycle. With cycles the order is of no use but complete.
    """
    order: list[str] = []
    done: set[str] = set()
    reported: set[str] = set()
    for root in names.stages:
        if root in done:
            continue
        # An explicit stack: a chain of stages may be longer than Python's.
        path: dict[str, int] = {root: 0}
        stack = [root]
        while stack:
            name = stack[-1]
            inputs = names.inputs[name]
            if path[name] == len(inputs):
                stack.pop()
                del path[name]
                done.add(name)
                order.append(name)
                continue
            reference = inputs[path[name]]
            path[name] += 1
            if reference is None or reference.stage in done:
                continue
            if reference.stage in path:
                _report(stack, reference.stage, names, reported, context)
                continue
            path[reference.stage] = 0
            stack.append(reference.stage)
    return tuple(order)


def _report(stack: list[str], first: str, names: Names, reported: set[str], context: Context) -> None:
    """Report the cycle that the end of a stack is: each stage reads from the next one, and the last from the first."""
    if first in reported or stack[-1] in reported:
        return  # before looking at all of it, for a hostile file has many
    cycle = stack[stack.index(first) :]
    if not reported.isdisjoint(cycle):
        return
    reported.update(cycle)
    others = cycle[:0:-1]
    notes = [f'... which passes data to "{name}"...' for name in others[:_MAXIMUM_NOTES]]
    if len(others) > _MAXIMUM_NOTES:
        notes.append(f"... and so on through {len(others) - _MAXIMUM_NOTES:,} more stages ...")
    notes.append(f'... which passes data to "{first}", completing the cycle.')
    context.failed.update(cycle)
    context.error(codes.CYCLE, f'Cycle detected when checking "{first}"', names.stages[first].span, notes=tuple(notes))
