"""Rates: the sample rate and duration of a SOUND capability against its number of samples."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.blocks.arguments import as_f32
from runeflash.diagnostics import Span
from runeflash.pipeline.capabilities import DEFAULT_SAMPLE_RATE
from runeflash.pipeline.context import Context
from runeflash.runefile.tree import Stage
from runeflash.tensors import TensorType


def complete_sound(
    stage: Stage,
    tensor: TensorType,
    values: dict[str, int | float],
    spans: Mapping[str, Span],
    context: Context,
) -> None:
    """Add the rate and duration that a SOUND capability leaves out, and check those that it gives.

    The number of samples is the declared one whatever the arguments say. A duration without a rate gives no rate:
    no microphone has any rate that one may calculate; 16 kHz is the one that speech models are trained with.

    Args:
        stage: the capability.
        tensor: its output.
        values: its arguments, completed in place: ``hz`` and ``sample_duration_ms`` (a float if it is no whole number).
        spans: where the arguments stand.
        context: for diagnostics.
    """
    if "hz" not in values:
        values["hz"] = DEFAULT_SAMPLE_RATE
        context.warning(
            codes.DEFAULT_RATE,
            f'"{stage.name.text}" has no sample rate; {DEFAULT_SAMPLE_RATE} Hz is assumed',
            stage.span,
            hint=f"add hz: {DEFAULT_SAMPLE_RATE} to its args",
        )
    rate = values["hz"]
    if "sample_duration_ms" not in values:
        # The count bounds the duration: 2^31 samples at 1 Hz still fit in an f32, and nearly in an i32.
        milliseconds, rest = divmod(tensor.count * 1000, int(rate))
        exact = milliseconds if rest == 0 and milliseconds < 1 << 31 else None
        values["sample_duration_ms"] = exact if exact is not None else as_f32(tensor.count * 1000 / rate) or 0.0
        return
    duration = values["sample_duration_ms"]
    samples = rate * duration / 1000
    # A duration that was rounded to an f32 may be off by its last bit.
    if abs(samples - tensor.count) > max(1e-6 * tensor.count, 1e-3):
        shown = int(samples) if float(samples).is_integer() else round(samples, 3)
        context.warning(
            codes.RATE_MISMATCH,
            f"{rate} Hz for {duration} ms are {shown} samples, but {tensor} has {tensor.count}",
            spans.get("sample_duration_ms", stage.span),
            hint="the declared type counts",
        )
