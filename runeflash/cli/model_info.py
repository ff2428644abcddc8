"""``runeflash model-info``: what a model takes and gives, what it costs, and whether it can be compiled."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runeflash.cli.options import check_passes
from runeflash.cli.output import print_json
from runeflash.errors import UserError

if TYPE_CHECKING:
    from runeflash.model.graph import Quantization
    from runeflash.model.info import ModelInfo, TensorInfo

_LARGEST_FILE = 1 << 30
# Scales of a tensor that is quantised per channel: more of them help nobody.
_SHOWN_SCALES = 1
#: Of the table of operators, without the remark at its end.
_COLUMNS = 8


@click.command("model-info")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--no-pass", "no_passes", multiple=True, metavar="PASS", help="Leave out a pass of the model compiler.")
@click.option("--json", "as_json", is_flag=True, help="Print as data.")
def command(model: Path, no_passes: tuple[str, ...], as_json: bool) -> None:
    """Show what MODEL, a .tflite file, takes and gives, its operators, and which of them can be compiled."""
    from runeflash.model.info import describe_model

    disabled = check_passes(no_passes)
    try:
        if model.stat().st_size > _LARGEST_FILE:
            raise UserError(f"{model} is larger than any TensorFlow Lite model")
        data = model.read_bytes()
    except OSError as error:
        raise UserError(f"{model} cannot be read ({error.strerror})") from error
    try:
        info = describe_model(data, disabled)
    except UserError as error:
        raise UserError(f"{model}: {error.message}", hint=error.hint) from error
    if as_json:
        print_json(_as_data(info))
    else:
        _print(info)


def _as_data(info: ModelInfo) -> dict[str, Any]:
    return {
        "inputs": [_tensor_data(tensor) for tensor in info.inputs],
        "outputs": [_tensor_data(tensor) for tensor in info.outputs],
        "ops": len(info.operators),
        "operators": [
            {
                "index": operator.index,
                "operator": operator.operator,
                "name": operator.name,
                "inputs": [_tensor_data(tensor) for tensor in operator.inputs],
                "constants": [_tensor_data(tensor) for tensor in operator.constants],
                "outputs": [_tensor_data(tensor) for tensor in operator.outputs],
                "macs": operator.macs,
                "weight_bytes": operator.weight_bytes,
                "compiled_macs": operator.compiled_macs,
                "arena_bytes": operator.arena_bytes,
                "supported": operator.problem is None,
                "problem": operator.problem,
            }
            for operator in info.operators
        ],
        "macs": info.macs,
        "weight_bytes": info.weight_bytes,
        "compiles": info.problem is None,
        "problem": info.problem,
        "arena_bytes": info.arena_bytes,
        "flash_bytes": info.flash_bytes,
        "passes": [asdict(result) for result in info.passes],
    }


def _tensor_data(tensor: TensorInfo) -> dict[str, Any]:
    found: dict[str, Any] = {"name": tensor.name, "element_kind": tensor.type, "dims": list(tensor.shape)}
    if tensor.quantization is not None:
        found["quantization"] = {
            "scales": list(tensor.quantization.scales),
            "zero_points": list(tensor.quantization.zero_points),
            "dimension": tensor.quantization.dimension,
        }
    return found


def _print(info: ModelInfo) -> None:
    click.echo(f"Ops: {len(info.operators)}")
    for title, tensors in (("Inputs", info.inputs), ("Outputs", info.outputs)):
        click.echo(f"{title}:")
        for tensor in tensors:
            click.echo(f"\t{_one_line(tensor.name)}: {tensor}{_quantization(tensor.quantization)}")
    click.echo("Operators:")
    rows = [("", "operator", "in", "out", "MACs", "left", "weights", "arena", "")]
    for operator in info.operators:
        rows.append(
            (
                str(operator.index),
                _one_line(operator.operator),
                _types(operator.inputs),
                _types(operator.outputs),
                "-" if operator.macs is None else f"{operator.macs:,}",
                "" if operator.compiled_macs is None else f"{operator.compiled_macs:,}",
                f"{operator.weight_bytes:,}",
                "" if operator.arena_bytes is None else f"{operator.arena_bytes:,}",
                "" if operator.problem is None else f"cannot be compiled: {_one_line(operator.problem)}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(_COLUMNS)]
    for row in rows:
        cells = [
            text.ljust(width) if 1 <= column <= 3 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=False))
        ]
        click.echo(("  " + "  ".join([*cells, row[_COLUMNS]])).rstrip())
    click.echo(f"MACs: {info.macs:,}" + (" (of those known)" if any(o.macs is None for o in info.operators) else ""))
    click.echo(f"Weights: {info.weight_bytes:,} bytes")
    for result in info.passes:
        if not result.enabled:
            click.echo(f"Pass {result.name}: left out")
        elif result.count:
            click.echo(f"Pass {result.name}: {result.count:,} {result.unit}")
    if info.problem is None:
        click.echo(
            f"Compiled: {info.flash_bytes:,} bytes of flash for constants, arena {info.arena_bytes:,} bytes of RAM"
        )
    else:
        click.echo(f"Cannot be compiled: {_one_line(info.problem)}")


def _types(tensors: tuple[TensorInfo, ...]) -> str:
    shown = " ".join(map(str, tensors[:3]))
    return f"{shown} and {len(tensors) - 3} more" if len(tensors) > 3 else shown


def _quantization(found: Quantization | None) -> str:
    if found is None:
        return ""
    if len(found.scales) > _SHOWN_SCALES:
        return f"  (quantised per channel, {len(found.scales)} scales along dimension {found.dimension})"
    zero_point = found.zero_points[0] if found.zero_points else 0
    return f"  (scale {found.scales[0]:.9g}, zero point {zero_point})"


def _one_line(text: str) -> str:
    """Return a text from a file as it can be printed: on one line, without control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
