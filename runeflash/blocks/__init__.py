"""Proc blocks: their manifests, the built-in library, and what a path in a Runefile means.

Entry points: :func:`resolve` (a path to a block), :func:`read_block` (a folder to a block),
:mod:`runeflash.blocks.library` (the built-in ones), :func:`runeflash.blocks.signature.bind`
(a block with inputs and arguments to its outputs) and :func:`runeflash.blocks.vectors.load_vectors`.
"""

from runeflash.blocks.manifest import Block
from runeflash.blocks.reader import read_block
from runeflash.blocks.resolve import Outcome, Resolution, is_path, resolve, resolve_repository

__all__ = ["Block", "Outcome", "Resolution", "is_path", "read_block", "resolve", "resolve_repository"]
