"""The text of a Runefile to its tree.

Entry point: :func:`parse`. Everything wrong with the text is a diagnostic; nothing is raised.
"""

from __future__ import annotations

import re

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Diagnostics, SourceFile, Span
from runeflash.runefile.tree import Runefile
from runeflash.runefile.yaml_syntax import parse_yaml

__all__ = ["Runefile", "parse"]

# The first statement of the Dockerfile-like dialect, after comments and empty lines.
_DOCKERFILE_LIKE = re.compile(r"(?:\s|#[^\n]*\n)*(FROM|CAPABILITY|PROC_BLOCK|MODEL|OUT|RUN)[\s<]")


def parse(source: SourceFile, diagnostics: Diagnostics, *, strict: bool = False) -> Runefile | None:
    """Parse a Runefile.

    Args:
        source: the text.
        diagnostics: what is wrong with it is added here.
        strict: a missing version is an error, as in the reference.

    Returns:
        The tree, as far as it could be made out even if there were errors, so that later passes can report
        what they find; None when there is no pipeline to speak of.
    """
    dockerfile_like = _DOCKERFILE_LIKE.match(source.text[:10_000])
    if dockerfile_like is not None:
        diagnostics.error(
            codes.OTHER_DIALECT,
            "This version reads Runefiles in YAML only, and this one is in the Dockerfile-like dialect",
            Span(*dockerfile_like.span(1)),
        )
        return None
    return parse_yaml(source, diagnostics, strict=strict)
