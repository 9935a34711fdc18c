"""JAX: a whole epoch, and the validation after it, is one compiled function each.

What its documentation advises where speed counts: `lax.scan` over the batches, all data in memory,
channels last. Adam and the layers are written out, so that no other package is needed.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.measurement import tell

BATCH = 64
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
SHAPES = ((5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10))
"""Of the weights: kernels (height, width, in, out) and matrices (in, out)."""


def initial(key: Any) -> list[Any]:
    """Draw weights and biases as PyTorch does."""
    layers = []
    for shape in SHAPES:
        bound = float(np.prod(shape[:-1])) ** -0.5
        key, of_weight, of_bias = jax.random.split(key, 3)
        draw = partial(jax.random.uniform, minval=-bound, maxval=bound)
        layers.append((draw(of_weight, shape), draw(of_bias, shape[-1:])))
    return layers


def network(layers: list[Any], x: Any) -> Any:
    """Map images (N, 32, 32, 1) to logits (N, 10)."""
    for kernel, bias in layers[:2]:
        x = lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jnp.tanh(x + bias)
        x = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
    x = x.reshape(len(x), -1)
    for weight, bias in layers[2:4]:
        x = jnp.tanh(x @ weight + bias)
    return x @ layers[4][0] + layers[4][1]


def loss(layers: list[Any], images: Any, labels: Any) -> Any:
    """Mean cross-entropy, nats."""
    logarithms = jax.nn.log_softmax(network(layers, images))
    return -jnp.take_along_axis(logarithms, labels[:, None], axis=1).mean()


def step(state: Any, images: Any, labels: Any) -> tuple[Any, Any]:
    """One update of Adam, and the loss before it."""
    layers, first, second, count = state
    value, gradient = jax.value_and_grad(loss)(layers, images, labels)
    count += 1
    each = jax.tree.map
    first = each(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
    second = each(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradient)
    rate, size = RATE / (1 - BETA1**count), (1 - BETA2**count) ** -0.5
    layers = each(lambda w, m, v: w - rate * m / (jnp.sqrt(v) * size + EPSILON),
                  layers, first, second)  # fmt: skip
    return (layers, first, second, count), value


@partial(jax.jit, donate_argnums=0)
def train(state: Any, key: Any, images: Any, labels: Any) -> tuple[Any, Any]:
    """A shuffled epoch, and the mean of its losses."""
    order = jax.random.permutation(key, len(labels))
    whole = len(labels) // BATCH * BATCH

    def one(state: Any, batch: Any) -> tuple[Any, Any]:
        return step(state, images[batch], labels[batch])

    state, losses = lax.scan(one, state, order[:whole].reshape(-1, BATCH))
    if whole < len(labels):
        state, last = one(state, order[whole:])
        losses = jnp.append(losses, last)
    return state, losses.mean()


@jax.jit  # type: ignore[untyped-decorator]
def accuracy(layers: list[Any], images: Any, labels: Any) -> Any:
    """Share of correct answers, by batches of 128."""

    def right(example: Any) -> Any:
        return network(layers, example[0][None])[0].argmax() == example[1]

    return lax.map(right, (images, labels), batch_size=128).mean()


def started(key: Any) -> Any:
    """Weights, Adam's moments and its count."""
    layers = initial(key)
    return layers, *(jax.tree.map(jnp.zeros_like, layers) for _ in range(2)), jnp.zeros(())


def read(folder: Path, split: str) -> tuple[Any, Any]:
    """Images (N, 32, 32, 1) and labels (N,)."""
    images, labels = (np.load(folder / f"{split}_{what}.npy") for what in ("images", "labels"))
    return jnp.asarray(images.reshape(-1, 32, 32, 1)), jnp.asarray(labels, jnp.int32)


def main(folder: Path, epochs: int) -> None:
    """Train and validate, so many times."""
    training, validation = read(folder, "training"), read(folder, "validation")
    key, state = jax.random.key(0), started(jax.random.key(1))
    seconds = []
    for epoch in range(epochs):
        began = perf_counter()
        state, _ = train(state, jax.random.fold_in(key, epoch), *training)
        reached = float(accuracy(state[0], *validation))
        seconds.append(perf_counter() - began)
    tell(seconds, reached)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
