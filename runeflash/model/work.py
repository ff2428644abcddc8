"""How long an inference can take: a bound that is known before anything is compiled, the same for every toolchain."""

from __future__ import annotations

from runeflash.model.graph import Graph

# Cycles of a Cortex-M4F, with the wait states of a flash whose cache never helps; tests/model/test_model_work.py holds
# them against what the kernels take.

#: For a multiplication with addition.
_MAC = 40
#: For an output of what multiplies: a sum is scaled, rounded and limited.
_OUTPUT = 400
#: On top, where the scale needs the general form.
_GENERAL_OUTPUT = 400
#: For an element of a window that is put together one by one, on top, however few filters then multiply it.
_GATHERED = 60
#: For an element of float32 that a hybrid layer quantises before it multiplies.
_QUANTISED = 300
#: For an element that anything else reads or writes: an exponential, a division.
_ELEMENT = 1200
#: For what is done once in a layer.
_LAYER = 20_000


def inference_cycles(graph: Graph) -> int:
    """Return the most cycles of a Cortex-M4F that an inference takes."""
    total = _LAYER
    for layer in graph.layers:
        written = sum(graph.tensors[index].tensor_type.count for index in layer.outputs)
        read = layer.elements_read([graph.tensors[index].tensor_type.count for index in layer.inputs])
        if layer.macs:
            output = _OUTPUT + (_GENERAL_OUTPUT if layer.is_general else 0)
            work = _MAC * layer.macs + _GATHERED * layer.elements_gathered + output * written
            work += _QUANTISED * read if layer.is_hybrid else 0
        else:
            work = _ELEMENT * (read + written)
        total += _LAYER + work
    return total
