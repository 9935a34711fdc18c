"""Bars that lie or stand, drawn by a seeded generator."""

import numpy as np

from bnbench.data import Examples, register_dataset


@register_dataset("bars", classes=("lying", "standing"))
def bars() -> tuple[Examples, Examples]:
    """Training and test images: uint8, (N, 28, 28), 0 is black."""
    return _drawn(240, seed=0), _drawn(60, seed=1)


def _drawn(count: int, seed: int) -> Examples:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count).astype(np.uint8)
    images = generator.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label, place in zip(images, labels, generator.integers(0, 25, count), strict=True):
        bar = image.T if label else image
        bar[place : place + 3] = 255
    return Examples(images, labels)
