"""The text of a Runefile to its tree.

Entry point: :func:`parse`. Everything wrong with the text is a diagnostic; nothing is raised.
"""

from __future__ import annotations

import re

from runeflash.diagnostics import Diagnostics, SourceFile
from runeflash.runefile.tree import Runefile

__all__ = ["Runefile", "parse"]

_KEYWORD = re.compile(r"(?:FROM|CAPABILITY|PROC_BLOCK|MODEL|OUT|RUN)(?:[ \t<\\]|$)", re.IGNORECASE)
_ALONE = re.compile(
    r"^[ \t]*(?:FROM|CAPABILITY|PROC_BLOCK|MODEL|OUT|RUN)(?=[ \t\r]*[A-Za-z0-9_.<\\]|[ \t\r]*$)", re.MULTILINE
)


def parse(
    source: SourceFile, diagnostics: Diagnostics, *, strict: bool = False, lenient: bool = False
) -> Runefile | None:
    """Parse a Runefile, in the dialect that its content shows.

    Args:
        source: the text.
        diagnostics: what is wrong with it is added here.
        strict: a missing version is an error, as in the reference.
        lenient: what the reference would have let pass is a warning.

    Returns:
        The tree, as far as it could be made out even if there were errors, so that later passes can report
        what they find; None when there is no pipeline to speak of.
    """
    # Only the dialect that is needed is loaded: `check` must start fast.
    if is_dockerfile_like(source):
        from runeflash.runefile.dockerfile_syntax import parse_dockerfile

        return parse_dockerfile(source, diagnostics, lenient=lenient)
    from runeflash.runefile.yaml_syntax import parse_yaml

    return parse_yaml(source, diagnostics, strict=strict)


def is_dockerfile_like(source: SourceFile) -> bool:
    """Return whether a text is in the Dockerfile-like dialect rather than in YAML.

    The first line with content decides: it begins with an instruction, in whatever case; or it is nothing that could
    begin a YAML map, and an instruction begins some other line. An empty file is judged by its name.
    """
    text = source.text
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = end if end >= 0 else len(text)
        line = text[position : min(end, position + 1000)].strip()
        if line and not line.startswith("#"):
            if _KEYWORD.match(line):
                return True
            is_map = ":" in line.partition("#")[0].replace("://", "") or line[0] in "%-{[?&!|>\"'*@`"
            return not is_map and _ALONE.search(text) is not None
        position = end + 1
    return source.path.rpartition("/")[2] == "Runefile"
