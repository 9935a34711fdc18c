"""Keras: `Model.fit` on NumPy arrays, which is what it asks for when the data is in memory.

The backend is JAX, by the environment variable KERAS_BACKEND; the step is compiled.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.measurement import tell


def read(folder: Path, split: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read images (N, 32, 32, 1), channels last as JAX wants them on a CPU, and labels (N,)."""
    images, labels = (np.load(folder / f"{split}_{what}.npy") for what in ("images", "labels"))
    return images.reshape(-1, 32, 32, 1), labels


def lenet5() -> keras.Model:
    """Map images to logits."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10),
        ]
    )


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds of each epoch, its validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, *_: Any) -> None:
        """Start the clock."""
        self.started = perf_counter()

    def on_epoch_end(self, *_: Any) -> None:
        """Stop it: by now the validation has been done."""
        self.seconds.append(perf_counter() - self.started)


def main(folder: Path, epochs: int) -> None:
    """Fit for so many epochs."""
    assert keras.backend.backend() == "jax"
    keras.utils.set_random_seed(0)
    model = lenet5()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    clock = Clock()
    history = model.fit(
        *read(folder, "training"),
        batch_size=64,
        epochs=epochs,
        verbose=0,
        callbacks=[clock],
        validation_data=read(folder, "validation"),
        validation_batch_size=128,
    )
    tell(clock.seconds, float(history.history["val_accuracy"][-1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
