"""``runeflash inspect``: what is inside a .rune file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runeflash.cli.output import print_json
from runeflash.errors import UserError

if TYPE_CHECKING:
    from runeflash.rune import Rune


@click.command("inspect")
@click.argument("rune", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as data, in the reference's form.")
def command(rune: Path, as_json: bool) -> None:
    """Show the pipeline, models, resources and memory of RUNE, a .rune file."""
    from runeflash.rune import read_rune

    try:
        data = rune.read_bytes()
    except OSError as error:
        raise UserError(f"{rune} cannot be read ({error.strerror})") from error
    contents = dict(_sections(data, str(rune)))
    version = _json(contents.get(".rune_version"), rune)
    graph = _json(contents.get(".rune_graph"), rune)
    ours = read_rune(data, str(rune)) if ".runeflash" in contents else None
    if as_json:
        print_json({"version": version, "rune": graph, **_facts(ours), "bytes": len(data)})
        return
    try:
        lines = _pipeline(graph or {}, ours)
        made_by = str((version or {}).get("version", "unknown"))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{rune} is damaged: its .rune_graph section has another form than a rune's") from error
    lines.extend(_memory(ours))
    for line in lines:
        click.echo("".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line))
    click.echo(f"Compiled by: {'runeflash' if ours else 'Rune'} {made_by}")


def _sections(data: bytes, where: str) -> tuple[tuple[str, bytes], ...]:
    from runeflash.rune.wasm import WasmError, read_module

    try:
        return read_module(data).custom_sections
    except WasmError as error:
        hint = "runeflash build writes .rune files; for a Runefile there are check and graph"
        raise UserError(f"{where} is damaged or no rune: {error}", hint=hint) from error


def _json(content: bytes | None, rune: Path) -> Any:
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{rune} is damaged: a section that should be JSON is not") from error


def _facts(ours: Rune | None) -> dict[str, Any]:
    """Return what only a rune that runeflash built says about itself, as data."""
    if ours is None:
        return {"memory": None, "blocks": [], "models": []}
    memory = ours.memory
    return {
        "memory": {"total": memory.total, "stack": memory.stack, "data": memory.data, "arena": memory.arena},
        "blocks": [block.as_data() for block in ours.blocks],
        "models": [
            {"name": model.name, "bytes": len(model.data), "sha256": model.sha256.hex()} for model in ours.models
        ],
    }


def _pipeline(graph: dict[str, Any], ours: Rune | None) -> list[str]:
    """Return the lines about the stages and resources."""
    tensors = {name: _type(tensor) for name, tensor in graph.get("tensors", {}).items()}
    lines = [f"Name: {graph.get('rune', {}).get('name', 'unknown')}"]
    for title, key in _PARTS.items():
        if graph.get(key):
            lines.append(f"{title}:")
        for name, item in graph.get(key, {}).items():
            lines.append(f"- {name}: {_qualifier(item)}")
            lines.extend(_list("Arguments", [f"{key}: {value!r}" for key, value in item.get("args", {}).items()]))
            lines.extend(_list("Inputs", [tensors.get(tensor, "?") for tensor in item.get("inputs", [])]))
            lines.extend(_list("Outputs", [tensors.get(tensor, "?") for tensor in item.get("outputs", [])]))
    sizes = {name: len(data) for name, data in ours.resources} if ours else {}
    resources = {**dict.fromkeys(sizes), **graph.get("resources", {})}
    if resources:
        lines.append("Resources:")
    for name, item in resources.items():
        size = f", {sizes[name]:,} bytes" if name in sizes else ""
        lines.append(f"\t{name} ({(item or {}).get('ty', 'binary')}{size})")
    return lines


def _memory(ours: Rune | None) -> list[str]:
    """Return the lines that only a rune that runeflash built has."""
    if ours is None:
        return []
    memory = ours.memory
    parts = f"stack {memory.stack:,}, data {memory.data:,}, tensor arena {memory.arena:,}"
    return [
        f"Linear memory: {memory.total:,} bytes ({parts})",
        *(
            f"  {block.stage} ({block.block}): {block.total:,} bytes of the data (variables {block.variables:,}, "
            f"tables {block.tables:,}, texts {block.texts:,})"
            for block in ours.blocks
        ),
        *(f"Model {model.name}: {len(model.data):,} bytes, SHA-256 {model.sha256.hex()}" for model in ours.models),
        f"Firmware embeds: {len(ours.stripped()):,} of {len(ours.data):,} bytes",
    ]


_PARTS = {
    "Capabilities": "capabilities",
    "Proc Blocks": "proc-blocks",
    "Models": "models",
    "Outputs": "outputs",
}


def _qualifier(item: dict[str, Any]) -> str:
    """Return what a stage is: its kind, its proc block's path or its model's file."""
    if "kind" in item:
        return str(item["kind"]["type"])
    return str(item.get("path", item.get("file", "")))


def _type(tensor: dict[str, Any]) -> str:
    element = {"String": "utf8"}.get(tensor["element_type"], tensor["element_type"].lower())
    dimensions = ", ".join(map(str, tensor["dimensions"]))
    return f"{element}[{dimensions}]" if dimensions else element


def _list(title: str, items: list[str]) -> list[str]:
    return [f"  {title}:", *(f"  - {item}" for item in items)] if items else []
