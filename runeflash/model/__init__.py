"""TensorFlow Lite models: what they take and give, and their compilation to C.

Entry points: :func:`read_signature` (quick, for ``check``) and :func:`compile_model`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from runeflash.model.signature import ModelSignature, SignatureTensor, read_signature

if TYPE_CHECKING:
    from runeflash.model.compile import CompiledLayer, CompiledModel, compile_model

__all__ = [
    "CompiledLayer",
    "CompiledModel",
    "ModelSignature",
    "SignatureTensor",
    "compile_model",
    "read_signature",
]


def __getattr__(name: str) -> Any:
    """Load the compiler, and Jinja with it, only for those who compile: ``check`` only reads signatures."""
    if name in {"CompiledLayer", "CompiledModel", "compile_model"}:
        return getattr(importlib.import_module("runeflash.model.compile"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
