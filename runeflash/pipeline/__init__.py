"""The tree of a Runefile to its typed pipeline.

Entry points: :func:`analyse` (a tree that was parsed) and :func:`load` (a file). Each pass is a module of its own
and a function from what is known to what is known then; all report to one list of diagnostics, and none stops at an
error that the others can live with, so that everything wrong with a file is said at once.
"""

from __future__ import annotations

import gc
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Diagnostics, SourceFile, Span
from runeflash.errors import UserError
from runeflash.pipeline.arguments import resolve_arguments
from runeflash.pipeline.assemble import assemble
from runeflash.pipeline.capability_parameters import complete_parameters
from runeflash.pipeline.context import Context
from runeflash.pipeline.graph import Pipeline
from runeflash.pipeline.inference import Knowledge, infer_types
from runeflash.pipeline.kinds import check_kinds
from runeflash.pipeline.models import load_models
from runeflash.pipeline.names import resolve_names
from runeflash.pipeline.order import execution_order
from runeflash.pipeline.outputs import count_outputs
from runeflash.pipeline.proc_blocks import find_blocks
from runeflash.pipeline.resources import load_resources
from runeflash.pipeline.shapes import check_shapes
from runeflash.pipeline.unused import report_unused
from runeflash.runefile import parse
from runeflash.runefile.tree import Runefile
from runeflash.yaml_nodes import MAXIMUM_BYTES

__all__ = ["STANDARD_INPUT", "Pipeline", "analyse", "load"]

#: The path that means standard input; files are then relative to the current folder.
STANDARD_INPUT = Path("-")


def analyse(
    runefile: Runefile,
    path: Path,
    diagnostics: Diagnostics,
    *,
    strict: bool = False,
    lenient: bool = False,
    for_build: bool = False,
    resources: Mapping[str, bytes] | None = None,
) -> Pipeline | None:
    """Check a Runefile and type its pipeline.

    Args:
        runefile: the tree.
        path: the file it came from; models, resources and local proc blocks are relative to its folder, whose name is
            the rune's.
        diagnostics: what is wrong is added here, in no particular order (``in_order`` sorts it).
        strict: warnings are errors, those that are there already too.
        lenient: errors that the reference would have let pass are warnings: edges whose types disagree, arguments
            that a stage does not have, contradictions of a capability's arguments.
        for_build: refuse what can be checked but not built: unknown blocks of the reference, other images and
            model formats, models whose signature does not agree, resources without data.
        resources: data by resource name, which count before those that the file names.

    Returns:
        The pipeline, or None if there is any error. Without ``for_build`` it may contain proc blocks that are not
        known and models without data.
    """
    context = Context(diagnostics, path.parent, for_build, lenient)
    names = resolve_names(runefile, context)
    order = execution_order(names, context)
    check_kinds(runefile.image, names, context)
    loaded = load_resources(names, resources or {}, context)
    blocks = find_blocks(names, context)
    models = load_models(names, loaded, context)
    arguments = resolve_arguments(names, blocks, loaded, context)
    output_counts = count_outputs(names, blocks, models, context)
    knowledge = Knowledge(names, order, blocks, models, arguments, output_counts)
    types = infer_types(knowledge, context)
    parameters = complete_parameters(knowledge, types, context)
    bindings = check_shapes(knowledge, types, context)
    report_unused(names, loaded, context)
    if strict:
        diagnostics.promote_warnings()
    if diagnostics.has_errors:
        return None
    return assemble(runefile, path, knowledge, types, bindings, parameters, loaded)


def load(
    path: Path,
    *,
    strict: bool = False,
    lenient: bool = False,
    for_build: bool = False,
    resources: Mapping[str, bytes] | None = None,
) -> tuple[SourceFile, Pipeline | None, Diagnostics]:
    """Read, parse and analyse a Runefile; see :func:`analyse` for the parameters.

    Returns:
        The text, for showing the diagnostics; the pipeline, or None if there are errors; the diagnostics.

    Raises:
        UserError: the file cannot be read.
    """
    # Everything that is made here lives until the end: looking for what does not would only take time.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _load(path, strict, lenient, for_build, resources)
    finally:
        if collects:
            gc.enable()


def _load(
    path: Path, strict: bool, lenient: bool, for_build: bool, resources: Mapping[str, bytes] | None
) -> tuple[SourceFile, Pipeline | None, Diagnostics]:
    diagnostics = Diagnostics()
    source = _read(path, diagnostics)
    pipeline = None
    if not diagnostics.has_errors:
        runefile = parse(source, diagnostics, strict=strict, lenient=lenient)
        if runefile is not None:
            pipeline = analyse(
                runefile,
                path,
                diagnostics,
                strict=strict,
                lenient=lenient,
                for_build=for_build,
                resources=resources,
            )
        elif strict:
            diagnostics.promote_warnings()
    return source, pipeline, diagnostics


def _read(path: Path, diagnostics: Diagnostics) -> SourceFile:
    try:
        data = _content(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UserError(f'Unable to read "{path}": {reason or error}') from None
    if len(data) > MAXIMUM_BYTES:
        message = f"Unable to parse the input: the file is larger than {MAXIMUM_BYTES:,} bytes"
        diagnostics.error(codes.TOO_LARGE, message)
        return SourceFile(str(path), "")
    try:
        return SourceFile(str(path), data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        position = len(data[: error.start].decode("utf-8-sig", "replace"))
        source = SourceFile(str(path), data.decode("utf-8-sig", "replace"))
        message = "Unable to parse the input: the file is not UTF-8"
        hint = "save it as UTF-8, if it is a Runefile at all"
        diagnostics.error(codes.MALFORMED_TEXT, message, Span(position, position + 1), hint=hint)
        return source


def _content(path: Path) -> bytes:
    """Return at most one byte more than a Runefile may have."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAXIMUM_BYTES + 1) if sys.stdin is not None else b""
    # Nobody may ever write to a named pipe. Those that a shell makes (/dev/fd/63) have somebody who does.
    if stat.S_ISFIFO(path.stat().st_mode) and path.absolute().parts[1] not in {"dev", "proc"}:
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        return file.read(MAXIMUM_BYTES + 1)
