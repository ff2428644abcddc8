"""A small neural network with its backpropagation: what the examples' models are made of.

Tensors are f32; pictures are NHWC; weights have TensorFlow Lite's order, so that they can be written as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Layer(ABC):
    """A layer; ``backward`` is for the batch that ``forward`` was last called with.

    Attributes:
        parameters: what training changes, in place.
        gradients: of the loss by each of the parameters, set by ``backward``.
    """

    parameters: tuple[Array, ...] = ()
    gradients: tuple[Array, ...] = ()

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """Return the output for a batch; the first dimension is the batch."""

    @abstractmethod
    def backward(self, gradient: Array) -> Array:
        """Return the loss's gradient by the input, from the one by the output."""


class Dense(Layer):
    """y = relu(x · weightsᵀ + bias): FULLY_CONNECTED.

    Attributes:
        weights: f32[outputs, inputs].
        bias: f32[outputs].
        relu: whether negative outputs become 0.
    """

    def __init__(self, weights: Array, bias: Array, relu: bool) -> None:
        self.weights, self.bias, self.relu = weights, bias, relu
        self.parameters = (weights, bias)

    def forward(self, x: Array) -> Array:
        """Map [n, inputs] to [n, outputs]."""
        self._x = x
        y = x @ self.weights.T + self.bias
        self._active = y > 0
        return np.maximum(y, np.float32(0)) if self.relu else y

    def backward(self, gradient: Array) -> Array:
        """Map [n, outputs] to [n, inputs]."""
        if self.relu:
            gradient = gradient * self._active
        self.gradients = (gradient.T @ self._x, gradient.sum(axis=0))
        return gradient @ self.weights


class Convolution(Layer):
    """CONV_2D with stride 1, SAME padding and RELU: a dense layer over each position's neighbourhood (im2col).

    Attributes:
        weights: f32[outputs, height, width, inputs].
        bias: f32[outputs].
    """

    def __init__(self, weights: Array, bias: Array) -> None:
        self.weights, self.bias = weights, bias
        self._dense = Dense(weights.reshape(len(weights), -1), bias, relu=True)  # a view: trained in place
        self.parameters = self._dense.parameters
        # SAME puts the odd row or column of padding at the end.
        self._pad = [((size - 1) // 2, size // 2) for size in weights.shape[1:3]]

    def forward(self, x: Array) -> Array:
        """Map [n, h, w, inputs] to [n, h, w, outputs]."""
        n, h, w, _ = x.shape
        height, width = self.weights.shape[1:3]
        padded = np.pad(x, [(0, 0), *self._pad, (0, 0)])
        windows = sliding_window_view(padded, (height, width), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        return self._dense.forward(windows.reshape(n * h * w, -1)).reshape(n, h, w, -1)

    def backward(self, gradient: Array) -> Array:
        """Map [n, h, w, outputs] to [n, h, w, inputs]."""
        n, h, w, outputs = gradient.shape
        _, height, width, inputs = self.weights.shape
        columns = self._dense.backward(gradient.reshape(-1, outputs)).reshape(n, h, w, height, width, inputs)
        self.gradients = self._dense.gradients
        padded = np.zeros((n, h + height - 1, w + width - 1, inputs), np.float32)
        for row in range(height):
            for column in range(width):
                padded[:, row : row + h, column : column + w] += columns[:, :, :, row, column]
        (top, _), (left, _) = self._pad
        return padded[:, top : top + h, left : left + w]


class MaxPool(Layer):
    """MAX_POOL_2D with VALID padding, its stride as large as its window."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width

    def forward(self, x: Array) -> Array:
        """Map [n, h, w, c] to [n, h // height, w // width, c]."""
        n, h, w, c = x.shape
        rows, columns = h // self.height, w // self.width
        self._shape = x.shape
        cut = x[:, : rows * self.height, : columns * self.width]
        blocks = cut.reshape(n, rows, self.height, columns, self.width, c)
        windows = blocks.transpose(0, 1, 3, 5, 2, 4).reshape(n, rows, columns, c, -1)
        self._largest = windows.argmax(axis=-1)
        largest: Array = windows.max(axis=-1)
        return largest

    def backward(self, gradient: Array) -> Array:
        """Give each gradient to the element that was the largest."""
        n, rows, columns, c = gradient.shape
        windows = np.zeros((*gradient.shape, self.height * self.width), np.float32)
        np.put_along_axis(windows, self._largest[..., None], gradient[..., None], axis=-1)
        blocks = windows.reshape(n, rows, columns, c, self.height, self.width).transpose(0, 1, 4, 2, 5, 3)
        x = np.zeros(self._shape, np.float32)
        x[:, : rows * self.height, : columns * self.width] = blocks.reshape(
            n, rows * self.height, columns * self.width, c
        )
        return x


class Flatten(Layer):
    """RESHAPE to one dimension (besides the batch)."""

    def forward(self, x: Array) -> Array:
        """Map [n, ...] to [n, elements]."""
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Array) -> Array:
        """Undo ``forward``."""
        return gradient.reshape(self._shape)


class Network:
    """Layers in a row."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)

    def forward(self, x: Array) -> Array:
        """Return the last layer's output for a batch."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient: Array) -> None:
        """Set the gradients of all layers."""
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)

    @property
    def parameters(self) -> list[Array]:
        """The parameters of all layers."""
        return [parameter for layer in self.layers for parameter in layer.parameters]

    @property
    def gradients(self) -> list[Array]:
        """The gradients of all layers, in the order of ``parameters``."""
        return [gradient for layer in self.layers for gradient in layer.gradients]


LossGradient = Callable[[Array, NDArray[Any]], Array]
"""From a batch's outputs and what was wanted of it to the gradient of the loss by the outputs."""


def softmax(x: Array) -> Array:
    """Return probabilities of each row."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def cross_entropy_gradient(outputs: Array, labels: NDArray[Any]) -> Array:
    """Return the gradient of the mean cross-entropy of softmax(outputs), f32[n, classes], by the outputs."""
    gradient = softmax(outputs)
    gradient[np.arange(len(labels)), labels.astype(np.intp)] -= 1
    return gradient / np.float32(len(labels))


def squared_error_gradient(outputs: Array, wanted: NDArray[Any]) -> Array:
    """Return the gradient of half the mean squared error by the outputs."""
    return np.asarray((outputs - wanted) / len(wanted), dtype=np.float32)


def he_normal(rng: np.random.Generator, *shape: int) -> Array:
    """Return first weights for a layer with RELU (He et al., "Delving deep into rectifiers", 2015)."""
    return np.asarray(rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape), dtype=np.float32)


def train(
    network: Network,
    x: Array,
    wanted: NDArray[Any],
    loss_gradient: LossGradient,
    *,
    epochs: int,
    batch: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> None:
    """Train in place: Adam (Kingma and Ba, 2015), its step falling to 0 along a cosine."""
    parameters = network.parameters
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    total = epochs * (len(x) // batch)
    step = 0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x) // batch * batch, batch):
            chosen = order[start : start + batch]
            network.backward(loss_gradient(network.forward(x[chosen]), wanted[chosen]))
            rate = learning_rate * (1 + np.cos(np.pi * step / total)) / 2
            step += 1
            rate *= np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for index, gradient in enumerate(network.gradients):
                means[index] += np.float32(0.1) * (gradient - means[index])
                squares[index] += np.float32(0.001) * (gradient * gradient - squares[index])
                parameters[index] -= np.float32(rate) * means[index] / (np.sqrt(squares[index]) + np.float32(1e-8))
