"""Passes: each changes the program and never its result; each in a file of its own that says why that is so.

Those of the file run first: they change operators and their tensors, which are then read once more. Those of the graph
change the checked layers. ``in-place`` tells the planner of the memory what may be shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runeflash.model.graph import Graph
from runeflash.model.passes.dead_channels import remove_dead_channels
from runeflash.model.passes.fold_constants import fold_constants
from runeflash.model.passes.fuse_activations import fuse_activations
from runeflash.model.passes.fuse_pads import fuse_pads
from runeflash.model.passes.order_layers import order_layers
from runeflash.model.passes.remove_copies import remove_copies
from runeflash.model.passes.remove_unused import remove_unused
from runeflash.model.read import ModelFile


@dataclass(frozen=True)
class FilePass:
    """A pass over the file.

    Attributes:
        name: by which it is turned off.
        unit: what it counts.
        run: returns the changed model, and how many of the unit it changed.
    """

    name: str
    unit: str
    run: Callable[[ModelFile], tuple[ModelFile, int]]


@dataclass(frozen=True)
class GraphPass:
    """A pass over the graph; likewise."""

    name: str
    unit: str
    run: Callable[[Graph], tuple[Graph, int]]


CONSTANT_FOLDING = FilePass("constant-folding", "operators computed", fold_constants)
#: In the order in which they run, behind constant folding and the checks.
FILE_PASSES = (
    FilePass("fuse-pads", "paddings made part of the next operator", fuse_pads),
    FilePass("fuse-activations", "activations made part of the operator before", fuse_activations),
    FilePass("dead-channels", "channels removed", remove_dead_channels),
)
GRAPH_PASSES = (
    GraphPass("copies", "layers removed", remove_copies),
    # Behind the passes that leave something that nobody reads.
    GraphPass("unused", "layers removed", remove_unused),
    GraphPass("order", "bytes less alive at once", order_layers),
)
IN_PLACE = "in-place"
IN_PLACE_UNIT = "bytes of the arena saved"

#: What ``--no-pass`` takes.
PASS_NAMES = (
    CONSTANT_FOLDING.name,
    *(item.name for item in FILE_PASSES),
    *(item.name for item in GRAPH_PASSES),
    IN_PLACE,
)

__all__ = ["CONSTANT_FOLDING", "FILE_PASSES", "GRAPH_PASSES", "IN_PLACE", "IN_PLACE_UNIT", "PASS_NAMES"]
