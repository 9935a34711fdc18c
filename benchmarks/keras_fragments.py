"""The last article's two pieces of Keras: as printed, mended, and with the layer they are about.

``make bench-peers`` keeps the table, made in the environment of the peers; the backend is JAX, by
the environment variable KERAS_BACKEND. The pieces are rebuilt from their lists of layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HEADER = (
    "the article's Keras",
    "outcome",
    "scores of 64 inputs",
    "parameters",
    "batch norm layers",
)
ROUNDING = 0.02
"""Of batch norm's mean and deviation; most of it is epsilon, which is 0.001 in Keras."""


@dataclass(frozen=True)
class Fragment:
    """A piece of code: what its list holds, and what its text lacks.

    Attributes
    ----------
    shape : tuple of int
        Of one input, as the article states it.
    comma : bool
        Whether a comma follows that shape; the brackets at its end lack in any case.
    """

    title: str
    shape: tuple[int, ...]
    layers: tuple[str, ...]
    comma: bool = True


FRAGMENTS = (
    Fragment("feed-forward", (1, 5), ("Dense(16, 'relu')", "Dense(32, 'relu')",
                                      "Dense(2, 'softmax')")),
    Fragment("convolutional", (28, 28, 3), ("Conv2D(32, 3, activation='relu')",
                                            "Conv2D(32, 3, activation='relu')",
                                            "Dense(2, 'softmax')"), comma=False),
)  # fmt: skip


def printed(fragment: Fragment) -> str:
    """Write a piece with the article's slips."""
    first, *others = fragment.layers
    size, activation = first.rsplit(", ", 1)
    comma = "," if fragment.comma else ""
    activation = activation if "=" in activation else f"activation={activation}"
    opened = f"{size}, input_shape={fragment.shape}{comma} {activation}"
    return f"model = Sequential([{', '.join([opened, *others])}\n"


def refusal(fragment: Fragment) -> str:
    """Say what Python says of a piece as printed; nothing if it takes it."""
    try:
        compile(printed(fragment), fragment.title, "exec")
    except SyntaxError as error:
        return str(error.msg)
    return ""


def mended(fragment: Fragment, *, batch_norm: bool) -> str:
    """Write it so that it runs; if wished with batch norm in front of each hidden activation."""
    inside = "BatchNormalization(), Activation('relu')"
    layers = [
        f"{layer.rsplit(', ', 1)[0]}), {inside}" if batch_norm and "relu" in layer else layer
        for layer in fragment.layers
    ]
    return f"Sequential([Input({fragment.shape}), {', '.join(layers)}])"


def rows() -> Iterator[tuple[str, ...]]:
    """Build each piece in Keras, and run it."""
    for fragment in FRAGMENTS:
        yield f"{fragment.title}, as printed", f"refused: {refusal(fragment)}", "", "", ""
        for batch_norm in (False, True):
            how = "mended, with batch norm" if batch_norm else "mended"
            yield f"{fragment.title}, {how}", *_run(fragment, batch_norm=batch_norm)


def _run(fragment: Fragment, *, batch_norm: bool) -> tuple[str, ...]:
    import keras
    import numpy as np

    model = eval(mended(fragment, batch_norm=batch_norm), vars(keras) | vars(keras.layers))
    inputs = np.random.default_rng(0).normal(size=(64, *fragment.shape))
    scores = np.asarray(model(inputs))
    assert np.allclose(scores.sum(axis=-1), 1, atol=1e-5)
    found = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
    if found:
        _hold_formula(keras.layers.BatchNormalization())
    return "runs", str(scores.shape), f"{model.count_params():,}", str(len(found))


def _hold_formula(layer: Any) -> None:
    """Hold that in training each feature gets the mean beta and the deviation gamma."""
    import numpy as np

    values = np.random.default_rng(1).normal(3, 2, size=(64, 5))
    gamma, beta = np.linspace(0.5, 2, 5), np.linspace(-1, 1, 5)
    layer.build(values.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    out = np.asarray(layer(values, training=True))
    assert np.abs(out.mean(axis=0) - beta).max() < ROUNDING
    assert np.abs(out.std(axis=0) - gamma).max() < ROUNDING


def main() -> None:
    """Print a table in Markdown."""
    import keras

    assert keras.backend.backend() == "jax"
    for row in (HEADER, ["---"] * len(HEADER), *rows()):
        print(f"| {' | '.join(row)} |")
    print(f"\nKeras {keras.__version__} on JAX.")


if __name__ == "__main__":
    main()
