"""CONV_2D and DEPTHWISE_CONV_2D before their types part ways: tensors, windows and activation."""

from __future__ import annotations

from dataclasses import dataclass

from runeflash.model.graph import Tensor
from runeflash.model.operators.activation import FLOAT_ACTIVATIONS
from runeflash.model.operators.context import OperatorContext
from runeflash.model.operators.window import Window, check_windows
from runeflash.model.schema import Activation, OptionsType


@dataclass(frozen=True)
class Convolution:
    """What is known of a convolution, checked.

    Attributes:
        source, weights, bias, output: its tensors; all but the bias have four dimensions.
        rows, columns: where its windows lie.
        axis: the dimension of the weights that counts output channels.
    """

    source: Tensor
    weights: Tensor
    bias: Tensor | None
    output: Tensor
    rows: Window
    columns: Window
    activation: Activation
    axis: int

    @property
    def batches(self) -> int:
        """Images."""
        return self.source.shape[0]

    @property
    def input_channels(self) -> int:
        """Channels of an image."""
        return self.source.shape[3]

    @property
    def count(self) -> int:
        """Output channels."""
        return self.output.shape[3]


def read_convolution(context: OperatorContext, *, is_depthwise: bool) -> Convolution:
    """Return the convolution; whether its weights fit the input's channels is left to the operator's own reader.

    Raises:
        UserError: the file is damaged here, or has what is not supported.
    """
    source, weights, bias, output = context.weighted_sum()
    for tensor, role in ((source, "input"), (weights, "weights"), (output, "output")):
        context.check_rank(tensor, role, 4)
    options = context.options(OptionsType.DEPTHWISE_CONV_2D if is_depthwise else OptionsType.CONV_2D)
    padding, added = context.padding(options.i8(0)), context.operator.padding
    strides = context.positive(options.i32(2), "stride"), context.positive(options.i32(1), "stride")
    # Between the strides and what follows a depthwise convolution has its multiplier, which the shapes give too.
    after = 4 if is_depthwise else 3
    dilations = (
        context.positive(options.i32(after + 2, 1), "dilation"),
        context.positive(options.i32(after + 1, 1), "dilation"),
    )
    rows, columns = (
        Window(source.shape[i + 1], weights.shape[i + 1], strides[i], dilations[i], padding, more)
        for i, more in enumerate((added.rows, added.columns))
    )
    check_windows(context, source, rows, columns)
    axis = 3 if is_depthwise else 0
    context.check_shape(output, "output", (source.shape[0], rows.count, columns.count, weights.shape[axis]))
    activation = context.activation(options.i8(after), *FLOAT_ACTIVATIONS)
    return Convolution(source, weights, bias, output, rows, columns, activation, axis)
