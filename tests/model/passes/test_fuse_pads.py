"""Convolutions and pools that pad for themselves."""

from __future__ import annotations

import numpy as np
from pass_checking import changed, check_pass
from tflite_builder import ModelBuilder, Scales, conv_2d_options, depthwise_conv_2d_options, pool_2d_options, scale

from runeflash.model import compile_model
from runeflash.model.passes.fuse_pads import fuse_pads
from runeflash.model.read import ImagePadding, read_model
from runeflash.model.schema import DataType, Padding

PASS = "fuse-pads"


class Image:
    """An image of 5 by 6 with 4 channels, padded; then one more operator."""

    def __init__(
        self, data_type: DataType, amounts: object, *, value: float | None = None, zero_point: int = -3
    ) -> None:
        self.builder = ModelBuilder()
        self.type = data_type
        self.scales = None if data_type is DataType.FLOAT32 else scale(0.05, -3)
        self.generator = np.random.default_rng(3)
        (self.top, self.bottom), (self.left, self.right) = np.asarray(amounts)[1:3].tolist()
        self.x = self.tensor((1, 5, 6, 4))
        self.padded = self.tensor((1, 5 + self.top + self.bottom, 6 + self.left + self.right, 4))
        pads = self.builder.tensor((4, 2), amounts, type=DataType.INT32)
        if value is None:
            self.builder.operator("PAD", [self.x, pads], [self.padded])
        else:
            constant = self.builder.tensor((1,), [value], type=data_type, scales=self.scales)
            self.builder.operator("PADV2", [self.x, pads, constant], [self.padded])

    def tensor(self, shape: tuple[int, ...]) -> int:
        return self.builder.tensor(shape, type=self.type, scales=self.scales)

    def convolve(
        self,
        kind: str = "CONV_2D",
        stride: int = 1,
        padding: Padding = Padding.VALID,
        bias: float = 0.5,
        weights: float | None = None,
    ) -> bytes:
        height, width = 5 + self.top + self.bottom, 6 + self.left + self.right
        if padding is Padding.SAME:
            rows, columns = -(-height // stride), -(-width // stride)
        else:
            rows, columns = (height - 3) // stride + 1, (width - 3) // stride + 1
        channels = 4 if kind == "DEPTHWISE_CONV_2D" else 8
        shape = (1, 3, 3, channels) if kind == "DEPTHWISE_CONV_2D" else (channels, 3, 3, 4)
        if self.type is DataType.FLOAT32:
            values = self.generator.uniform(-1, 1, shape)
            if weights is not None:
                values.flat[5] = weights
            w = self.builder.tensor(shape, values)
            b = self.builder.tensor((channels,), [bias] * channels)
        else:
            scales = Scales(tuple([0.01] * channels), (), 3 if kind == "DEPTHWISE_CONV_2D" else 0)
            w = self.builder.tensor(shape, self.generator.integers(-127, 128, shape), type=self.type, scales=scales)
            b = self.builder.tensor((channels,), self.generator.integers(-500, 500, channels), type=DataType.INT32)
        y = self.tensor((1, rows, columns, channels))
        options = conv_2d_options if kind == "CONV_2D" else depthwise_conv_2d_options
        self.builder.operator(kind, [self.padded, w, b], [y], options(padding, (stride, stride)))
        return self.builder.build([self.x], [y])

    def pool(self, kind: str, taps: int = 3, stride: int = 2) -> bytes:
        rows, columns = ((n - taps) // stride + 1 for n in (5 + self.top + self.bottom, 6 + self.left + self.right))
        y = self.tensor((1, rows, columns, 4))
        self.builder.operator(kind, [self.padded], [y], pool_2d_options((taps, taps), (stride, stride)))
        return self.builder.build([self.x], [y])


I8, F32 = DataType.INT8, DataType.FLOAT32
EVEN = [[0, 0], [1, 1], [1, 1], [0, 0]]
ODD = [[0, 0], [0, 1], [2, 1], [0, 0]]
#: Some windows see nothing but the border.
WIDE = [[0, 0], [5, 4], [3, 6], [0, 0]]
#: Rows grow, columns do not: a channel's results reach beyond what has been read of it.
ACROSS = [[0, 0], [0, 0], [2, 2], [0, 0]]
FUSED = {
    "conv": Image(I8, EVEN).convolve(),
    "conv_odd": Image(I8, ODD).convolve(stride=2),
    "conv_same": Image(I8, ODD).convolve(stride=2, padding=Padding.SAME),
    "conv_explicit": Image(I8, EVEN, value=-3).convolve(),
    "conv_wide": Image(I8, WIDE).convolve(),
    "conv_wide_stride": Image(I8, WIDE).convolve(stride=2, padding=Padding.SAME),
    "conv_wide_f32": Image(F32, WIDE).convolve(),
    "depthwise_wide": Image(I8, WIDE).convolve("DEPTHWISE_CONV_2D"),
    "depthwise_wide_stride": Image(I8, WIDE).convolve("DEPTHWISE_CONV_2D", stride=2),
    "depthwise_wide_f32": Image(F32, WIDE).convolve("DEPTHWISE_CONV_2D"),
    "depthwise_across": Image(I8, ACROSS).convolve("DEPTHWISE_CONV_2D"),
    "depthwise_down": Image(I8, [[0, 0], [2, 2], [0, 0], [0, 0]]).convolve("DEPTHWISE_CONV_2D"),
    "depthwise": Image(I8, ODD).convolve("DEPTHWISE_CONV_2D", stride=2),
    "conv_f32": Image(F32, ODD).convolve(),
    "depthwise_f32": Image(F32, ODD).convolve("DEPTHWISE_CONV_2D", stride=2),
    "max_pool": Image(I8, EVEN, value=-128).pool("MAX_POOL_2D"),
}
LEFT = {
    "conv_other_value": Image(I8, EVEN, value=7).convolve(),
    "conv_f32_negative_zero": Image(F32, EVEN).convolve(bias=-0.0),
    "conv_f32_other_value": Image(F32, EVEN, value=1.0).convolve(),
    "max_pool_of_zeros": Image(I8, EVEN).pool("MAX_POOL_2D"),
    "average_pool": Image(I8, EVEN, value=-128).pool("AVERAGE_POOL_2D"),
}


def test_no_byte_changes() -> None:
    compiled = check_pass(PASS, {**FUSED, **LEFT})
    for name, model in compiled.items():
        assert changed(model, PASS) == (name in FUSED), name
        assert ("PAD" in {layer.operator[:3] for layer in model.layers}) == (name in LEFT), name


def test_what_is_read_instead() -> None:
    """Seen in the operators, whether or not a padding can be compiled."""
    for name, data in {**FUSED, **LEFT}.items():
        model, fused = fuse_pads(read_model(data))
        assert fused == (name in FUSED), name
        if fused:
            assert model.operators[1].inputs[0] == 0
            assert model.operators[1].padding != ImagePadding()


def test_weights_that_are_not_finite() -> None:
    """0 times infinity is no zero: a tap on the border counts."""
    data = Image(F32, EVEN).convolve(weights=np.inf)
    assert fuse_pads(read_model(data))[1] == 0


def test_a_window_may_lie_outside_altogether() -> None:
    far = [[0, 0], [3, 0], [0, 0], [0, 0]]
    assert fuse_pads(read_model(Image(I8, far, value=-128).pool("MAX_POOL_2D")))[1] == 0


def test_two_readers() -> None:
    image = Image(I8, EVEN)
    image.convolve()
    data = image.builder.build([image.x], [image.padded, image.padded + 3])
    (model,) = check_pass(PASS, {"two_readers": data}).values()
    assert changed(model, PASS) == 1
    assert compile_model(data, name="m", symbol="m").layers[0].operator == "PAD"
