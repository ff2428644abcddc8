"""The generated C of a firmware, for a board or for this computer: the rune's image, the models, main."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runeflash.firmware.aot import rune_code
from runeflash.firmware.flags import RUNE_CODE_FILE
from runeflash.model import CompiledModel, compile_model
from runeflash.rune.container import Rune
from runeflash.rune.wasm import Module
from runeflash.templating import c_bytes, c_comment, c_string, render

#: What has no room is told apart from nothing else, and counted (docs/wire.md).
_MOST_PROFILE_PARTS = 200


@dataclass(frozen=True)
class GeneratedImage:
    """The C files of an image (name to text) and what they take.

    Attributes:
        files: name to text.
        models: the compiled models, in the rune's order.
        rune_bytes: of the stripped rune; its code, where that is compiled ahead of time, counts as the firmware's.
        arena_bytes: of the models' shared arena.
    """

    files: Mapping[str, str]
    models: tuple[CompiledModel, ...]
    rune_bytes: int
    arena_bytes: int


def compile_models(rune: Rune, disabled_passes: Collection[str] = ()) -> tuple[CompiledModel, ...]:
    """Compile a rune's models to C, in its order.

    Args:
        rune: the rune.
        disabled_passes: of the model compiler, those that do not run.

    Raises:
        UserError: a model is damaged or has what is not supported.
    """
    return tuple(
        compile_model(model.data, name=model.name, symbol=f"model_{number}", disabled=disabled_passes)
        for number, model in enumerate(rune.models)
    )


def generate_image(
    rune: Rune,
    module: Module,
    models: tuple[CompiledModel, ...],
    *,
    engine: str,
    build_id: str,
    heap_bytes: int,
    budget: int,
    watchdog_ms: int,
    interval_ms: int,
    stream_sensors: bool,
    profile: bool = False,
) -> GeneratedImage:
    """Return the C of a rune's image.

    Args:
        rune: the rune.
        module: its wasm as the firmware runs it.
        models: its models, compiled.
        engine: one of :data:`~runeflash.firmware.options.ENGINES`.
        build_id: what the boot line shows.
        heap_bytes: of the engine, the linear memory included; 0 for one that has none.
        budget: what the rune may execute in one call.
        watchdog_ms: after which the hardware watchdog resets the board, or 0.
        interval_ms: between calls of a pipeline without a timed sensor.
        stream_sensors: whether the host plays recordings in, instead of the board's own sensors.
        profile: whether the firmware measures itself.
    """
    embedded = embedded_rune(rune, module, engine)
    arena = max((model.arena_bytes for model in models), default=0)
    context = {
        "comment_name": c_comment(rune.name),
        "name": c_string(rune.name),
        "build_id": c_string(build_id),
        "rune_length": len(embedded),
        "rune_lines": list(c_bytes(embedded)),
        "heap_size": heap_bytes,
        "arena_size": max(arena, 1),
        "models": [model.symbol for model in models],
        "model_list": ", ".join(f"&{model.symbol}" for model in models) or "NULL",
        "stages": [c_string(name) for name in rune.stage_names],
        "budget": budget,
        "watchdog_ms": watchdog_ms,
        "interval_us": interval_ms * 1000,
        "headers": [
            *(["rune_double.h"] if "F64" in rune.output_elements() else []),
            *(["rune_profile.h"] if profile else []),
        ],
        "profile_parts": _profile_parts(rune) if profile else 0,
        "extra_members": [
            *([".print_f64 = rune_double_print,"] if "F64" in rune.output_elements() else []),
            f".stream_sensors = {'true' if stream_sensors else 'false'},",
        ],
    }
    files = {"rune_image.c": render("firmware/rune_image.c.j2", image=context)}
    if engine == "aot":
        files[RUNE_CODE_FILE] = rune_code(rune, module)
    for model in models:
        files[f"{model.symbol}.c"] = model.source
    return GeneratedImage(files, models, len(embedded), arena)


def _profile_parts(rune: Rune) -> int:
    """Return for how many parts a firmware that measures itself has room: the engine; of each stage the rune itself and
    its call of the host; and as many more, for what stages have to log. A rune of very many stages has fewer, so that
    the measuring never takes more RAM than 24 bytes for each of the most.
    """
    return min(1 + 3 * len(rune.stage_names), _MOST_PROFILE_PARTS)


def embedded_rune(rune: Rune, module: Module, engine: str) -> bytes:
    """Return the bytes of the rune that a firmware has as data."""
    return rune.described() if engine == "aot" else rune.stripped(module)


def build_id(*parts: str | bytes) -> str:
    """Return the name of a build: 12 hexadecimal digits that all that shaped it decide."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:12]
