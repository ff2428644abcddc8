"""An output that lies where its input was: less memory, the same bytes."""

from __future__ import annotations

import re

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from pass_checking import check_pass
from tflite_builder import ModelBuilder, Scales, conv_2d_options, depthwise_conv_2d_options, scale

from runeflash.model import compile_model
from runeflash.model.operators import depthwise_planes_i8
from runeflash.model.operators.depthwise_3x3_i8 import Depthwise3x3I8
from runeflash.model.operators.depthwise_planes_i8 import windows_reach_inside
from runeflash.model.operators.depthwise_rows_i8 import DepthwiseRowsI8
from runeflash.model.operators.lead import window_lead
from runeflash.model.operators.quantized import Channels, Limits, Multiplier
from runeflash.model.operators.window import Window
from runeflash.model.schema import DataType, Padding
from runeflash.resources import folder

PASS = "in-place"


def image_layers(seed: int, size: int, layers: list[tuple[str, int, int, int, Padding]]) -> bytes:
    """Convolutions over an image: kind, output channels, taps, stride and padding of each."""
    generator = np.random.default_rng(seed)
    builder = ModelBuilder()
    height = width = size
    channels = 3
    x = last = builder.tensor((1, height, width, channels), type=DataType.INT8, scales=scale(0.05, -4))
    # The first and the last layer use the caller's memory; those in between share the arena.
    for kind, count, taps, stride, padding in [
        ("conv", 8, 1, 1, Padding.SAME),
        *layers,
        ("conv", 4, 1, 1, Padding.SAME),
    ]:
        outputs = {"depthwise": channels, "doubled": 2 * channels}.get(kind, count)
        if padding is Padding.VALID and min(height, width) < taps:
            continue
        rows, columns = (Window(n, taps, stride, 1, padding).count for n in (height, width))
        shape = (1, taps, taps, outputs) if kind != "conv" else (outputs, taps, taps, channels)
        axis = 3 if kind != "conv" else 0
        scales = Scales(tuple(generator.uniform(0.002, 0.02, outputs).astype(np.float32).tolist()), (), axis)
        weights = builder.tensor(shape, generator.integers(-127, 128, shape), type=DataType.INT8, scales=scales)
        bias = builder.tensor((outputs,), generator.integers(-500, 500, outputs), type=DataType.INT32)
        result = builder.tensor((1, rows, columns, outputs), type=DataType.INT8, scales=scale(0.05, -4))
        options = (
            depthwise_conv_2d_options(padding, (stride, stride), multiplier=outputs // channels)
            if kind != "conv"
            else conv_2d_options(padding, (stride, stride))
        )
        name = "DEPTHWISE_CONV_2D" if kind != "conv" else "CONV_2D"
        builder.operator(name, [last, weights, bias], [result], options)
        height, width, channels, last = rows, columns, outputs, result
    return builder.build([x], [last])


SAME, VALID = Padding.SAME, Padding.VALID
CASES = {
    "depthwise_1": image_layers(1, 9, [("depthwise", 0, 3, 1, SAME)]),
    "depthwise_2": image_layers(2, 9, [("depthwise", 0, 3, 2, SAME)]),
    "depthwise_valid": image_layers(3, 9, [("depthwise", 0, 3, 1, VALID)]),
    "depthwise_doubled": image_layers(12, 9, [("doubled", 0, 3, 2, SAME), ("conv", 64, 1, 1, SAME)]),
    "growing": image_layers(4, 7, [("conv", 16, 1, 1, SAME)]),
    "growing_oddly": image_layers(5, 7, [("conv", 13, 1, 1, SAME)]),
    "shrinking": image_layers(6, 7, [("conv", 5, 1, 1, SAME)]),
    "windows": image_layers(7, 9, [("conv", 8, 3, 1, SAME)]),
    "windows_stride": image_layers(8, 9, [("conv", 16, 3, 2, SAME)]),
    "windows_valid": image_layers(9, 9, [("conv", 12, 3, 1, VALID)]),
    "skipping": image_layers(10, 9, [("conv", 16, 1, 2, SAME)]),
    "all": image_layers(
        11,
        12,
        [
            ("depthwise", 0, 3, 1, SAME),
            ("conv", 16, 1, 1, SAME),
            ("depthwise", 0, 3, 2, SAME),
            ("conv", 24, 1, 1, SAME),
            ("conv", 24, 3, 1, SAME),
        ],
    ),
}


def test_no_byte_changes() -> None:
    compiled = check_pass(PASS, CASES)
    for name, model in compiled.items():
        assert any(layer.in_place for layer in model.layers), name
        without = compile_model(CASES[name], name="m", symbol="m", disabled={PASS})
        assert model.arena_bytes <= without.arena_bytes
    assert sum(result.count > 0 for model in compiled.values() for result in model.passes if result.name == PASS) >= 8


def test_functions_that_share_do_not_promise_otherwise() -> None:
    model = compile_model(CASES["depthwise_1"], name="m", symbol="m")
    shared = [layer for layer in model.layers if layer.in_place]
    assert shared
    for layer in shared:
        line = next(line for line in model.source.splitlines() if f"void {layer.function}(" in line)
        assert "*restrict output" not in line
        assert "*restrict input" not in line


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    st.integers(1, 7),
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(Padding),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_the_distance_is_enough(
    height: int, width: int, taps: int, stride: int, padding: Padding, inputs: int, outputs: int
) -> None:
    """Found the plain way: no pixel's results may overwrite an input that it or a later one reads."""
    rows, columns = (Window(n, taps, stride, 1, padding) for n in (height, width))
    hypothesis.assume(rows.count >= 1 and columns.count >= 1)

    def reads(pixel: int) -> list[int]:
        y, x = divmod(pixel, columns.count)
        found = []
        for row in range(y * stride - rows.before, y * stride - rows.before + taps):
            for column in range(x * stride - columns.before, x * stride - columns.before + taps):
                if 0 <= row < height and 0 <= column < width:
                    found += [(row * width + column) * inputs + i for i in range(inputs)]
        return found

    def is_enough(distance: int) -> bool:
        """Whether nothing that is still needed has been overwritten when a pixel is read, its group's first."""
        count = rows.count * columns.count
        needed_from = [min([*reads(pixel), height * width * inputs]) for pixel in range(count)]
        return all(pixel * outputs <= min(needed_from[pixel:]) + distance for pixel in range(count))

    lead = window_lead(rows, columns, inputs, outputs)
    assert lead is not None
    assert is_enough(lead)


@hypothesis.settings(max_examples=300)
@hypothesis.given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.integers(1, 3),
    st.sampled_from(Padding),
    st.integers(64, 256),
)
@hypothesis.example((6, 1), ((2, 0), (2, 2)), (3, 3), 2, Padding.VALID, 64)
@hypothesis.example((12, 12), ((0, 0), (0, 0)), (5, 5), 1, Padding.SAME, 128)
@hypothesis.example((12, 12), ((0, 0), (0, 0)), (4, 1), 1, Padding.SAME, 64)
def test_strips_read_what_they_need_before_it_is_overwritten(
    size: tuple[int, int],
    added: tuple[tuple[int, int], ...],
    taps: tuple[int, int],
    stride: int,
    padding: Padding,
    strip_bytes: int,
) -> None:
    """Found the plain way: no pixel that a later strip loads may lie where an earlier one has written."""
    rows, columns = (
        Window(n, count, stride, 1, padding, more) for n, count, more in zip(size, taps, added, strict=True)
    )
    hypothesis.assume(rows.count >= 1 and columns.count >= 1)
    hypothesis.assume(windows_reach_inside(rows, columns))
    channels = Channels((0,), (Multiplier(1 << 30, 8),), 0, is_general=False)
    kind = Depthwise3x3I8 if taps == (3, 3) and stride <= 2 else DepthwiseRowsI8
    weights = ((1,) * (taps[0] * taps[1]),)
    layer = kind(0, "", (0,), (1,), 1, rows, columns, 1, 0, channels, Limits(-128, 127), weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(depthwise_planes_i8, "_STRIP_BYTES", strip_bytes)
        text = "\n".join(layer.body({"weights": "weights", "channels": "channels"}))
        fields = dict(re.findall(r"\.(\w+) = (-?\w+)", text))
        allowed = layer.in_place_inputs == (0,)
    # Where the planes' rows are columns of the image, so are its strips.
    is_turned = layer.is_turned
    along = columns if is_turned else rows
    pixels = np.arange(size[0] * size[1]).reshape(size)
    results = np.arange(rows.count * columns.count).reshape(rows.count, columns.count)
    if is_turned:
        pixels, results = pixels.T, results.T
    strip, loaded, safe = int(fields["strip"]), 0, results.size <= pixels.size
    written: set[int] = set()
    for first in range(0, along.count, strip):
        last = min(first + strip, along.count) - 1
        end = last * stride - along.before + along.extent
        needed = pixels[max(loaded, first * stride - along.before, 0) : max(end, 0)]
        safe = safe and not written & set(needed.flat)
        written |= set(results[first : last + 1].flat)
        loaded = max(loaded, end)
    assert safe or not allowed
    if added == ((0, 0), (0, 0)) and not is_turned:
        assert allowed == (results.size <= pixels.size), "what is usual works in place"


def test_kernels_of_shared_memory_do_not_promise_otherwise() -> None:
    """Compilers believe ``restrict``: a kernel that works in place may use it for neither its input nor its output."""
    kernels = folder("targets") / "common" / "kernels"
    text = "\n".join(path.read_text() for path in sorted(kernels.glob("*.h")))
    checked = set()
    for data in CASES.values():
        model = compile_model(data, name="m", symbol="m")
        for layer in model.layers:
            if layer.in_place:
                body = model.source.split(f"void {layer.function}(", 1)[1].split("\n}", 1)[0]
                (kernel,) = re.findall(r"\b(rune_\w+)\(shape,", body)
                (parameters,) = re.findall(rf"void {kernel}\(([^)]*)\)", text)
                assert "restrict input" not in parameters, kernel
                assert "restrict output" not in parameters, kernel
                checked.add(kernel)
    assert len(checked) >= 2
