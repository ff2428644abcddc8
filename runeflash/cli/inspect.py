"""``runeflash inspect``: what is inside a .rune file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runeflash.cli.output import print_json
from runeflash.errors import UserError


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
    content = read_rune(data, str(rune))
    graph = content.graph
    if as_json:
        print_json(
            {
                "version": {"version": content.version},
                "rune": graph,
                "memory": {
                    "total": content.memory.total,
                    "stack": content.memory.stack,
                    "data": content.memory.data,
                    "arena": content.memory.arena,
                },
                "models": [
                    {"name": model.name, "bytes": len(model.data), "sha256": model.sha256.hex()}
                    for model in content.models
                ],
                "bytes": len(data),
            }
        )
        return
    tensors = {name: _type(tensor) for name, tensor in graph.get("tensors", {}).items()}
    click.echo(f"Name: {content.name}")
    for title, key in _PARTS.items():
        if key in graph:
            click.echo(f"{title}:")
        for name, item in graph.get(key, {}).items():
            click.echo(f"- {name}: {_qualifier(item)}")
            _list("Arguments", [f"{key}: {value!r}" for key, value in item.get("args", {}).items()])
            _list("Inputs", [tensors.get(tensor, "?") for tensor in item.get("inputs", [])])
            _list("Outputs", [tensors.get(tensor, "?") for tensor in item.get("outputs", [])])
    if content.resources:
        click.echo("Resources:")
    for name, bytes_ in content.resources:
        kind = graph.get("resources", {}).get(name, {}).get("ty", "binary")
        click.echo(f"- {name} ({kind}, {len(bytes_):,} bytes)")
    memory = content.memory
    click.echo(
        f"Linear memory: {memory.total:,} bytes "
        f"(stack {memory.stack:,}, data {memory.data:,}, tensor arena {memory.arena:,})"
    )
    for model in content.models:
        click.echo(f"Model {model.name}: {len(model.data):,} bytes, SHA-256 {model.sha256.hex()}")
    click.echo(f"Firmware embeds: {len(content.stripped()):,} of {len(data):,} bytes")
    click.echo(f"Compiled by: runeflash {content.version}")


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


def _list(title: str, items: list[str]) -> None:
    if items:
        click.echo(f"  {title}:")
    for item in items:
        click.echo(f"  - {item}")
