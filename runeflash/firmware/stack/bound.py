"""The most C stack that a firmware can take, from its linked image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from runeflash.firmware.stack.call_graph import Depth, read_call_graph
from runeflash.firmware.stack.frames import read_code
from runeflash.firmware.stack.interpreter import interpreter_depth
from runeflash.rune.wasm import Module

#: What the core pushes when an exception is taken: eight registers, eighteen words of the floating-point unit, and a
#: word that keeps the stack aligned to 8 (ARMv7-M Architecture Reference Manual, B1.5.7).
EXCEPTION_FRAME = 4 * (8 + 18 + 1)
#: These set the stack pointer to the stack's beginning before they go on to C; from a fault nothing returns.
_ENTRY, _FAULT = "Reset_Handler", "Fault_Handler"
#: What goes back to where the stack was higher.
_LEAVING = ("rune_aot_leave",)
#: What calls the rune in wasm3, and what loads it: parsing and compiling recurse as deep as the rune nests.
_CALLER, _LOADER = "m3_CallVL", "rune_engine_load"


@dataclass(frozen=True)
class StackBound:
    """The most bytes of C stack that an image can take.

    Attributes:
        running: from reset to the deepest function while the rune runs.
        loading: the same while wasm3 loads it; 0 for other engines. Not proved but measured: an emulated core loads
            this very rune with the same code.
        interrupts: each handler, once, with the frame that the core pushes.
        path: the functions on the deepest way.
    """

    running: int
    loading: int
    interrupts: int
    path: tuple[str, ...]

    @property
    def total(self) -> int:
        """All of it, a multiple of 8."""
        return (max(self.running, self.loading) + self.interrupts + 7) // 8 * 8


def stack_bound(elf: Path, module: Module, loading_stack: int | None) -> StackBound:
    """Return the bound of an image.

    Args:
        elf: the linked image.
        module: the rune that it embeds.
        loading_stack: with wasm3, what loading the rune was measured to take below ``rune_engine_load``; else None.

    Raises:
        UserError: the rune calls itself.
        InternalError: the image has recursion, calls through a pointer that is not listed, or a frame of no fixed size.
    """
    code = read_code(elf)
    leaves = {name: Depth(0, (name,)) for name in _LEAVING}
    if loading_stack is not None:
        leaves[_LOADER] = Depth(0, (_LOADER,))
    graph = read_call_graph(elf, code, leaves)
    if loading_stack is not None:
        caller = code.named(_CALLER)
        below = interpreter_depth(graph, module)
        leaves[_CALLER] = Depth((caller.frame if caller else 0) + below.bytes, (_CALLER, *below.path))
        graph = replace(graph, leaves=leaves)
    running = graph.below(_ENTRY)
    loading = 0
    if loading_stack is not None:
        # The same way down to the loader, where only it counts.
        loading = graph.way_to(_ENTRY, _LOADER) + loading_stack
    interrupts = 0
    for handler in graph.tables["rune_vectors"] - {code.addresses[_ENTRY]}:
        starts_over = handler == code.addresses[_FAULT]
        interrupts += EXCEPTION_FRAME + (0 if starts_over else graph.depth(handler).bytes)
    running = max(running, graph.below(_FAULT), key=lambda depth: depth.bytes)
    return StackBound(running.bytes, loading, interrupts, running.path)
